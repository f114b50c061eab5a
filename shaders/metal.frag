#version 330 core
// Polished metal in the light of a prefiltered panorama, cut softly where the hand is in front of it. With
// SLEEVE_PASS, its contact shadow on the finger inside it instead. Writes premultiplied colour.
in vec3 p_cam;
in vec3 n_cam;

uniform vec3 reflectance;      // linear RGB at normal incidence
uniform float roughness;
uniform float opacity;
uniform sampler2D environment;  // equirectangular; level k: roughness k / (levels - 1)
uniform float max_level;
uniform vec3 scene_light;      // linear: what white in this scene's light looks like
uniform vec3 skin_rgb;         // linear

uniform sampler2D occluder;    // depth, part
uniform vec4 occluder_rays;    // pixel of the occluder -> ray: x * .x + .z, y * .y + .w
uniform float feather;         // radius of the soft cut, occluder pixels
uniform float pixel_m;         // size of one picture pixel at one metre
uniform vec3 light_direction;  // towards the light

uniform int gripping;          // 0: the prop is on no finger
uniform mat4 grip_from_cam;
uniform vec4 grip_size;        // inner radius, outer radius, half width, finger's part number; metres
uniform float palm_part;
uniform vec3 off_mesh;         // from the mesh's finger to where the prop is drawn, metres

out vec4 colour;

const float PI = 3.14159265;
const float SECTION_M = 0.006;  // how far beyond the band the finger counts as a cylinder
const int TAPS = 9;
const vec2 DISC[TAPS] = vec2[](
    vec2(0.0), vec2(0.94, 0.34), vec2(-0.34, 0.94), vec2(-0.94, -0.34), vec2(0.34, -0.94),
    vec2(0.42, 0.42), vec2(-0.42, 0.42), vec2(-0.42, -0.42), vec2(0.42, -0.42));

// Light from direction d of the camera frame; the panorama's middle is ahead, its top is up. The true room is
// unknown: half of the panorama's colour is believed, and what lies ahead is in the photo, where no lamp is.
vec3 radiance(vec3 d, float rough) {
    vec2 uv = vec2(atan(d.x, d.z) / (2.0 * PI) + 0.5, acos(clamp(-d.y, -1.0, 1.0)) / PI);
    vec3 found = textureLod(environment, uv, rough * max_level).rgb;
    found = mix(vec3(dot(found, vec3(0.2126, 0.7152, 0.0722))), found, 0.5);
    return mix(found, min(found, vec3(0.6)), smoothstep(0.0, 0.5, d.z));
}

// How much of this point the finger inside the band leaves visible: the finger is a capped cylinder, the cut is
// as soft as a pixel. Mesh and photo may differ by pixels; this cut follows the band, so its far half never shows.
float past_own_finger(vec3 p, vec3 eye, float section) {
    vec3 d = p - eye;
    float a = max(dot(d.xy, d.xy), 1e-12);
    float nearest = -dot(eye.xy, d.xy) / a;
    if (nearest >= 1.0) return 1.0;  // on the camera's side of the axis
    float miss = length(eye.xy + nearest * d.xy);
    float chord = sqrt(max(grip_size.x * grip_size.x - miss * miss, 0.0) / a);
    float z0 = eye.z + (nearest - chord) * d.z, z1 = eye.z + min(nearest + chord, 1.0) * d.z;
    float inside = min(max(z0, z1), section) - max(min(z0, z1), -section);
    float hidden = smoothstep(-0.5, 0.5, (grip_size.x - miss) / (pixel_m * p_cam.z));
    return 1.0 - hidden * smoothstep(-0.0005, 0.0005, inside);
}

// How much of this point the rest of the hand, or the other hand, leaves visible.
float past_hands(float section) {
    ivec2 size = textureSize(occluder, 0);
    vec3 on_mesh = p_cam - off_mesh;
    vec2 here = (on_mesh.xy / on_mesh.z - occluder_rays.zw) / occluder_rays.xy;
    float seen = 0.0;
    for (int i = 0; i < TAPS; ++i) {
        vec2 at = here + feather * DISC[i];
        vec2 found = texelFetch(occluder, clamp(ivec2(at), ivec2(0), size - 1), 0).rg;
        float hides = smoothstep(0.0010, 0.0035, on_mesh.z - found.x);
        if (hides > 0.0 && gripping == 1 && (found.y == grip_size.w || found.y == palm_part)) {
            vec3 p = vec3((at * occluder_rays.xy + occluder_rays.zw) * found.x, found.x);
            vec3 local = (grip_from_cam * vec4(p + off_mesh, 1.0)).xyz;
            if (abs(local.z) < section && length(local.xy) < 1.4 * grip_size.x) hides = 0.0;
        }
        seen += 1.0 - hides;
    }
    return seen / float(TAPS);
}

