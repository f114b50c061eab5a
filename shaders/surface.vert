#version 330 core
// Every mesh of the AR layer. World space is the camera frame: x right, y down, z forward, metres.
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec2 region;  // hands only: x = HandData.regions

uniform mat4 M;
uniform mat4 M_normal;  // inverse transpose of M, for poses that scale
uniform mat4 V;
uniform mat4 P;

out vec3 p_cam;
out vec3 n_cam;
flat out float region_id;
out vec3 corner;  // barycentric coordinates: hands are drawn without an index, three vertices a face

void main() {
    vec4 p = M * vec4(position, 1.0);
    p_cam = p.xyz;
    n_cam = mat3(M_normal) * normal;
    region_id = region.x;
    int k = gl_VertexID % 3;
    corner = vec3(k == 0, k == 1, k == 2);
    gl_Position = P * V * p;
}
