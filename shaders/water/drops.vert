#version 330 core
// Drops of water, each a point as large as its sphere would be seen.
layout(location = 0) in vec4 drop;  // position, amount
uniform mat4 P;
uniform float drop_px_m;  // radius of a drop at one metre, rendered pixels
out vec3 p_cam;
flat out float drop_amount;

void main() {
    p_cam = drop.xyz;
    drop_amount = drop.w;
    gl_Position = P * vec4(drop.xyz, 1.0);
    gl_PointSize = 2.0 * drop_px_m / max(drop.z, 0.05);
}
