#version 330
// Projects a vertex and gathers the room's light at it: every lamp with its own shadow.
#include "lamp.glsl"
const int MAX_LAMPS = 64;
const float TILES = 8.0;
uniform vec4 intrinsics;  // fx, fy, cx, cy
uniform vec2 picture;     // width, height
uniform int lamp_count;
uniform vec3 lamp_direction[MAX_LAMPS];
uniform vec3 lamp_rgb[MAX_LAMPS];
uniform sampler2DShadow lamp_shadows;  // TILES x TILES maps

in vec3 in_position;  // camera frame, metres
in vec3 in_normal;
in vec3 in_rest;      // the same point of the hand at rest, metres; for cloth: around, along, 0
in vec2 in_side;      // x: 1 palm side, -1 back of the hand; y: part
out vec3 position;
out vec3 normal;
out vec3 rest;
out float palmward;
flat out float part;
out vec3 room_rgb;     // irradiance over pi
out vec3 gloss_rgb;    // the room as a rough surface mirrors it
out float openness;    // share of the sky that is seen

const float NEAR = 0.02;
const float FAR = 20.0;

float lit(vec3 point, int i) {
    vec3 p = lamp_space(point, lamp_direction[i]) * 0.5 + 0.5;
    vec2 tile = vec2(mod(float(i), TILES), floor(float(i) / TILES));
    vec2 at = (tile + clamp(p.xy, 0.002, 0.998)) / TILES;
    return textureLod(lamp_shadows, vec3(at, p.z), 0.0);
}

void main() {
    position = in_position;
    normal = in_normal;
    rest = in_rest;
    palmward = in_side.x;
    part = in_side.y;
    vec3 n = normalize(in_normal);
    vec3 mirrored = reflect(normalize(in_position), n);
    room_rgb = vec3(0.0);
    gloss_rgb = vec3(0.0);
    float open = 0.0, all = 0.0;
    // Off the surface, so that a facet does not shadow itself.
    vec3 from = in_position + 0.0025 * n;
    for (int i = 0; i < lamp_count; ++i) {
        float cosine = dot(n, lamp_direction[i]);
        float wrapped = max(0.0, (cosine + 0.25) / 1.25);
        float visible = lit(from, i);
        room_rgb += lamp_rgb[i] * wrapped * visible;
        float lobe = max(0.0, dot(mirrored, lamp_direction[i]));
        gloss_rgb += lamp_rgb[i] * pow(lobe, 8.0) * 4.5 * visible;
        open += max(0.0, cosine) * visible;
        all += max(0.0, cosine);
    }
    openness = open / max(all, 1e-4);
    float z = in_position.z;
    vec2 pixel = intrinsics.xy * in_position.xy + intrinsics.zw * z;
    // Pixel centres are integers; the first row read back is the top one.
    vec2 ndc = (2.0 * (pixel + 0.5 * z) / picture - z);
    gl_Position = vec4(ndc, (FAR + NEAR) / (FAR - NEAR) * z - 2.0 * FAR * NEAR / (FAR - NEAR), z);
}
