#version 330 core
// How dark props are in the shadow of hands, to be blurred.
in vec3 p_cam;
in vec3 n_cam;
uniform vec3 light_direction;  // towards the light
out vec4 shade;

#define CASTER g
#include "shadow.glsl"

void main() {
    vec3 n = normalize(n_cam);
    vec2 dark = covered(p_cam + 0.002 * n, n, 0.003);
    shade = vec4(0.0, shadowed(dark, dot(n, light_direction)), 0.0, 1.0);
}
