#version 330 core
// The contact shadow of a band on its finger. Drawn on a tube where the band's inside is, not on the hand's mesh:
// so the shadow meets the band exactly and ends where the finger does. Writes premultiplied colour.
in vec3 p_cam;
in vec3 n_cam;

uniform float opacity;
uniform vec3 light_direction;  // towards the light

out vec4 colour;

#include "hiding.glsl"

const vec3 SHADOW_RGB = vec3(0.10, 0.035, 0.02);  // light that skin scatters into its own shadow

void main() {
    vec3 n = normalize(n_cam);
    vec3 p = (grip_from_cam * vec4(p_cam, 1.0)).xyz;
    vec3 to_light = mat3(grip_from_cam) * light_direction;
    float tight = max(abs(p.z) - grip_size.z, 0.0) / 0.0009;
    float wide = max(abs(p.z + 0.0016 * to_light.z) - grip_size.z, 0.0) / 0.0030;
    float shadow = 1.0 - (1.0 - 0.50 * exp(-tight * tight)) * (1.0 - 0.40 * exp(-wide * wide));
    shadow *= smoothstep(0.05, 0.5, dot(n, -normalize(p_cam)));
    shadow *= 1.0 - smoothstep(0.6 * SECTION_M, SECTION_M, abs(p.z) - grip_size.z);
    if (shadow < 0.01) discard;
    colour = vec4(SHADOW_RGB, 1.0) * (shadow * opacity * past_hands(grip_size.z + SECTION_M));
}
