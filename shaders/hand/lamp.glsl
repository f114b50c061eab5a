// A lamp at infinity: the orthographic frame in which its shadow map is drawn and read.
uniform vec3 scene_centre;
uniform float scene_radius;

vec3 lamp_space(vec3 point, vec3 direction) {
    vec3 other = abs(direction.y) < 0.9 ? vec3(0.0, 1.0, 0.0) : vec3(1.0, 0.0, 0.0);
    vec3 u = normalize(cross(other, direction));
    vec3 v = cross(direction, u);
    vec3 p = (point - scene_centre) / scene_radius;
    return vec3(dot(p, u), dot(p, v), -dot(p, direction));  // z: 1 is farthest from the lamp
}
