#version 330 core
// Drops of water, each a point as large as its sphere would be seen.
layout(location = 0) in vec3 position;
uniform mat4 P;
uniform float drop_px_m;  // radius of a drop at one metre, rendered pixels
out vec3 p_cam;

void main() {
    p_cam = position;
    gl_Position = P * vec4(position, 1.0);
    gl_PointSize = 2.0 * drop_px_m / max(position.z, 0.05);
}
