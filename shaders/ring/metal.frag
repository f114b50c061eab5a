#version 330 core
// Metal, drawn at once. Writes premultiplied colour.
in vec3 p_cam;
in vec3 n_cam;
in vec3 p_own;
flat in mat3 cam_from_own;

out vec4 colour;

#include "light.glsl"
#include "occlusion.glsl"
#include "metal.glsl"

void main() {
    vec3 n = normalize(n_cam);
    float rough = smoothed(reflect(normalize(p_cam), n), roughness);
    colour = metal_colour(n, p_own, normalize(cam_from_own[2]), normalize(cam_from_own * vec3(p_own.xy, 0.0)), rough);
    if (colour.a == 0.0) discard;
}
