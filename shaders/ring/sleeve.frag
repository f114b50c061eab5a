#version 330 core
// The contact shadow of a band on its finger, and the light it throws there. Drawn on a tube where the band's
// inside is, not on the hand's mesh: so the shadow meets the band exactly and ends where the finger does. Writes
// premultiplied colour.
in vec3 p_cam;
in vec3 n_cam;

uniform float opacity;
uniform vec3 light_direction;  // towards the light
uniform float light_contrast;  // 0 from everywhere .. 1 from one lamp
uniform vec3 scene_light;      // linear: what white in this scene's light looks like
uniform vec3 bounce_rgb;       // linear reflectance of the band

const int SLICES = 48;
uniform vec3 footprint[SLICES];  // the band's middle, half its width, fraction; by angle from the finger's back

out vec4 colour;

#include "occlusion.glsl"

const vec3 SHADOW_RGB = vec3(0.10, 0.035, 0.02);  // light that skin scatters into its own shadow

vec3 touched(vec3 p) {
    float at = mod(atan(p.x, p.y) / 6.2831853 * float(SLICES), float(SLICES));
    int i = min(int(at), SLICES - 1);
    return mix(footprint[i], footprint[(i + 1) % SLICES], at - float(i));
}

void main() {
    vec3 n = normalize(n_cam);
    vec3 p = (mount_from_cam * vec4(p_cam, 1.0)).xyz;
    vec3 to_light = normalize(mat3(mount_from_cam) * light_direction);
    float lit = max(dot(n, light_direction), 0.0);
    vec3 band = touched(p);
    float z = p.z - band.x;
    float off_band = max(abs(z) - band.y, 0.0);
    float tight = off_band / 0.0009;
    // The band stands between skin and light: the more of it comes from one side, the longer the shadow there.
    float wide = max(abs(z + 0.0022 * light_contrast * to_light.z) - band.y, 0.0) / 0.0030;
    float deep = mix(0.36, 0.28 + 0.30 * lit, light_contrast);
    float shadow = 1.0 - (1.0 - 0.55 * exp(-tight * tight)) * (1.0 - deep * exp(-wide * wide));
    // On the side towards the light polished metal throws some of it on the skin.
    float bounced = 0.10 * lit * light_contrast * smoothstep(-0.3, 0.6, to_light.z * sign(z));
    vec3 light = bounced * exp(-off_band / 0.0025) * bounce_rgb * scene_light;

    float edge = smoothstep(0.0, 0.65, dot(n, -normalize(p_cam)));
    edge *= 1.0 - smoothstep(0.4 * SECTION_M, SECTION_M, off_band);
    edge *= band.z * opacity * visible_past_hands(abs(band.x) + band.y + SECTION_M);
    if (edge * shadow < 0.004) discard;
    colour = vec4(SHADOW_RGB * shadow + light, shadow) * edge;
}
