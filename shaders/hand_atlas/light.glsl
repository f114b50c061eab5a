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
        open *= 1.0 - 0.95 * apart * max(0.3 * near, dot(n, to / far)) * near * near;
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
    return vec3(open * sqrt(open), lit);  // what hides the sky throws little light itself
}

// flesh: 1 for skin, in which light wanders, red farthest; 0 for what is opaque.
void gather(vec3 point, vec3 n, float part, float rough, float flesh, out vec3 light, out vec3 gloss) {
    vec3 visible = seen(point, n, part), view = normalize(-point), around = room(n);
    light = around * mix(vec3(visible.x), pow(vec3(visible.x), vec3(0.7, 1.0, 1.1)), flesh);
    gloss = around * visible.x * (0.02 + 0.12 * pow(1.0 - max(dot(n, view), 0.0), 4.0));
    float a2 = rough * rough * rough * rough;
    vec3 wrap = 0.03 + flesh * vec3(0.22, 0.08, 0.05);
    for (int k = 0; k < 2; ++k) {
        vec3 d = known[LAMPS + 2 * k].xyz, colour = known[LAMPS + 2 * k + 1].rgb;
        float shadow = visible[k + 1], cosine = dot(n, d);
        vec3 diffuse = max((vec3(cosine) + wrap) / (1.0 + wrap), 0.0);
        light += colour * diffuse * mix(vec3(shadow), pow(vec3(shadow), vec3(0.75, 1.05, 1.15)), flesh);
        vec3 h = normalize(view + d);
        float nh = max(dot(n, h), 0.0), spread = nh * nh * (a2 - 1.0) + 1.0;
        float fresnel = 0.028 + 0.9 * pow(1.0 - max(dot(h, view), 0.0), 5.0);
        gloss += colour * fresnel * min(a2 / (spread * spread), 60.0) * 0.25 * shadow * max(cosine, 0.0);
    }
}
