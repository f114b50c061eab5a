// What is known of one hand, laid out in `models/training/synthetic/atlas.py`, and how light is kept in eight bits.
layout(std140) uniform Row { vec4 known[ROW_TEXELS]; };

// coverage: 1 the hand, OTHER for what isn't it; the sum of four tells how many there are of each.
const float OTHER = 0.2;
vec4 stored(vec3 light, float coverage) {
    return vec4(sqrt(clamp(light, 0.0, 2.0) / 2.0), coverage);
}
