#version 330 core
// A cut stone: what its facets mirror, and what comes through it after a few reflections inside. The stone is
// convex, so its facets' planes are all there is to trace. Writes premultiplied colour.
in vec3 p_cam;
in vec3 n_cam;
in vec3 p_own;                 // in the stone's own frame
in vec3 eye_own;
flat in mat3 cam_from_own;

const int MOST_FACETS = 64;
const int PATHS = 4;
uniform vec4 facets[MOST_FACETS];  // outward normal, distance from the origin, in the stone's own frame
uniform int facet_count;
uniform float size;            // across the stone, in its own units
uniform vec3 clarity;          // linear RGB left of white light that has crossed the stone
uniform vec3 indices;          // of refraction: red, green, blue
uniform float opacity;

out vec4 colour;

#include "light.glsl"
#include "occlusion.glsl"

// Light that reaches the stone along a direction of its own frame. Whoever looks at it keeps some away, and so
// does the finger: that is the dark among a brilliant's bright facets.
vec3 arriving(vec3 own, float rough) {
    vec3 d = normalize(cam_from_own * own);
    float viewer = smoothstep(0.88, 0.97, dot(d, -normalize(p_cam)));
    vec3 light = radiance(d, rough) * (1.0 - 0.8 * viewer);
    if (mounted == 0) return light;
    vec3 p = (mount_from_cam * vec4(p_cam, 1.0)).xyz, r = normalize(mat3(mount_from_cam) * d);
    return mix(light, 0.25 * skin_rgb, smoothstep(-0.1, 0.35, -dot(normalize(p.xy), r.xy)));
}

float reflected_fraction(float cosine, float ratio) {  // Schlick; ratio: index behind over index before
    float f = (1.0 - ratio) / (1.0 + ratio);
    return f * f + (1.0 - f * f) * pow(1.0 - cosine, 5.0);
}

void main() {
    float visible = opacity * visibility();
    if (visible < 0.004) discard;

    vec3 d = normalize(p_own - eye_own);
    vec3 n = normalize(transpose(cam_from_own) * n_cam);  // rigid but for a mild stretch
    float cosine = max(-dot(d, n), 0.02);
    float surface = reflected_fraction(cosine, indices.g);
    vec3 light = surface * arriving(reflect(d, n), 0.0);

    vec3 p = p_own;
    d = refract(d, n, 1.0 / indices.g);
    float left = 1.0 - surface, crossed = 0.0;
    for (int path = 0; path < PATHS; ++path) {
        float reach = 1e9;
        vec3 wall = -n;
        for (int i = 0; i < facet_count; ++i) {
            float toward = dot(facets[i].xyz, d);
            float t = (facets[i].w - dot(facets[i].xyz, p)) / max(toward, 1e-6);
            if (toward > 1e-6 && t < reach) {
                reach = max(t, 0.0);
                wall = facets[i].xyz;
            }
        }
        p += reach * d;
        crossed += reach / size;
        vec3 kept = pow(clarity, vec3(crossed)) * left;
        float back = 1.0;
        vec3 through = vec3(0.0);
        for (int c = 0; c < 3; ++c) {
            vec3 out_own = refract(d, -wall, indices[c]);
            if (dot(out_own, out_own) > 0.0) {
                float fraction = reflected_fraction(max(dot(out_own, wall), 0.0), 1.0 / indices[c]);
                through[c] = (1.0 - fraction) * arriving(out_own, 0.0)[c];
                if (c == 1) back = fraction;
            }
        }
        light += kept * through;
        left *= back;
        d = reflect(d, wall);
        if (left < 0.03) break;
    }
    light += left * pow(clarity, vec3(crossed)) * arriving(d, 1.0);
    colour = vec4(reinhard(light), 1.0) * visible;
}
