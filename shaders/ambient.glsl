// The room's soft light on matt things, from app/render/ambient.py. Needs scene_light.
uniform vec4 ambient[6];  // from +x, -x, +y, -y, +z, -z

vec3 soft_light(vec3 d) {
    vec3 s = d * d, front = step(vec3(0.0), d);
    vec3 found = s.x * mix(ambient[1].rgb, ambient[0].rgb, front.x)
               + s.y * mix(ambient[3].rgb, ambient[2].rgb, front.y)
               + s.z * mix(ambient[5].rgb, ambient[4].rgb, front.z);
    return scene_light * found;
}
