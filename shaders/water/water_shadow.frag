#version 330 core
// The shadow of water on what is behind it. Writes premultiplied colour.
uniform sampler2D water;
uniform vec2 photo_size;  // pixels of the part that is drawn
uniform vec2 beside;      // pixels: from a shadow to the water that casts it
out vec4 colour;

#include "amount.glsl"

void main() {
    float shadow = 0.22 * smoothstep(THIN, 1.5, amount(clamp(gl_FragCoord.xy + beside, vec2(0.0), photo_size - 1.0)));
    colour = vec4(0.0, 0.0, 0.0, shadow);
}
