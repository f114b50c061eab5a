// The light around the hand, and how a picture shows it.
uniform sampler2D environment;         // equirectangular panorama; level k: roughness k / (levels - 1)
uniform sampler2D previous_environment;  // the one that is fading
uniform float fading;           // 1 only the previous one .. 0 only the one now
uniform vec2 environment_rotations;             // by which each is turned, of a whole turn
uniform float max_level;
uniform vec3 scene_light;      // linear: what white in this scene's light looks like
uniform vec3 skin_rgb;         // linear

const float PI = 3.14159265;

// Light from direction d of the camera frame; the panorama's middle is ahead, its top is up. The true room is
// unknown: half of the panorama's colour is believed, and what lies ahead is in the photo, where no lamp is.
vec3 radiance(vec3 d, float rough) {
    vec2 uv = vec2(atan(d.x, d.z) / (2.0 * PI) + 0.5, acos(clamp(-d.y, -1.0, 1.0)) / PI);
    float level = rough * max_level;
    vec3 found = textureLod(environment, uv + vec2(environment_rotations.x, 0.0), level).rgb;
    if (fading > 0.0) found = mix(found, textureLod(previous_environment, uv + vec2(environment_rotations.y, 0.0), level).rgb, fading);
    found = mix(vec3(dot(found, vec3(0.2126, 0.7152, 0.0722))), found, 0.5);
    return scene_light * mix(found, min(found, vec3(0.6)), smoothstep(0.0, 0.5, d.z));
}

// At least `rough`, and rough enough to mirror as much of the room as one rendered pixel does: a small ring would
// sparkle otherwise. The lobe of GGX is about twice its alpha, roughness squared, wide.
float smoothed(vec3 mirrored, float rough) {
    return max(rough, min(sqrt(0.5 * length(fwidth(mirrored))), 0.5));
}

// Linear light -> sRGB: Reinhard's curve, white at 5, keeping most of a glint's hue.
vec3 reinhard(vec3 light) {
    float peak = max(max(light.r, light.g), max(light.b, 1e-4));
    float level = peak * (1.0 + peak / 25.0) / (1.0 + peak);
    vec3 mapped = mix(light / peak, vec3(1.0), 0.25 * smoothstep(1.2, 6.0, peak)) * level;
    return pow(clamp(mapped, 0.0, 1.0), vec3(1.0 / 2.2));
}
