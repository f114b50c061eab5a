#version 330 core
// What stands in front: depth along the optical axis, and which part of which hand it is.
in vec3 p_cam;
flat in float region_id;
uniform float hand_slot;
out vec4 depth_and_part;

void main() {
    depth_and_part = vec4(p_cam.z, 6.0 * hand_slot + region_id, 0.0, 1.0);
}
