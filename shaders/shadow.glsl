// What lies between a point and the light. Needs CASTER: the map's channel of what casts the shadow.
uniform sampler2D shadow_map;   // how near to the light, metres: the nearest prop, the nearest hand
uniform mat4 shadow_from_cam;   // camera frame -> picture of the map 0..1, and nearness to the light in z
uniform vec2 shadow_size_m;     // what the map spans

const int SPOTS = 8;
const vec2 SPOT[SPOTS] = vec2[](
    vec2(0.0, 0.25), vec2(0.5, 0.0), vec2(-0.25, -0.45), vec2(-0.5, 0.4),
    vec2(0.55, 0.65), vec2(0.3, -0.85), vec2(-0.85, -0.2), vec2(-0.1, 0.95));
const float NEAR_M = 0.003, WIDE_M = 0.016;
const vec2 FADES_M = vec2(0.035, 0.085);  // shadows from farther away are lost in the room's own light

// The fraction, 0 lit .. 1 dark, of a small disc around p, square to the light, that is covered (.x), and of a wide one
// (.y). Only what lies above the surface, whose normal is n, counts.
vec2 covered(vec3 p, vec3 n, float clear) {
    vec3 at = (shadow_from_cam * vec4(p, 1.0)).xyz;
    vec3 upward = mat3(shadow_from_cam) * n * vec3(shadow_size_m, 1.0);  // n along the map's axes
    ivec2 last = textureSize(shadow_map, 0) - 1;  // around the map, as on its rim, nothing casts a shadow
    vec2 texel = at.xy * vec2(textureSize(shadow_map, 0));
    vec2 texels = vec2(textureSize(shadow_map, 0)) / shadow_size_m;  // in a metre
    vec2 dark = vec2(0.0);
    for (int i = 0; i < SPOTS; ++i) {
        vec2 off = SPOT[i];
        vec2 gap = vec2(texelFetch(shadow_map, clamp(ivec2(texel + NEAR_M * off * texels), ivec2(0), last), 0).CASTER,
                        texelFetch(shadow_map, clamp(ivec2(texel + WIDE_M * off * texels), ivec2(0), last), 0).CASTER) - at.z;
        vec2 height = gap * upward.z + dot(off, upward.xy) * vec2(NEAR_M, WIDE_M);
        dark += clamp((gap - clear) / 0.003, 0.0, 1.0) * clamp(height / 0.004, 0.0, 1.0)
              * clamp((FADES_M.y - gap) / (FADES_M.y - FADES_M.x), 0.0, 1.0);
    }
    return dark / float(SPOTS);
}

// How dark that makes a surface that looks to the light by this cosine.
float shadowed(vec2 dark, float cosine) {
    float lit = smoothstep(-0.3, 0.5, cosine);  // what looks away from the light is dark already
    return 1.0 - (1.0 - 0.36 * dark.x * lit) * (1.0 - 0.42 * dark.y);
}
