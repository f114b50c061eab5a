#version 330 core
// Water from the amount that drops.frag has summed up: it bends the photo behind it and mirrors what is bright.
// Writes premultiplied colour. It covers much of the picture: squares and roots stand for sRGB's curve, and the room
// is bright above and dim below.
uniform sampler2D water;
uniform sampler2D photo;       // sRGB, the part of the frame that is drawn
uniform vec2 photo_size;       // its pixels
uniform float drop_px;         // radius of a drop at the hands' distance, pixels
uniform vec3 light_direction;  // towards the light
uniform vec3 scene_light;      // linear: what white in this scene's light looks like
out vec4 colour;

#include "amount.glsl"

const float DEEP = 1.6;  // more water than this bends light no more

float height(vec2 at) {
    float here = amount(at);
    return here / (1.0 + here / DEEP);
}

void main() {
    vec2 at = gl_FragCoord.xy;
    float here = amount(at);
    if (here < THIN) discard;

    float step_px = clamp(0.8 * drop_px, 2.4, 5.0);
    float left = height(at - vec2(step_px, 0)), right = height(at + vec2(step_px, 0));
    float above = height(at - vec2(0, step_px)), below = height(at + vec2(0, step_px));
    vec2 slope = vec2(right - left, below - above) / (2.0 * step_px) * drop_px;
    vec3 n = normalize(vec3(-2.4 * slope, -1.0));  // towards the camera

    vec2 through = clamp((at - 1.1 * drop_px * n.xy) / photo_size, 0.001, 0.999);
    vec3 behind = textureLod(photo, through, 0.0).rgb;
    behind *= behind * mix(vec3(1.0), vec3(0.90, 0.955, 0.97), min(0.5 * here, 1.0));
    float steep = dot(slope, slope);
    behind *= 1.0 - 0.42 * min(steep, 1.0);  // the rim environment_rotations to where it is dark

    float rim = 1.0 + n.z, fresnel = 0.02 + 1.2 * rim * rim;
    vec3 half_way = normalize(light_direction + vec3(0.0, 0.0, -1.0));
    float glint = max(dot(n, half_way), 0.0);
    glint *= glint; glint *= glint; glint *= glint; glint *= glint; glint *= glint; glint *= glint;
    float mirrored = mix(0.22, 1.7, smoothstep(0.2, -0.5, n.y));
    vec3 light = behind + (fresnel * mirrored + 0.9 * glint * glint) * scene_light;
    colour = vec4(sqrt(min(light, vec3(1.0))), 1.0) * smoothstep(THIN, FULL, here);
}
