#version 330 core
// Into the shadow map: how near to the light this is, red for props, green for hands; the nearest stays.
in vec3 p_cam;
uniform mat4 shadow_from_cam;
uniform vec2 caster;  // (1, 0) a prop, (0, 1) a hand
out vec4 nearness;

void main() {
    float z = (shadow_from_cam * vec4(p_cam, 1.0)).z;
    nearness = vec4(mix(vec2(-1000.0), vec2(z), caster), 0.0, 1.0);
}
