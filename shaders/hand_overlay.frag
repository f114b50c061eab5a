#version 330 core
// The hand's surface over the photo, for the overlays: a translucent shaded mesh, its wireframe, or both.
// Writes premultiplied colour: the photo keeps 1 - alpha of its light.
in vec3 p_cam;
in vec3 n_cam;
in vec3 corner;

uniform vec3 light_direction;  // towards the light
uniform float mesh_alpha;      // 0 hides the shaded mesh
uniform float wire_alpha;      // 0 hides the wireframe
uniform float samples;         // rendered pixels per picture pixel, along one side

out vec4 colour;

void main() {
    vec3 n = normalize(n_cam);
    float facing = max(dot(n, -normalize(p_cam)), 0.0);

    float lambert = 0.55 + 0.45 * max(dot(n, light_direction), 0.0);
    vec3 shade = mix(vec3(0.62, 0.74, 0.86) * lambert, vec3(0.93, 0.98, 1.0), pow(1.0 - facing, 3.0));
    float mesh = mesh_alpha * mix(0.72, 1.0, pow(1.0 - facing, 2.0));

    vec3 pixels = corner / max(fwidth(corner), 1e-6);  // distance to each edge
    float edge = min(pixels.x, min(pixels.y, pixels.z)) / samples;
    float wire = wire_alpha * (1.0 - smoothstep(0.25, 0.75, edge)) * smoothstep(0.0, 0.25, facing);

    colour = vec4(shade, 1.0) * mesh * (1.0 - wire) + vec4(0.80, 0.95, 1.0, 1.0) * wire;
}
