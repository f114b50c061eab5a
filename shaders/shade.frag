#version 330 core
// How dark hands and props are in each other's shadow, to be blurred: red for hands, green for props.
in vec3 p_cam;
in vec3 n_cam;
uniform vec3 light_direction;  // towards the light
uniform vec2 caster;           // (1, 0) a prop, (0, 1) a hand
out vec4 shade;

#include "shadow.glsl"

void main() {
    vec3 n = normalize(n_cam);
    float prop = caster.x;
    vec4 dark = covered(p_cam + mix(0.001, 0.002, prop) * n, n, mix(0.001, 0.003, prop));
    float lit = smoothstep(-0.3, 0.5, dot(n, light_direction));  // what looks away from the light is dark already
    vec2 by = prop > 0.5 ? dark.yw : dark.xz;
    float shadow = 1.0 - (1.0 - 0.36 * by.x * lit) * (1.0 - 0.42 * by.y);
    shadow *= mix(smoothstep(0.05, 0.45, dot(n, -normalize(p_cam))), 1.0, prop);  // mesh and photo differ at the outline
    shade = vec4(shadow * (1.0 - prop), shadow * prop, 0.0, 1.0);
}
