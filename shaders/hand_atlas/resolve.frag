#version 330
// From four samples a pixel to one, over the background, and from light to a picture.
uniform sampler2D colours;
uniform sampler2D infos;
uniform sampler2DArray backgrounds;
in vec2 at;  // in the tile, 0..1
flat in vec4 background;
flat in vec4 across;
flat in vec4 down;
flat in vec4 gain;
layout(location = 0) out vec4 out_picture;  // sRGB; the hand's share of the pixel, hidden or not
layout(location = 1) out vec4 out_labels;   // depth in metres, part + 1, share of the pixel in which it is seen

vec3 shoulder(vec3 x) {
    vec3 bright = 0.55 + 0.45 * (1.0 - exp(-(max(x, 0.55) - 0.55) / 0.45));
    return mix(x, bright, step(0.55, x));
}

vec3 srgb(vec3 x) {
    // Within half a step of 255 of the standard's curve; roots are cheaper than powers.
    vec3 a = sqrt(x), b = sqrt(a), c = sqrt(b);
    return clamp(0.662002687 * a + 0.684122060 * b - 0.323583601 * c - 0.0225411470 * x, 0.0, 1.0);
}

void main() {
    // One look between four samples finds their mean.
    vec4 mean = texture(colours, 2.0 * gl_FragCoord.xy / vec2(textureSize(colours, 0)));
    float sum = floor(20.0 * mean.a + 0.5), hand = floor((sum + 0.5) / 5.0), covered = sum - 4.0 * hand;
    vec3 root = 4.0 * mean.rgb / max(covered, 1.0), light = 2.0 * root * root;
    vec2 uv = vec2(dot(across.xy, at - 0.5) + across.z, dot(down.xy, at - 0.5) + down.z);
    vec3 behind = textureLod(backgrounds, vec3(uv, background.x), background.y).rgb;
    behind *= (behind * (behind * 0.305306011 + 0.682171111) + 0.012522878) * gain.rgb;
    vec3 seen = mix(shoulder(behind), shoulder(light), covered / 4.0);
    out_picture = vec4(srgb(clamp(seen, 0.0, 1.0)), hand / 4.0);

    if (LABELLED == 0) return;
    ivec2 first = 2 * ivec2(gl_FragCoord.xy);
    float visible = 0.0, depth = 0.0;
    vec4 parts = vec4(0.0);
    for (int i = 0; i < 4; ++i) {
        vec3 info = texelFetch(infos, first + ivec2(i & 1, i >> 1), 0).rgb;
        depth += step(0.5, info.g) * info.r;
        parts[i] = info.g;
        visible += step(0.5, info.g) * (1.0 - info.b);
    }
    float best = 0.0, most = 0.0;
    for (int i = 0; i < 4; ++i) {
        float same = dot(vec4(lessThan(abs(parts - parts[i]), vec4(0.5))), vec4(1.0));
        if (parts[i] > 0.5 && same > most) { most = same; best = parts[i]; }
    }
    out_labels = vec4(depth / max(hand, 1.0), hand > 1.5 ? best : 0.0, visible / 4.0, 0.0);
}
