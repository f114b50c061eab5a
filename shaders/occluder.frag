#version 330 core
// What stands in front: depth along the optical axis, and which part of which hand it is. What a hand holds is never
// in front of its back, even where a fist is closed tighter than the thing is thick.
in vec3 p_cam;
uniform float hand_slot;
#include "held.glsl"
out vec4 depth_and_part;

void main() {
    depth_and_part = vec4(p_cam.z - held_back(), 6.0 * hand_slot + region_id, 0.0, 1.0);
}
