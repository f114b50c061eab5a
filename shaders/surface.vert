#version 330 core
// Every mesh of the AR layer. World space is the camera frame: x right, y down, z forward, metres.
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec2 region;  // hands only: x = HandData.regions, y = -1 inside the hand .. 1 on its back
layout(location = 3) in mat4 copy;    // of each copy of a shape: its frame -> the prop's

uniform mat4 M;
uniform mat4 P;

out vec3 p_cam;
out vec3 n_cam;
out vec3 p_own;
out vec3 eye_own;
flat out mat3 cam_from_own;
flat out float region_id;
out float dorsal;  // -1 inside a hand .. 1 on its back
out vec3 corner;  // barycentric coordinates, where hands are drawn without an index, three vertices a face

void main() {
    mat4 own = M * copy;
    mat3 turned = mat3(own);
    mat3 back = inverse(turned);
    vec4 p = own * vec4(position, 1.0);
    p_cam = p.xyz;
    n_cam = transpose(back) * normal;
    p_own = position;
    eye_own = -(back * own[3].xyz);
    cam_from_own = turned;
    region_id = region.x;
    dorsal = region.y;
    int k = gl_VertexID % 3;
    corner = vec3(k == 0, k == 1, k == 2);
    gl_Position = P * p;
}
