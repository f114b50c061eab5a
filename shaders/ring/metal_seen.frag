#version 330 core
// Metal, shaded once for each pixel from what metal_surface.frag left. Writes premultiplied colour.
uniform sampler2D surfaces;
uniform vec4 picture_rays;     // pixel -> ray: x * .x + .z, y * .y + .w
uniform mat4 own_from_cam;
uniform vec3 own_axis;         // unit vector, camera frame

vec3 p_cam;
out vec4 colour;

#include "light.glsl"
#include "occlusion.glsl"
#include "metal.glsl"

void main() {
    vec4 surface = texelFetch(surfaces, ivec2(gl_FragCoord.xy), 0);
    vec3 n = vec3(surface.xy, 1.0 - abs(surface.x) - abs(surface.y));
    if (n.z < 0.0) n.xy = (1.0 - abs(n.yx)) * mix(vec2(-1.0), vec2(1.0), greaterThanEqual(n.xy, vec2(0.0)));
    p_cam = surface.z * vec3(gl_FragCoord.xy * picture_rays.xy + picture_rays.zw, 1.0);
    vec3 p_own = (own_from_cam * vec4(p_cam, 1.0)).xyz;
    vec3 outward = transpose(mat3(own_from_cam)) * vec3(p_own.xy, 0.0);
    colour = metal_colour(normalize(n), p_own, own_axis, normalize(outward), surface.w);
}
