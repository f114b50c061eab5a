// How much of a point the hands leave visible. Needs p_cam.
uniform sampler2D occluder;    // depth, part
uniform vec4 occluder_rays;    // pixel of the occluder -> ray: x * .x + .z, y * .y + .w
uniform float feather;         // radius of the soft cut, occluder pixels
uniform float pixel_m;         // size of one picture pixel at one metre

uniform int mounted;          // 0: the prop is on no finger
uniform mat4 mount_from_cam;
uniform vec4 mount_size;        // inner radius, outer radius, half width, finger's part number; metres
uniform float palm_part;
uniform vec3 off_mesh;         // from the mesh's finger to where the prop is drawn, metres

const float SECTION_M = 0.006;  // how far beyond the band the finger counts as a cylinder
const int TAPS = 5;
const vec2 DISC[TAPS] = vec2[](
    vec2(0.0), vec2(0.94, 0.34), vec2(-0.34, 0.94), vec2(-0.94, -0.34), vec2(0.34, -0.94));

// How much of this point the finger inside the band leaves visible: the finger is a capped cylinder, the cut is
// as soft as a pixel. Mesh and photo may differ by pixels; this cut follows the band, so its far half never shows.
float visible_past_finger(vec3 p, vec3 eye, float section) {
    vec3 d = p - eye;
    float a = max(dot(d.xy, d.xy), 1e-12);
    float nearest = -dot(eye.xy, d.xy) / a;
    if (nearest >= 1.0) return 1.0;  // on the camera's side of the axis
    float miss = length(eye.xy + nearest * d.xy);
    float chord = sqrt(max(mount_size.x * mount_size.x - miss * miss, 0.0) / a);
    float z0 = eye.z + (nearest - chord) * d.z, z1 = eye.z + min(nearest + chord, 1.0) * d.z;
    float inside = min(max(z0, z1), section) - max(min(z0, z1), -section);
    float hidden = smoothstep(-0.5, 0.5, (mount_size.x - miss) / (pixel_m * p_cam.z));
    return 1.0 - hidden * smoothstep(-0.0005, 0.0005, inside);
}

// How much of this point the rest of the hand, or the other hand, leaves visible.
float visible_past_hands(float section) {
    ivec2 last = textureSize(occluder, 0) - 1;
    vec3 on_mesh = p_cam - off_mesh;
    vec2 here = (on_mesh.xy / on_mesh.z - occluder_rays.zw) / occluder_rays.xy;
    // In the band's frame: the ray through `here`, and what it gains with each pixel to the right and down.
    mat3 turned = mat3(mount_from_cam);
    vec3 right = occluder_rays.x * turned[0], down = occluder_rays.y * turned[1];
    vec3 ray = turned * vec3(on_mesh.xy / on_mesh.z, 1.0);
    vec3 camera = turned * off_mesh + mount_from_cam[3].xyz;
    float seen = 0.0;
    for (int i = 0; i < TAPS; ++i) {
        vec2 off = feather * DISC[i];
        vec2 found = texelFetch(occluder, clamp(ivec2(here + off), ivec2(0), last), 0).rg;
        float behind = on_mesh.z - found.x;
        float hides = smoothstep(0.0, 0.001, behind);
        if (mounted == 1 && (found.y == mount_size.w || found.y == palm_part)) {
            hides = smoothstep(0.001, 0.0035, behind);  // a band sinks into the skin
            vec3 local = camera + found.x * (ray + off.x * right + off.y * down);
            float bounds = 1.4 * mount_size.x;
            if (abs(local.z) < section && dot(local.xy, local.xy) < bounds * bounds) hides = 0.0;
        }
        seen += 1.0 - hides;
    }
    return seen / float(TAPS);
}

// 0 hidden .. 1 in view, for this fragment of a prop.
float visibility() {
    float section = mount_size.z + SECTION_M;
    float seen = 1.0;
    if (mounted == 1) {
        vec3 p = (mount_from_cam * vec4(p_cam, 1.0)).xyz;
        seen = visible_past_finger(p, mount_from_cam[3].xyz, section);
        if (seen < 0.004) return 0.0;
    }
    return seen * visible_past_hands(section);
}
