#version 330 core
// How much water lies in front of the photo: every drop adds its fraction, unless a hand is in front of it.
in vec3 p_cam;
flat in float drop_amount;
uniform sampler2D occluder;  // depth, part; two of its pixels to one of these
out vec4 water;

void main() {
    vec2 at = 2.0 * gl_PointCoord - 1.0;
    float inside = max(1.0 - dot(at, at), 0.0);
    float hand = texelFetch(occluder, ivec2(2.0 * gl_FragCoord.xy), 0).r;
    float in_front = 1.0 - smoothstep(0.002, 0.006, p_cam.z - hand);
    water = vec4(inside * inside * in_front * drop_amount, 0.0, 0.0, 0.0);
}
