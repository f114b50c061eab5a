#version 330 core
// The hand where only its depth is wanted.
out vec4 colour;

void main() {
    colour = vec4(0.0);
}
