#version 330 core
// Hands in the colours of their parts, the photo, or plain lines. Writes premultiplied colour.
in vec3 p_view;
in vec3 n_view;
in vec2 more;
uniform int kind;  // 0 hand, 1 photo, 2 line
uniform vec4 line;
uniform sampler2D photo;
out vec4 colour;

#include "parts.glsl"

void main() {
    if (kind == 1) {
        colour = vec4(0.62 * texture(photo, more).rgb, 1.0) * 0.92;
    } else if (kind == 2) {
        colour = vec4(line.rgb, 1.0) * line.a;
    } else {
        vec3 n = normalize(n_view), to_eye = -normalize(p_view);
        float facing = max(dot(n, to_eye), 0.0);
        float light = 0.16 + 0.62 * max(dot(n, normalize(vec3(-0.4, -0.8, -0.5))), 0.0) + 0.16 * facing;
        vec3 albedo = 0.62 * mix(PARTS[int(more.x + 0.5)], vec3(0.62), 0.12);
        colour = vec4(pow(albedo * light + 0.06 * pow(1.0 - facing, 3.0), vec3(1.0 / 2.2)), 1.0);
    }
}
