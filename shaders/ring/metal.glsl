// Polished metal in the light of a prefiltered panorama, cut softly where the hand is in front of it. Needs p_cam,
// light.glsl and occlusion.glsl.
uniform vec3 reflectance;      // linear RGB at normal incidence
uniform float opacity;
uniform float roughness;
uniform float brushed;         // how far normals lean in the lines of a brush; 0: none

const float LINE_M = 0.00055;   // the broadest line; each of OCTAVES is half as broad as the one before
const int OCTAVES = 3;
const float STROKES = 9.0;      // of a brush, one after the other around the band

float dice(vec2 cell) {
    return fract(sin(dot(cell, vec2(12.9898, 78.233))) * 43758.5453);
}

// -1 .. 1: which way the surface leans in the lines of a brush that ran around the axis. Lines that pixels are too
// large to show are left out: they would shimmer.
float brush_lines(vec3 p) {
    float turn = STROKES * (atan(p.y, p.x) / (2.0 * PI) + 0.5), lean = 0.0;
    for (int k = 0; k < OCTAVES; k++) {
        float across = p.z / LINE_M * exp2(float(k)) + 17.0 * float(k);
        float shown = 1.0 - smoothstep(0.3, 0.7, fwidth(across));
        float along = turn + 0.37 * dice(vec2(floor(across), float(k)));
        float line = floor(across), stroke = floor(along);
        float begun = dice(vec2(line, mod(stroke, STROKES))), next = dice(vec2(line, mod(stroke + 1.0, STROKES)));
        float height = mix(begun, next, smoothstep(0.3, 0.7, fract(along)));
        lean += shown * (2.0 * height - 1.0) * sin(PI * fract(across));
    }
    return lean;
}

// Premultiplied colour. n: normal; p_own: in the metal's own frame, whose z is `axis` and whose outside is `outward`,
// unit vectors in the camera's; rough: at least its roughness.
vec4 metal_colour(vec3 n, vec3 p_own, vec3 axis, vec3 outward, float rough) {
    vec3 to_eye = -normalize(p_cam);
    if (brushed > 0.0) {
        float worked = brushed * smoothstep(0.1, 0.4, dot(n, outward));  // the inside is smooth
        n = normalize(n + worked * brush_lines(p_own) * (axis - dot(axis, n) * n));
    }
    vec3 mirrored = reflect(-to_eye, n);
    float visible = opacity * visibility();
    if (visible < 0.004) return vec4(0.0);

    vec3 light = radiance(mirrored, rough);
    if (mounted == 1) {
        // Metal next to skin mirrors skin: follow the mirrored ray to the finger.
        vec3 p = (mount_from_cam * vec4(p_cam, 1.0)).xyz;
        vec3 r = normalize(mat3(mount_from_cam) * mirrored);
        float a = max(dot(r.xy, r.xy), 1e-6), b = dot(p.xy, r.xy);
        float miss = sqrt(max(dot(p.xy, p.xy) - b * b / a, 0.0));
        float meets = b < 0.0 ? 1.0 - smoothstep(0.80, 1.0, miss / mount_size.x) : 0.0;
        float open = smoothstep(0.0, 0.004, -b / a);  // skin close by lies in the band's own shadow
        light = mix(light, skin_rgb * mix(0.18, 0.85, open), meets);

        float height = (length(p.xy) - mount_size.x) / max(mount_size.y - mount_size.x, 1e-5);
        float inward = step(0.0, -dot(normalize(p.xy), (mat3(mount_from_cam) * n).xy));
        light *= mix(mix(0.45, 1.0, smoothstep(0.0, 0.7, height)), 0.25, inward);
    }

    float grazing = pow(1.0 - max(dot(n, to_eye), 0.0), 5.0);
    vec3 fresnel = reflectance + (max(vec3(1.0 - roughness), reflectance) - reflectance) * grazing;
    return vec4(reinhard(light * fresnel), 1.0) * visible;
}
