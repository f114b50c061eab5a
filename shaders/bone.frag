#version 330 core
// A bone as X-rays show it: brightest where the ray runs along its wall. Nothing hides it. Premultiplied colour.
in vec3 p_cam;
in vec3 n_cam;
uniform float opacity;
out vec4 colour;

void main() {
    float facing = max(dot(normalize(n_cam), -normalize(p_cam)), 0.0);
    float wall = mix(0.62, 1.0, pow(1.0 - facing, 1.4));
    float edge = smoothstep(0.0, 0.22, facing);
    colour = vec4(vec3(0.84, 0.94, 1.0) * wall, 1.0) * (0.94 * opacity * edge);
}
