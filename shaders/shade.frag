#version 330 core
// The shadow that props cast on the hand in the photo, to be blurred. Writes premultiplied colour.
in vec3 p_cam;
in vec3 n_cam;
uniform vec3 light_direction;  // towards the light
out vec4 colour;

#include "shadow.glsl"

const vec3 SHADOW_RGB = vec3(0.10, 0.035, 0.02);  // light that skin scatters into its own shadow

void main() {
    vec3 n = normalize(n_cam);
    vec4 dark = covered(p_cam + 0.001 * n, 0.001);
    float lit = smoothstep(-0.3, 0.5, dot(n, light_direction));  // what looks away from the light lies in the dark already
    float shadow = 1.0 - (1.0 - 0.40 * dark.x * lit) * (1.0 - 0.45 * dark.z);
    shadow *= smoothstep(0.05, 0.45, dot(n, -normalize(p_cam)));  // mesh and photo differ at the outline
    if (shadow < 0.01) discard;
    colour = vec4(SHADOW_RGB, 1.0) * shadow;
}
