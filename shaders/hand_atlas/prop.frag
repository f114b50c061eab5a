#version 330
// Cloth, metal, leather, plastic: whatever isn't skin, in the light gathered at its vertices.
#include "table.glsl"
uniform int paint;     // texel of its colour; the next one has the second colour of cloth
uniform bool metal;
uniform bool owner;    // whether this is of the hand that the crop is of

in vec4 place;
in vec4 light_depth;
in vec3 gloss_rgb;
flat in float part;
layout(location = 0) out vec4 out_colour;
layout(location = 1) out vec4 out_info;  // depth in metres, part + 1, 1 if it is what hides the hand

void main() {
    vec4 first = known[paint], second = known[paint + 1];
    vec3 colour = first.rgb;
    if (!metal) {
        // place.zw: around and along, metres; patterns are stripes along or around, or checks.
        vec2 wave = step(0.5, fract(place.zw / max(second.w, 0.001)));
        if (first.w > 2.5) colour = mix(colour, second.rgb, 0.5 * (wave.x + wave.y));
        else if (first.w > 1.5) colour = mix(colour, second.rgb, wave.y);
        else if (first.w > 0.5) colour = mix(colour, second.rgb, wave.x);
    }
    vec3 light_rgb = light_depth.rgb;
    vec3 light = metal ? colour * (0.25 * light_rgb + 16.0 * gloss_rgb) : colour * light_rgb + 0.6 * gloss_rgb;
    bool its = owner && part > 0.5 && part < 5.5;  // a ring is part of its finger
    out_colour = stored(light, its ? 1.0 : OTHER);
    out_info = vec4(light_depth.w, its ? part + 1.0 : 0.0, owner ? 0.0 : 1.0, 0.0);
}
