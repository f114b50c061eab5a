#version 330 core
// How much water lies before the photo: every drop adds its share, unless a hand is in front of it.
in vec3 p_cam;
uniform sampler2D occluder;  // depth, part
out vec4 water;

void main() {
    vec2 at = 2.0 * gl_PointCoord - 1.0;
    float inside = max(1.0 - dot(at, at), 0.0);
    float in_front = 1.0 - smoothstep(0.002, 0.006, p_cam.z - texelFetch(occluder, ivec2(gl_FragCoord.xy), 0).r);
    water = vec4(inside * inside * in_front, 0.0, 0.0, 0.0);
}
