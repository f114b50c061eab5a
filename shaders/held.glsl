// How far the back of a hand counts as being out of its skin: it is in front of what the hand holds, and in its own light.
// Of fingers that are closed around the thing, so are the sides.
in float dorsal;
flat in float region_id;
uniform float held_m;    // 0 for a hand that holds nothing
uniform vec4 closed[2];  // each part of the hand: 0 not around the thing .. 1 around it

float held_back() {
    int part = int(region_id);
    float sides = closed[part / 4][part % 4] * clamp(1.5 * dorsal + 1.0, 0.0, 1.0);
    return held_m * max(sides, clamp(1.5 * dorsal - 0.2, 0.0, 1.0));
}
