#version 330 core
// How dark hands are in the shadow of props, to be blurred.
in vec3 p_cam;
in vec3 n_cam;
uniform vec3 light_direction;  // towards the light
out vec4 shade;

#define CASTER r
#include "shadow.glsl"
#include "held.glsl"

void main() {
    vec3 n = normalize(n_cam);
    vec2 dark = covered(p_cam + (0.001 + held_back()) * n, n, 0.001);
    float shadow = shadowed(dark, dot(n, light_direction));
    shadow *= smoothstep(0.05, 0.45, dot(n, -normalize(p_cam)));  // mesh and photo differ at the outline
    shade = vec4(shadow, 0.0, 0.0, 1.0);
}
