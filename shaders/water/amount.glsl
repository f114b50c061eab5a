// How much water lies in front of a pixel of the picture; the sum of drops.frag, half as fine.
const float THIN = 0.16, FULL = 0.42;  // where water begins to be seen, and is

float amount(vec2 at) {
    return textureLod(water, 0.5 * at / vec2(textureSize(water, 0)), 0.0).r;
}
