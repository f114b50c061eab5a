// Linear light -> sRGB as cameras do it: true to the light up to the highlights, which roll off.
vec3 tone_map(vec3 light) {
    float peak = max(max(light.r, light.g), max(light.b, 1e-4));
    float level = peak < 0.5 ? peak : 1.0 - 0.5 * exp(1.0 - peak / 0.5);
    vec3 mapped = mix(light / peak, vec3(1.0), 0.6 * smoothstep(1.2, 5.0, peak)) * level;
    return pow(mapped, vec3(1.0 / 2.2));
}
