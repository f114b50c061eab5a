// What lies between a point and the light. Needs p_cam.
uniform sampler2D shadow_map;   // how near to the light, metres: the nearest prop, the nearest hand
uniform mat4 shadow_from_cam;   // camera frame -> picture of the map 0..1, and nearness to the light in z
uniform vec2 shadow_size_m;     // what the map spans

const int SPOTS = 8;
const vec2 SPOT[SPOTS] = vec2[](
    vec2(0.0, 0.25), vec2(0.5, 0.0), vec2(-0.25, -0.45), vec2(-0.5, 0.4),
    vec2(0.55, 0.65), vec2(0.3, -0.85), vec2(-0.85, -0.2), vec2(-0.1, 0.95));
const float NEAR_M = 0.003, WIDE_M = 0.016;
const vec2 FADES_M = vec2(0.035, 0.085);  // shadows from farther away are lost in the room's own light

// The share, 0 lit .. 1 dark, of a small disc around p, square to the light, that props (.x) and hands (.y) cover,
// and of a wide one (.zw). Only what lies above the surface, whose normal is n, counts.
vec4 covered(vec3 p, vec3 n, float clear) {
    vec3 at = (shadow_from_cam * vec4(p, 1.0)).xyz;
    vec3 upward = mat3(shadow_from_cam) * n * vec3(shadow_size_m, 1.0);  // n along the map's axes
    vec4 dark = vec4(0.0);
    for (int i = 0; i < SPOTS; ++i) {
        vec2 off = SPOT[i];
        vec4 gap = vec4(textureLod(shadow_map, at.xy + NEAR_M * off / shadow_size_m, 0.0).rg,
                        textureLod(shadow_map, at.xy + WIDE_M * off / shadow_size_m, 0.0).rg) - at.z;
        vec4 height = gap * upward.z + dot(off, upward.xy) * vec4(NEAR_M, NEAR_M, WIDE_M, WIDE_M);
        dark += clamp((gap - clear) / 0.003, 0.0, 1.0) * clamp(height / 0.004, 0.0, 1.0)
              * clamp((FADES_M.y - gap) / (FADES_M.y - FADES_M.x), 0.0, 1.0);
    }
    return dark / float(SPOTS);
}
