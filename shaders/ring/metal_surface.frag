#version 330 core
// Where metal is and which way it looks: metal_seen.frag shades only what is seen of it.
in vec3 p_cam;
in vec3 n_cam;

uniform float roughness;

out vec4 surface;              // normal (.x, .y / (|x| + |y| + |z|), the back folded over), depth, roughness

#include "light.glsl"

void main() {
    vec3 n = normalize(n_cam);
    float rough = smoothed(reflect(normalize(p_cam), n), roughness);
    vec3 even = n / (abs(n.x) + abs(n.y) + abs(n.z));
    vec2 folded = (1.0 - abs(even.yx)) * mix(vec2(-1.0), vec2(1.0), greaterThanEqual(even.xy, vec2(0.0)));
    surface = vec4(even.z < 0.0 ? folded : even.xy, p_cam.z, rough);
}
