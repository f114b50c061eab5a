#version 330 core
// Water from the amount that drops.frag has summed up: it bends the photo behind it and mirrors the room. Writes
// premultiplied colour.
uniform sampler2D water;
uniform sampler2D photo;       // sRGB, the part of the frame that is drawn
uniform vec2 photo_size;       // its pixels
uniform float drop_px;         // radius of a drop at the hands' distance, pixels
uniform vec3 light_direction;  // towards the light
uniform vec2 beside;           // pixels: from a shadow to the water that casts it
out vec4 colour;

#include "light.glsl"
#include "photographed.glsl"

const float THIN = 0.22, FULL = 0.55;  // amounts where water begins to be seen, and is

float amount(vec2 at) {
    return textureLod(water, at / vec2(textureSize(water, 0)), 0.0).r;
}

void main() {
    vec2 at = gl_FragCoord.xy;
    float here = texelFetch(water, ivec2(at), 0).r;
    // Water beside this pixel, towards the light, takes light from it.
    float shadow = 0.30 * smoothstep(THIN, 1.5, texelFetch(water, ivec2(clamp(at + beside, vec2(0.0), photo_size - 1.0)), 0).r);
    if (here + shadow < 0.01) discard;

    float step_px = clamp(0.5 * drop_px, 1.0, 4.0);
    float left = amount(at - vec2(step_px, 0)), right = amount(at + vec2(step_px, 0));
    float above = amount(at - vec2(0, step_px)), below = amount(at + vec2(0, step_px));
    float mean = 0.4 * here + 0.15 * (left + right + above + below);

    float seen = smoothstep(THIN, FULL, mean);

    vec2 slope = vec2(right - left, below - above) / (2.0 * step_px) * drop_px;
    slope /= 1.0 + 0.6 * mean;  // where much runs together it lies flatter
    vec3 n = normalize(vec3(-0.9 * slope, -1.0));  // towards the camera
    vec2 through = clamp((at - 2.2 * drop_px * n.xy) / photo_size, 0.001, 0.999);
    vec3 behind = pow(textureLod(photo, through, 0.0).rgb, vec3(2.2));
    behind *= mix(vec3(1.0), vec3(0.80, 0.90, 0.94), clamp(0.5 * mean, 0.0, 1.0));
    behind *= 1.0 - 0.35 * clamp(length(slope), 0.0, 1.0);  // the rim turns to where it is dark

    float fresnel = 0.02 + 0.98 * pow(1.0 + n.z, 4.0);
    vec3 mirrored = radiance(reflect(vec3(0.0, 0.0, 1.0), n), 0.1);
    vec3 half_way = normalize(light_direction + vec3(0.0, 0.0, -1.0));
    float glint = pow(max(dot(n, half_way), 0.0), 90.0);
    vec3 light = behind + fresnel * mirrored + 2.2 * glint * scene_light;
    colour = vec4(photographed(light), 1.0) * seen + vec4(0.0, 0.0, 0.0, shadow) * (1.0 - seen);
}
