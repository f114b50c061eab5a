#version 330 core
// Whatever isn't metal: paper, rubber, wood, plastic, lamps. Lit softly by the room and by one lamp; shade_hand.frag
// and shade_prop.frag make the shadows. Writes premultiplied colour.
in vec3 p_cam;
in vec3 n_cam;

uniform vec3 paint_rgb;        // linear: what it reflects of white light
uniform float roughness;
uniform vec3 glow_rgb;         // linear: its own light
uniform float opacity;
uniform vec3 light_direction;  // towards the light
uniform vec3 scene_light;      // linear: what white in this scene's light looks like
uniform sampler2D occluder;    // depth of what hides it, pixel for pixel

const float GIVES_WAY = 0.004;  // of its distance, skin to what touches it

out vec4 colour;

#include "ambient.glsl"
#include "tone_map.glsl"

void main() {
    float behind = (1.0 - GIVES_WAY) * p_cam.z - texelFetch(occluder, ivec2(gl_FragCoord.xy), 0).r;
    float visible = opacity * (1.0 - smoothstep(0.0, 0.001, behind));
    if (visible < 0.004) {  // not discarded: what is behind it is hidden too, and need not be shaded
        colour = vec4(0.0);
        return;
    }
    vec3 n = normalize(n_cam), to_eye = -normalize(p_cam);
    float lamp = max(dot(n, light_direction), 0.0);
    vec3 seen = paint_rgb * (0.5 * soft_light(n) + 0.45 * lamp * scene_light);

    float grazing = 1.0 - max(dot(n, to_eye), 0.0);
    float fresnel = 0.04 + max(0.96 - roughness, 0.0) * grazing * grazing * grazing * grazing * grazing;
    seen += fresnel * mix(1.0, 0.35, roughness) * soft_light(reflect(-to_eye, n));
    float rough = max(roughness * roughness, 0.01), sharp = 2.0 / (rough * rough);  // Blinn's exponent
    float glint = pow(max(dot(n, normalize(light_direction + to_eye)), 0.0), sharp) * (sharp + 8.0) / 25.0;
    seen += 0.04 * 0.45 * lamp * glint * scene_light;
    colour = vec4(tone_map(seen + glow_rgb), 1.0) * visible;
}
