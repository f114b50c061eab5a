// What is known of one hand, laid out in `models/training/atlas.py`, and how light is kept in eight bits.
layout(std140) uniform Row { vec4 known[ROW_TEXELS]; };

// coverage: 1 the hand, less for what isn't it.
vec4 stored(vec3 light, float coverage) {
    return vec4(sqrt(clamp(light, 0.0, 2.0) / 2.0), coverage);
}
