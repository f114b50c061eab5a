#version 330 core
// Hands, camera and photo, seen from aside.
layout(location = 0) in vec3 position;  // camera frame
layout(location = 1) in vec3 normal;
layout(location = 2) in vec2 extra;     // hands: x = HandData.regions; photo: where in it
uniform mat4 P;  // view -> clip
uniform mat4 V;  // camera frame -> view
out vec3 p_view;
out vec3 n_view;
out vec2 more;

void main() {
    vec4 p = V * vec4(position, 1.0);
    p_view = p.xyz;
    n_view = mat3(V) * normal;
    more = extra;
    gl_Position = P * p;
}
