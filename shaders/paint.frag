#version 330 core
// Whatever isn't metal: paper, rubber, wood, plastic, lamps. Lit by the panorama and one lamp; shade.frag makes the
// shadows. Hands in front of it hide it by their depth. Writes premultiplied colour.
in vec3 p_cam;
in vec3 n_cam;

uniform vec3 paint_rgb;        // linear: what it reflects of white light
uniform float roughness;
uniform vec3 glow_rgb;         // linear: its own light
uniform float opacity;
uniform vec3 light_direction;  // towards the light

out vec4 colour;

#include "light.glsl"
#include "photographed.glsl"

void main() {
    vec3 n = normalize(n_cam), to_eye = -normalize(p_cam);
    float lamp = max(dot(n, light_direction), 0.0);
    vec3 seen = paint_rgb * (0.5 * radiance(n, 1.0) + 0.45 * lamp * scene_light);

    float grazing = pow(1.0 - max(dot(n, to_eye), 0.0), 5.0);
    float fresnel = 0.04 + max(0.96 - roughness, 0.0) * grazing;
    seen += fresnel * min(radiance(reflect(-to_eye, n), roughness), vec3(6.0));
    colour = vec4(photographed(seen + glow_rgb), 1.0) * opacity;
}
