#version 330
// Skin, its pigments as in shaders/hand/surface.frag, in the light that was gathered at the vertices.
#include "table.glsl"
uniform sampler2DArray skin_maps;  // palm, back: melanin, haemoglobin (of 2.5), cavity, nail
uniform vec4 map_window;           // rest x, y of the first texel; width and height, metres

uniform bool owner;                // whether this is of the hand that the crop is of

in vec4 place;
in vec4 light_depth;
in vec3 gloss_rgb;
flat in float part;
layout(location = 0) out vec4 out_colour;
layout(location = 1) out vec4 out_info;  // depth in metres, part + 1, 1 if it is what hides the hand

const vec3 BASE = vec3(0.06, 0.10, 0.17);
const vec3 MELANIN = vec3(0.62, 1.22, 1.95);
const vec3 HAEMOGLOBIN = vec3(0.10, 1.30, 1.02);

// How much of a point is drawn on, 0..1: spirals, either way round, rings and dots, each in a cell of a grid.
float drawn_on(vec2 at, float many) {
    float ink = 0.0;
    for (int k = 0; k < 2; k++) {
        vec2 p = at * (k == 0 ? 1.0 : 2.2) + 37.0 * float(k);
        vec2 cell = floor(p);
        vec2 chance = fract(sin(vec2(dot(cell, vec2(127.1, 311.7)), dot(cell, vec2(269.5, 183.3)))) * 43758.5453);
        if (chance.x > (k == 0 ? many : 0.4 * many)) continue;
        vec2 away = fract(p) - 0.5 - 0.2 * (chance.yx - 0.5);
        float far = length(away), turn = atan(away.y, away.x) / 6.2831853;
        float winding = chance.y < 0.4 ? turn : chance.y < 0.8 ? -turn : 0.0;
        float line = abs(fract(far * (4.0 + 4.0 * chance.y) - winding) - 0.5) * 2.0;
        float dot_ = smoothstep(0.07, 0.04, abs(far - 0.42)) * step(0.5, fract(12.0 * turn));
        ink = max(ink, max(smoothstep(0.62, 0.78, line) * smoothstep(0.38, 0.34, far), dot_));
    }
    return ink;
}

void main() {
    vec4 look = known[SKIN];  // melanin, haemoglobin, roughness, melanin of the palm's side
    vec4 polish = known[NAILS];
    float palmward = place.z, arm = place.w;
    vec2 at = (place.xy - map_window.xy) / map_window.zw;
    vec4 map = texture(skin_maps, vec3(at, palmward > 0.0 ? 0.0 : 1.0));
    map = mix(map, vec4(0.37, 0.36, 0.5, 0.0), arm);  // the arm is plain
    float palm = smoothstep(-0.35, 0.35, palmward) * (1.0 - arm);
    float melanin = look.x * mix(1.0, look.w, palm) * 2.5 * map.r;
    vec3 albedo = exp(-(BASE + melanin * MELANIN + look.y * 2.5 * map.g * HAEMOGLOBIN));
    vec4 ink = known[INK], figures = known[INK + 1];
    if (ink.w > 0.0 && (figures.w > 0.5 || palmward < 0.0)) {
        albedo = mix(albedo, min(ink.rgb, albedo), ink.w * drawn_on(place.xy * figures.x + figures.y, figures.z));
    }
    albedo = mix(albedo, polish.rgb, map.a * polish.w);
    vec3 colour = albedo * light_depth.rgb * (0.2 + 1.6 * map.b) + gloss_rgb * (1.0 + 1.5 * map.a);
    bool its = owner && part < 5.5;
    out_colour = stored(colour, its ? 1.0 : OTHER);
    out_info = vec4(light_depth.w, its ? part + 1.0 : 0.0, owner ? 0.0 : 1.0, 0.0);
}
