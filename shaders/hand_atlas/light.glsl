// Light at a point: a room in spherical harmonics and two lamps, all shaded by the bones of the hand.

vec3 room(vec3 n) {
    // Irradiance over pi (Ramamoorthi and Hanrahan 2001); the coefficients come convolved.
    vec3 l[9];
    for (int i = 0; i < 9; ++i) l[i] = known[LIGHT + i].rgb;
    vec3 sum = l[0] + l[1] * n.y + l[2] * n.z + l[3] * n.x + l[4] * (n.x * n.y) + l[5] * (n.y * n.z)
             + l[6] * (3.0 * n.z * n.z - 1.0) + l[7] * (n.x * n.z) + l[8] * (n.x * n.x - n.y * n.y);
    return max(sum, 0.0);
}

// x: share of the sky seen from a point of the surface; y, z: of the two lamps.
vec3 seen(vec3 point, vec3 n, float part) {
    vec4 lamp[2] = vec4[2](known[LAMPS], known[LAMPS + 2]);
    float open = 1.0;
    vec2 lit = vec2(1.0);
    for (int i = 0; i < N_CAPSULES; ++i) {
        vec4 head = known[CAPSULES + 2 * i], tail = known[CAPSULES + 2 * i + 1];
        if (abs(tail.w - part) < 0.5) continue;  // its own bone
        vec3 bone = tail.xyz - head.xyz, off = point - head.xyz;
        float r = head.w, length2 = dot(bone, bone);
        vec3 to = head.xyz + clamp(dot(off, bone) / length2, 0.0, 1.0) * bone - point;
        float far = length(to);
        float apart = smoothstep(0.75, 1.15, far / r);  // within the flesh of the palm nothing is told apart
        float near = min(r / far, 1.0);
        open *= 1.0 - 0.75 * apart * max(0.3 * near, dot(n, to / far)) * near * near;
        for (int k = 0; k < 2; ++k) {
            vec3 d = lamp[k].xyz;
            // Nearest approach of the ray towards the lamp and the bone.
            float db = dot(d, bone), dof = dot(d, off), bof = dot(bone, off);
            float s = clamp((bof - db * dof) / max(length2 - db * db, 1e-9), 0.0, 1.0);
            float t = max(s * db - dof, 0.0);
            float gap = length(off + t * d - s * bone) - r;
            float soft = 0.0015 + lamp[k].w * t;
            lit[k] *= 1.0 - apart * smoothstep(0.0, 0.6 * r, t) * (1.0 - smoothstep(-soft, soft, gap));
        }
    }
    return vec3(open, lit);
}
