#version 330
// From four samples a pixel to one, over the background, and from light to a picture.
uniform sampler2D rows;  // of the table, what it says of backgrounds
uniform sampler2D colours;
uniform sampler2D infos;
uniform sampler2DArray backgrounds;
uniform int tile_size;
uniform int tile_columns;
uniform int first_row;
uniform bool labelled;
layout(location = 0) out vec4 out_picture;  // sRGB; the hand's share of the pixel, hidden or not
layout(location = 1) out vec4 out_labels;   // depth in metres, part + 1, share of the pixel in which it is seen

vec4 known(int row, int k) {
    return texelFetch(rows, ivec2(k, row), 0);
}

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
    ivec2 pixel = ivec2(gl_FragCoord.xy), tile = pixel / tile_size;
    int row = first_row + tile.y * tile_columns + tile.x;
    vec2 at = (vec2(pixel - tile * tile_size) + 0.5) / float(tile_size);

    vec3 light = vec3(0.0);
    float covered = 0.0, hand = 0.0, visible = 0.0, depth = 0.0;
    vec4 parts = vec4(0.0);
    for (int i = 0; i < 4; ++i) {
        ivec2 sub = 2 * pixel + ivec2(i & 1, i >> 1);
        vec4 c = texelFetch(colours, sub, 0);
        float any = step(0.1, c.a), its = step(0.9, c.a);
        light += any * 2.0 * c.rgb * c.rgb;
        covered += any;
        hand += its;
        if (labelled) {
            vec3 info = texelFetch(infos, sub, 0).rgb;
            depth += step(0.5, info.g) * info.r;
            parts[i] = info.g;
            visible += step(0.5, info.g) * (1.0 - info.b);
        }
    }
    vec4 place = known(row, 0), x = known(row, 1), y = known(row, 2);
    vec2 uv = vec2(dot(x.xy, at - 0.5) + x.z, dot(y.xy, at - 0.5) + y.z);
    vec3 behind = textureLod(backgrounds, vec3(uv, place.x), place.y).rgb;
    behind *= (behind * (behind * 0.305306011 + 0.682171111) + 0.012522878) * known(row, 3).rgb;
    vec3 sum = (shoulder(light / max(covered, 1.0)) * covered + shoulder(behind) * (4.0 - covered)) / 4.0;
    out_picture = vec4(srgb(clamp(sum, 0.0, 1.0)), hand / 4.0);

    if (!labelled) return;
    float best = 0.0, most = 0.0;
    for (int i = 0; i < 4; ++i) {
        float same = dot(vec4(lessThan(abs(parts - parts[i]), vec4(0.5))), vec4(1.0));
        if (parts[i] > 0.5 && same > most) { most = same; best = parts[i]; }
    }
    out_labels = vec4(depth / max(hand, 1.0), hand > 1.5 ? best : 0.0, visible / 4.0, 0.0);
}