#ifdef SLEEVE_PASS
const vec3 SHADOW_RGB = vec3(0.10, 0.035, 0.02);  // light that skin scatters into its own shadow

// Drawn on a tube where the band's inside is, not on the hand's mesh: so the shadow meets the band exactly and
// ends where the finger does.
void main() {
    vec3 n = normalize(n_cam);
    float section = grip_size.z + SECTION_M;
    vec3 p = (grip_from_cam * vec4(p_cam, 1.0)).xyz;
    vec3 to_light = mat3(grip_from_cam) * light_direction;
    float tight = max(abs(p.z) - grip_size.z, 0.0) / 0.0009;
    float wide = max(abs(p.z + 0.0016 * to_light.z) - grip_size.z, 0.0) / 0.0030;
    float shadow = 1.0 - (1.0 - 0.50 * exp(-tight * tight)) * (1.0 - 0.40 * exp(-wide * wide));
    shadow *= smoothstep(0.05, 0.5, dot(n, -normalize(p_cam)));
    shadow *= 1.0 - smoothstep(0.6 * SECTION_M, SECTION_M, abs(p.z) - grip_size.z);
    if (shadow < 0.01) discard;
    colour = vec4(SHADOW_RGB, 1.0) * (shadow * opacity * past_hands(section));
}
#else
void main() {
    float section = grip_size.z + SECTION_M;
    vec3 p = (grip_from_cam * vec4(p_cam, 1.0)).xyz;
    float visible = opacity;
    if (gripping == 1) visible *= past_own_finger(p, grip_from_cam[3].xyz, section);
    if (visible < 0.004) discard;
    visible *= past_hands(section);
    if (visible < 0.004) discard;

    vec3 n = normalize(n_cam), to_eye = -normalize(p_cam);
    vec3 mirrored = reflect(-to_eye, n);
    vec3 light = radiance(mirrored, roughness) * scene_light;
    if (gripping == 1) {
        // Metal next to skin mirrors skin: follow the mirrored ray to the finger.
        vec3 r = normalize(mat3(grip_from_cam) * mirrored);
        float a = max(dot(r.xy, r.xy), 1e-6), b = dot(p.xy, r.xy);
        float miss = sqrt(max(dot(p.xy, p.xy) - b * b / a, 0.0));
        float meets = b < 0.0 ? 1.0 - smoothstep(0.80, 1.0, miss / grip_size.x) : 0.0;
        float open = smoothstep(0.0, 0.004, -b / a);  // skin close by lies in the band's own shadow
        light = mix(light, skin_rgb * mix(0.18, 0.85, open), meets);

        float height = (length(p.xy) - grip_size.x) / max(grip_size.y - grip_size.x, 1e-5);
        float inward = step(0.0, -dot(normalize(p.xy), (mat3(grip_from_cam) * n).xy));
        light *= mix(mix(0.45, 1.0, smoothstep(0.0, 0.7, height)), 0.25, inward);
    }

    float grazing = pow(1.0 - max(dot(n, to_eye), 0.0), 5.0);
    vec3 fresnel = reflectance + (max(vec3(1.0 - roughness), reflectance) - reflectance) * grazing;
    light *= fresnel;
    float peak = max(max(light.r, light.g), max(light.b, 1e-4));
    float shown = peak * (1.0 + peak / 9.0) / (1.0 + peak);  // Reinhard's curve, white at 3, keeping the hue ..
    vec3 mapped = mix(light / peak, vec3(1.0), 0.75 * smoothstep(1.2, 6.0, peak)) * shown;  // .. but for glints
    colour = vec4(pow(clamp(mapped, 0.0, 1.0), vec3(1.0 / 2.2)), 1.0) * visible;
}
#endif
