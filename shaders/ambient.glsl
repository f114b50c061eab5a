// The environment's soft light on matt surfaces, from app/render/light/ambient.py. Needs scene_light.
uniform vec4 ambient[6];  // from +x, -x, +y, -y, +z, -z

vec3 soft_light(vec3 d) {
    vec3 plus = max(d, 0.0) * d, minus = d * d - plus;
    return scene_light * (plus.x * ambient[0].rgb + minus.x * ambient[1].rgb + plus.y * ambient[2].rgb
                        + minus.y * ambient[3].rgb + plus.z * ambient[4].rgb + minus.z * ambient[5].rgb);
}
