#version 330
#include "lamp.glsl"
uniform vec3 direction;
in vec3 in_position;

void main() {
    gl_Position = vec4(lamp_space(in_position, direction), 1.0);
}
