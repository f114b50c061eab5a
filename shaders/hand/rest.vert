#version 330
// The hand at rest seen square on from one side of the palm's plane.
uniform vec4 map_window;  // rest x, y of the first texel; width and height, metres
uniform float side;       // 1: the palm side is nearest
in vec3 in_position;
in vec3 in_normal;
in float in_part;
out vec3 position;
out vec3 normal;
flat out float part;

void main() {
    position = in_position;
    normal = in_normal;
    part = in_part;
    vec2 at = (in_position.xy - map_window.xy) / map_window.zw;
    gl_Position = vec4(2.0 * at - 1.0, 4.0 * side * in_position.z, 1.0);
}
