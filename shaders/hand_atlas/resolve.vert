#version 330
in vec2 in_corner;
out vec2 at;

void main() {
    at = in_corner;
    gl_Position = vec4(2.0 * in_corner - 1.0, 0.0, 1.0);
}
