#version 330
in vec3 position;
in vec3 normal;
flat in float part;
layout(location = 0) out vec4 out_position;  // metres; w: part + 1, 0 where there is no hand
layout(location = 1) out vec4 out_normal;

void main() {
    out_position = vec4(position, part + 1.0);
    out_normal = vec4(normalize(normal), 0.0);
}
