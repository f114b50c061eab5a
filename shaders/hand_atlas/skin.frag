#version 330
// Skin under a room's light and two lamps; pigments as in shaders/hand/surface.frag.
#include "table.glsl"
uniform sampler2D palm_map;  // melanin, haemoglobin, height in millimetres, nail
uniform sampler2D back_map;
uniform vec4 map_window;     // rest x, y of the first texel; width and height, metres

in vec3 position;
in vec3 normal;
in vec3 rest;
in vec3 about;
in vec3 room_rgb;
in vec3 visible;
flat in float part;
layout(location = 0) out vec4 out_colour;
layout(location = 1) out vec2 out_info;  // depth in metres, part + 1

const vec3 BASE = vec3(0.06, 0.10, 0.17);
const vec3 MELANIN = vec3(0.62, 1.22, 1.95);
const vec3 HAEMOGLOBIN = vec3(0.10, 1.30, 1.02);

void main() {
    vec4 look = known[SKIN];  // melanin, haemoglobin, roughness, melanin of the palm's side
    vec4 polish = known[NAILS];
    vec3 n = normalize(normal), view = normalize(-position);
    vec2 at = (rest.xy - map_window.xy) / map_window.zw;
    float palm = smoothstep(-0.35, 0.35, about.y);
    vec4 map = mix(texture(back_map, at), texture(palm_map, at), palm);
    float nail = map.a;
    float melanin = look.x * mix(1.0, look.w, palm * (1.0 - about.z));
    vec3 albedo = exp(-(BASE + melanin * map.r * MELANIN + look.y * map.g * HAEMOGLOBIN));
    albedo = mix(albedo, polish.rgb, nail * polish.w);
    float open = visible.x;
    // Light that has been in the skin nearby is red.
    vec3 dimmed = pow(vec3(open), vec3(0.7, 1.0, 1.1));
    vec3 colour = albedo * room_rgb * dimmed;
    float rough = mix(look.z, 0.22, nail);
    for (int k = 0; k < 2; ++k) {
        vec4 lamp = known[LAMPS + 2 * k];
        vec3 light = known[LAMPS + 2 * k + 1].rgb;
        vec3 wrap = vec3(0.34, 0.16, 0.12) * (1.0 - 0.6 * nail);
        vec3 diffuse = max((vec3(dot(n, lamp.xyz)) + wrap) / (1.0 + wrap), 0.0);
        float shadow = visible[k + 1];
        colour += albedo * light * diffuse * pow(vec3(shadow), vec3(0.75, 1.05, 1.15));
        vec3 h = normalize(view + lamp.xyz);
        float a2 = pow(rough, 4.0), nh = max(dot(n, h), 0.0), d = nh * nh * (a2 - 1.0) + 1.0;
        float fresnel = mix(0.028, 0.05, nail) + 0.9 * pow(1.0 - max(dot(h, view), 0.0), 5.0);
        colour += light * fresnel * min(a2 / (d * d), 60.0) * 0.25 * shadow * max(dot(n, lamp.xyz), 0.0);
    }
    float grazing = pow(1.0 - max(dot(n, view), 0.0), 4.0);
    colour += room_rgb * open * (0.02 + 0.12 * grazing);
    out_colour = stored(colour, part < 5.5 ? 1.0 : 0.75);
    out_info = vec2(position.z, part < 5.5 ? part + 1.0 : 0.0);
}
