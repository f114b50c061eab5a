#version 330 core
// Polished metal in the light of a prefiltered panorama, cut softly where the hand is in front of it. Writes
// premultiplied colour.
in vec3 p_cam;
in vec3 n_cam;

uniform vec3 reflectance;      // linear RGB at normal incidence
uniform float roughness;
uniform float opacity;

out vec4 colour;

#include "light.glsl"
#include "occlusion.glsl"

void main() {
    vec3 n = normalize(n_cam), to_eye = -normalize(p_cam);
    vec3 mirrored = reflect(-to_eye, n);
    float rough = smoothed(mirrored, roughness);  // looks at its neighbours: before any of them is discarded
    float visible = opacity * visibility();
    if (visible < 0.004) discard;

    vec3 light = radiance(mirrored, rough);
    if (mounted == 1) {
        // Metal next to skin mirrors skin: follow the mirrored ray to the finger.
        vec3 p = (mount_from_cam * vec4(p_cam, 1.0)).xyz;
        vec3 r = normalize(mat3(mount_from_cam) * mirrored);
        float a = max(dot(r.xy, r.xy), 1e-6), b = dot(p.xy, r.xy);
        float miss = sqrt(max(dot(p.xy, p.xy) - b * b / a, 0.0));
        float meets = b < 0.0 ? 1.0 - smoothstep(0.80, 1.0, miss / mount_size.x) : 0.0;
        float open = smoothstep(0.0, 0.004, -b / a);  // skin close by lies in the band's own shadow
        light = mix(light, skin_rgb * mix(0.18, 0.85, open), meets);

        float height = (length(p.xy) - mount_size.x) / max(mount_size.y - mount_size.x, 1e-5);
        float inward = step(0.0, -dot(normalize(p.xy), (mat3(mount_from_cam) * n).xy));
        light *= mix(mix(0.45, 1.0, smoothstep(0.0, 0.7, height)), 0.25, inward);
    }

    float grazing = pow(1.0 - max(dot(n, to_eye), 0.0), 5.0);
    vec3 fresnel = reflectance + (max(vec3(1.0 - roughness), reflectance) - reflectance) * grazing;
    colour = vec4(reinhard(light * fresnel), 1.0) * visible;
}
