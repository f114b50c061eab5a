#version 330
// Bends a mesh with its bones and gathers the light at each vertex.
#include "table.glsl"
#include "light.glsl"
uniform vec3 arm_start;  // middle of the wrist's loop at rest
uniform vec3 arm_axis;
uniform bool slides;   // a sleeve may begin farther down and hang looser
uniform float flesh;   // 1: light wanders in it; 0: it is opaque
uniform float rough;   // of what is no flesh

in vec3 in_rest;
in vec3 in_normal;
in vec4 in_weights;
in vec4 in_bones;   // -1: the forearm's
in vec3 in_about;   // part; uv
in mat3 in_shape0;  // metres per beta
in mat3 in_shape1;
in mat3 in_shape2;
in vec3 in_shape3;
out vec4 place;        // rest x, y; uv
out vec4 light_depth;  // what a white surface would send on; metres
out vec3 gloss_rgb;    // what is mirrored
flat out float part;

const float NEAR = 0.02, FAR = 6.0;

struct Bone { vec4 x, y, z; };

Bone blended(vec4 weights, ivec4 bones) {
    Bone sum = Bone(vec4(0.0), vec4(0.0), vec4(0.0));
    for (int i = 0; i < 4; ++i) {
        if (weights[i] < 1e-4) continue;
        int at = BONES + 3 * bones[i];
        sum.x += weights[i] * known[at];
        sum.y += weights[i] * known[at + 1];
        sum.z += weights[i] * known[at + 2];
    }
    return sum;
}

float growth(float along) {  // of the forearm's radius
    return 1.0 + 0.5 * smoothstep(0.02, 0.2, along);
}

void main() {
    vec4 b0 = known[BETAS], b1 = known[BETAS + 1], b2 = known[BETAS + 2];
    vec3 at = in_rest + in_shape0 * b0.xyz + in_shape1 * vec3(b0.w, b1.xy) + in_shape2 * vec3(b1.zw, b2.x)
            + in_shape3 * b2.y;
    vec4 weights = in_weights;
    ivec4 bones = ivec4(in_bones);
    if (in_bones.x < -0.5) {
        float along = dot(in_rest - arm_start, arm_axis);
        if (slides) {
            vec4 cut = known[SLEEVE];  // where it begins, how loose it is
            vec3 out_of_axis = at - arm_start - arm_axis * dot(at - arm_start, arm_axis);
            float wider = (growth(along + cut.x) / growth(along)) * (1.0 + cut.y * (1.0 - exp(-along / 0.02)));
            at += arm_axis * cut.x + out_of_axis * (wider - 1.0);
            along += cut.x;
        }
        float turned = smoothstep(0.004, 0.055, along);
        weights = vec4(max(1.0 - 2.0 * turned, 0.0), 1.0 - abs(2.0 * turned - 1.0), max(2.0 * turned - 1.0, 0.0), 0.0);
        bones = ivec4(0, HALF_BONE, FULL_BONE, 0);
    }
    Bone bone = blended(weights, bones);
    vec4 p = vec4(at, 1.0);
    vec3 position = vec3(dot(bone.x, p), dot(bone.y, p), dot(bone.z, p));
    vec3 normal = normalize(vec3(dot(bone.x.xyz, in_normal), dot(bone.y.xyz, in_normal), dot(bone.z.xyz, in_normal)));
    place = vec4(in_rest.xy, in_about.yz);
    part = in_about.x;
    gather(position, normal, in_about.x, mix(rough, known[SKIN].z, flesh), flesh, light_depth.rgb, gloss_rgb);
    light_depth.w = position.z;
    // The viewport is the hand's tile; rows of pixels run down.
    float z = position.z;
    gl_Position = vec4(2.0 * known[CAMERA].x * position.xy, (FAR + NEAR) / (FAR - NEAR) * z - 2.0 * FAR * NEAR / (FAR - NEAR), z);
}
