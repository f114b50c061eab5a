// The colour of each part of a hand: palm, thumb to little finger. Linear.
const vec3 PARTS[6] = vec3[](
    vec3(0.62, 0.66, 0.72), vec3(1.00, 0.46, 0.09), vec3(0.90, 0.12, 0.16),
    vec3(0.44, 0.16, 0.90), vec3(0.08, 0.30, 0.95), vec3(0.05, 0.66, 0.45));
