#version 330 core
// The hand's mesh drawn for itself, as papers show it. Writes premultiplied colour.
in vec3 p_cam;
in vec3 n_cam;
in vec3 corner;
flat in float region_id;

uniform int style;             // in the order of HAND_STYLES
uniform vec2 near_far;         // metres: the depths that take the first and the last colour
uniform float samples;         // rendered pixels per picture pixel, along one side
uniform vec3 light_direction;  // towards the light
uniform vec3 scene_light;      // linear: what white in this scene's light looks like
out vec4 colour;

#include "ambient.glsl"
#include "tone_map.glsl"
#include "parts.glsl"

const int CLAY = 0, WIREFRAME = 1, XRAY = 2, FINGERS = 3;
const vec3 DEPTHS[5] = vec3[](
    vec3(1.00, 0.86, 0.36), vec3(0.96, 0.42, 0.20), vec3(0.68, 0.12, 0.42),
    vec3(0.29, 0.10, 0.56), vec3(0.06, 0.05, 0.24));

vec3 lit(vec3 albedo, vec3 n, vec3 to_eye) {
    float lamp = max(dot(n, light_direction), 0.0);
    float facing = max(dot(n, to_eye), 0.0);
    vec3 light = 0.30 * soft_light(n) + (0.42 * lamp + 0.10 * facing) * scene_light;
    float fresnel = 0.04 + 0.35 * pow(1.0 - facing, 5.0);
    return tone_map(albedo * light + fresnel * soft_light(reflect(-to_eye, n)));
}

void main() {
    vec3 n = normalize(n_cam), to_eye = -normalize(p_cam);
    float facing = max(dot(n, to_eye), 0.0);
    if (style == CLAY) {
        colour = vec4(lit(vec3(0.40, 0.335, 0.28), n, to_eye), 1.0);
    } else if (style == WIREFRAME) {
        vec3 pixels = corner / max(fwidth(corner), 1e-6);  // distance to each edge
        float wire = 1.0 - smoothstep(0.35, 0.95, min(pixels.x, min(pixels.y, pixels.z)) / samples);
        vec3 fill = mix(vec3(0.05, 0.07, 0.11), vec3(0.13, 0.18, 0.26), facing);
        colour = vec4(mix(fill, vec3(0.55, 0.90, 1.0), 0.85 * wire), 1.0) * mix(0.86, 1.0, wire);
    } else if (style == XRAY) {
        vec3 flesh = mix(vec3(0.30, 0.46, 0.58), vec3(0.035, 0.060, 0.095), smoothstep(0.0, 0.75, facing));
        colour = vec4(flesh, 1.0) * 0.93;
    } else if (style == FINGERS) {
        colour = vec4(lit(0.85 * PARTS[int(region_id + 0.5)], n, to_eye), 1.0);
    } else {
        float along = clamp((p_cam.z - near_far.x) / (near_far.y - near_far.x), 0.0, 0.9999) * 4.0;
        colour = vec4(mix(DEPTHS[int(along)], DEPTHS[int(along) + 1], fract(along)) * mix(0.85, 1.0, facing), 1.0);
    }
}
