#version 330
// One square for each tile of the sheet.
uniform int columns;
in vec2 in_corner;      // 0 or 1
in vec4 in_background;  // of the tile's row: layer, mip level
in vec4 in_across;      // the map from the tile, its first row
in vec4 in_down;        // its second
in vec4 in_gain;        // RGB
out vec2 at;            // in the tile, 0..1
flat out vec4 background;
flat out vec4 across;
flat out vec4 down;
flat out vec4 gain;

void main() {
    vec2 tile = vec2(gl_InstanceID % columns, gl_InstanceID / columns);
    at = in_corner;
    background = in_background;
    across = in_across;
    down = in_down;
    gain = in_gain;
    gl_Position = vec4(2.0 * (tile + in_corner) / float(columns) - 1.0, 0.0, 1.0);
}
