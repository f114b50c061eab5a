#version 330 core
// The hand's surface over the photo: the shadow of a band on what is around its finger (the finger itself has
// the sleeve, see metal.frag), and the mesh overlays.
// Writes premultiplied colour: the photo keeps 1 - alpha of its light.
in vec3 p_cam;
in vec3 n_cam;
in vec3 corner;
flat in float region_id;

const int MAX_GRIPS = 8;
uniform int grip_count;
uniform mat4 grip_from_cam[MAX_GRIPS];
uniform vec4 grip_size[MAX_GRIPS];  // outer radius, half width, metres; opacity; the finger's part number
uniform float hand_slot;
uniform vec3 light_direction;       // towards the light
uniform float mesh_alpha;           // 0 hides the shaded mesh
uniform float wire_alpha;           // 0 hides the wireframe
uniform float samples;              // rendered pixels per picture pixel, along one side

out vec4 colour;

const vec3 SHADOW_RGB = vec3(0.10, 0.035, 0.02);  // light that skin scatters into its own shadow
const float WIDE_M = 0.0018;

// Distance from a point to the solid band, in the band's frame.
float gap(vec3 p, vec4 size) {
    return length(max(vec2(length(p.xy) - size.x, abs(p.z) - size.y), 0.0));
}

float contact_shadow() {
    float light = 1.0;
    for (int i = 0; i < grip_count; ++i) {
        if (6.0 * hand_slot + region_id == grip_size[i].w) continue;
        vec3 p = (grip_from_cam[i] * vec4(p_cam, 1.0)).xyz;
        float wide = gap(p, grip_size[i]) / WIDE_M;
        light *= 1.0 - 0.35 * grip_size[i].z * exp(-wide * wide);
    }
    return 1.0 - light;
}

vec4 over(vec4 top, vec4 below) {
    return top + (1.0 - top.a) * below;
}

void main() {
    vec3 n = normalize(n_cam);
    float facing = max(dot(n, -normalize(p_cam)), 0.0);

    float shadow = contact_shadow() * smoothstep(0.05, 0.45, facing);  // the fit's edge is never exact
    colour = vec4(SHADOW_RGB * shadow, shadow);

    if (mesh_alpha > 0.0) {
        float lambert = 0.55 + 0.45 * max(dot(n, light_direction), 0.0);
        vec3 shade = mix(vec3(0.62, 0.74, 0.86) * lambert, vec3(0.93, 0.98, 1.0), pow(1.0 - facing, 3.0));
        float alpha = mesh_alpha * mix(0.72, 1.0, pow(1.0 - facing, 2.0));
        colour = over(vec4(shade * alpha, alpha), colour);
    }
    if (wire_alpha > 0.0) {
        vec3 pixels = corner / max(fwidth(corner), 1e-6);  // distance to each edge
        float edge = min(pixels.x, min(pixels.y, pixels.z)) / samples;
        float alpha = wire_alpha * (1.0 - smoothstep(0.25, 0.75, edge)) * smoothstep(0.0, 0.25, facing);
        colour = over(vec4(vec3(0.80, 0.95, 1.0) * alpha, alpha), colour);
    }
}
