#version 330
// Skin and cloth under a room's light and one key light.
#include "lamp.glsl"
uniform vec3 key_direction;
uniform vec3 key_rgb;
uniform float key_blur;         // radius of the shadow's edge, in shadow-map widths
uniform sampler2DShadow key_shadow;
uniform sampler2D palm_map;     // melanin, haemoglobin, height in millimetres, nail
uniform sampler2D back_map;
uniform vec4 map_window;        // rest x, y of the first texel; width and height, metres
uniform float melanin;
uniform float haemoglobin;
uniform float roughness;
uniform vec3 cloth_rgb;
uniform float cloth_part;

in vec3 position;
in vec3 normal;
in vec3 rest;
in float palmward;
flat in float part;
in vec3 room_rgb;
in vec3 gloss_rgb;
in float openness;
layout(location = 0) out vec4 out_colour;  // linear
layout(location = 1) out vec2 out_info;    // depth in metres, part

const float PI = 3.14159265;
// Absorption per unit of pigment for red, green and blue, set by eye against photographs.
const vec3 BASE = vec3(0.06, 0.10, 0.17);
const vec3 MELANIN = vec3(0.62, 1.22, 1.95);
const vec3 HAEMOGLOBIN = vec3(0.10, 1.30, 1.02);

float key_light(vec3 n) {
    vec3 p = lamp_space(position + 0.0015 * n, key_direction) * 0.5 + 0.5;
    // A spiral of taps, turned from pixel to pixel; supersampling averages the grain away.
    float turn = 6.2831853 * fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
    float sum = 0.0;
    for (int i = 0; i < 12; ++i) {
        float a = turn + 2.3999632 * float(i), r = key_blur * sqrt((float(i) + 0.5) / 12.0);
        sum += textureLod(key_shadow, vec3(p.xy + r * vec2(cos(a), sin(a)), p.z - 0.5 * r), 0.0);
    }
    return sum / 12.0;
}

// Mikkelsen's bump mapping without tangents: height in metres, slopes from the screen.
vec3 bumped(vec3 n, float height) {
    vec3 dx = dFdx(position), dy = dFdy(position);
    vec3 across = cross(dy, n), down = cross(n, dx);
    float area = dot(dx, across);
    vec3 slope = sign(area) * (dFdx(height) * across + dFdy(height) * down);
    return normalize(abs(area) * n - slope);
}

float ggx(float alpha, vec3 n, vec3 v, vec3 l) {
    vec3 h = normalize(v + l);
    float nl = max(dot(n, l), 0.0), nv = max(dot(n, v), 1e-3), nh = dot(n, h);
    float a2 = alpha * alpha, d = nh * nh * (a2 - 1.0) + 1.0;
    float k = 0.5 * alpha;
    float visibility = 0.25 / ((nl * (1.0 - k) + k) * (nv * (1.0 - k) + k));
    return a2 / (PI * d * d) * visibility * nl * PI;
}

float schlick(float f0, float cosine) {
    return f0 + (1.0 - f0) * pow(1.0 - clamp(cosine, 0.0, 1.0), 5.0);
}

vec3 skin(vec3 n, vec3 view) {
    vec2 at = (rest.xy - map_window.xy) / map_window.zw;
    float side = smoothstep(-0.35, 0.35, palmward);
    vec4 map = mix(texture(back_map, at), texture(palm_map, at), side);
    float nail = map.a;
    vec3 facing = bumped(n, 0.001 * map.b);
    vec3 albedo = exp(-(BASE + melanin * map.r * MELANIN + haemoglobin * map.g * HAEMOGLOBIN));

    // Light wanders under the skin, red farthest: the terminator is soft and warm.
    vec3 wrap = vec3(0.34, 0.16, 0.12) * (1.0 - 0.6 * nail);
    float cosine = dot(mix(n, facing, 0.7), key_direction);
    vec3 diffuse = max((vec3(cosine) + wrap) / (1.0 + wrap), 0.0);
    float shadow = key_light(n);
    vec3 soft_shadow = pow(vec3(shadow), vec3(0.75, 1.05, 1.15));
    float relief = clamp(1.0 + 1.2 * (dot(facing, key_direction) - dot(n, key_direction)), 0.5, 1.5);
    vec3 light = key_rgb * diffuse * soft_shadow + room_rgb * relief;
    // What the skin nearby throws back into the hollows.
    vec3 bounce = albedo * (1.0 - openness) * (0.35 * room_rgb + 0.12 * key_rgb + 0.08);

    float rough = mix(roughness, 0.22, nail);
    float f0 = mix(0.028, 0.045, nail);
    vec3 towards = normalize(view + key_direction);
    float fresnel = schlick(f0, dot(view, towards));
    float spec = fresnel * (0.75 * ggx(rough * rough, facing, view, key_direction)
                          + 0.25 * ggx(0.35 * rough, facing, view, key_direction));
    // Roughness keeps grazing angles from turning into mirrors.
    float grazing = mix(0.10, 0.35, nail) * pow(1.0 - max(dot(facing, view), 0.0), 4.0);
    float sheen = f0 + grazing;
    return albedo * (light + bounce) + key_rgb * spec * shadow + gloss_rgb * sheen * openness;
}

vec3 cloth(vec3 n, vec3 view) {
    // Knitted ribs along the arm, finer than a pixel far away.
    float rib = sin(rest.x * 2.0 * PI / 0.0028);
    float stitch = sin(rest.y * 2.0 * PI / 0.0022 + 1.5 * rib);
    vec3 facing = bumped(n, 0.00016 * rib + 0.00008 * stitch);
    float diffuse = max((dot(facing, key_direction) + 0.15) / 1.15, 0.0) * key_light(n);
    float fuzz = 0.35 * pow(1.0 - abs(dot(n, view)), 3.0);
    vec3 albedo = cloth_rgb * (0.92 + 0.08 * rib * stitch);
    return albedo * (key_rgb * diffuse + room_rgb * (1.0 + fuzz));
}

void main() {
    vec3 view = normalize(-position);
    vec3 n = normalize(normal);
    if (!gl_FrontFacing) n = -n;
    bool is_cloth = part >= cloth_part - 0.5;
    vec3 colour = is_cloth ? cloth(n, view) : skin(n, view);
    out_colour = vec4(colour, 1.0);
    out_info = vec2(position.z, part);
}
