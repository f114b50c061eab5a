"""Many small pictures of hands at once: a sheet of square tiles, drawn in a few calls.

Every mesh is bent on the GPU (or by Mesa on the CPU) from a table that has one row for each hand; each tile
is drawn at twice its size and brought down with the background behind it. An atlas belongs to the thread
that made it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import moderngl
import numpy as np
from numpy.typing import NDArray

from models.hand.hand_data import HandData
from models.training.synthetic.atlas_mesh import ARM_BONES, N_ALL_BONES, build_meshes
from models.training.synthetic.drawable import Drawable, set_uniforms
from models.training.synthetic.gl import load_program, make_context
from models.training.synthetic.skin_maps import paint_skin
from models.types import Float32

UInt8 = NDArray[np.uint8]
_Targets = tuple[moderngl.Framebuffer, list[moderngl.Texture], moderngl.Framebuffer]

N_CAPSULES = 20
TEXELS = {
    # where each entry of a row begins, in texels of four numbers
    "BONES": 0,  # rows of the (3, 4) map of each bone from rest to the camera frame
    "CAPSULES": 3 * N_ALL_BONES,  # thick lines that shade: start and radius; end and part
    "LIGHT": 94,  # nine RGB coefficients of the environment's irradiance
    "LAMPS": 103,  # two lamps: direction and softness; RGB
    "CAMERA": 107,  # focal length in crop widths
    "SKIN": 108,  # melanin, haemoglobin, roughness, melanin of the palm's side (a factor)
    "NAILS": 109,  # RGB of the polish, and how much there is
    "BETAS": 110,  # ten
    "SLEEVE": 113,  # where it begins, metres down the arm; how loose it is, a fraction of its radius
    "CLOTH": 114,  # RGB and pattern; second RGB and the pattern's size, metres
    "METAL": 116,  # RGB and roughness of rings; of the watch's case
    "STRAP": 118,  # RGB of the watch's strap; one more texel
    "INK": 120,  # RGB of henna or of a tattoo, and how much; figures a metre, where, how many, palm too
    "BACKGROUND": 122,  # layer, blur (mip level); two rows of the map from the tile; RGB gain: the last
}
ROW_TEXELS = 126
_ATLAS_PX = 4096
_COARSE_PX = 128  # up to this size a mesh without subdivision looks the same
_ALIGNED = 256  # bytes: no driver asks for more between uniform blocks


@dataclass(frozen=True)
class Drawn:
    """Pictures of B tiles; row 0 is the top."""

    rgb: UInt8  # (B, 3, S, S) sRGB
    coverage: UInt8  # (B, S, S) the fraction of a pixel that the hand covers, occluded or not, of 255
    labels: Float32 | None  # (B, S, S, 3) depth in metres, part + 1 (0: no hand), its visible fraction


@dataclass(frozen=True)
class DrawList:
    """What is drawn on each tile, (name of the piece, row of the table) each.

    Names: "skin", "sleeve", "watch", "ring0" .. "ring4" (thumb first), "prop0" .. "prop2".
    """

    hands: list[list[tuple[str, int]]]  # the hand of the crop and what it wears: has labels
    others: list[list[tuple[str, int]]]  # what else is there: occludes, or is occluded, and has no labels


class Atlas:
    """Draws hands of one model before a bank of backgrounds."""

    def __init__(self, hand: HandData, backgrounds_rgb: UInt8) -> None:
        """backgrounds_rgb: (N, H, W, 3). Raises NoGraphics where OpenGL can't start."""
        painted, window = _painted(hand)
        gl = self._gl = make_context()
        self.renderer = str(gl.info["GL_RENDERER"])  # the name that the OpenGL driver gives itself
        constants = {
            **TEXELS,
            "ROW_TEXELS": ROW_TEXELS,
            "N_CAPSULES": N_CAPSULES,
            "HALF_BONE": ARM_BONES[0],
            "FULL_BONE": ARM_BONES[1],
        }

        def program(vertex: str, fragment: str, **more: int) -> moderngl.Program:
            return load_program(gl, vertex, fragment, "hand_atlas", constants | more)

        meshes = build_meshes(hand, levels=1)
        plain, fine = build_meshes(hand, levels=0), meshes.skin
        self.arm_start, self.arm_axis = meshes.arm_start, meshes.arm_axis
        skin, prop = program("bent.vert", "skin.frag"), program("bent.vert", "prop.frag")
        for each in (skin, prop):
            set_uniforms(each, arm_start=tuple(self.arm_start), arm_axis=tuple(self.arm_axis), slides=False)
        cloth, metal = {"paint": TEXELS["CLOTH"], "rough": 0.9}, {"paint": TEXELS["METAL"], "metal": True}
        self._pieces = {
            "coarse skin": Drawable(gl, skin, plain.skin, {"flesh": 1.0}),
            "skin": Drawable(gl, skin, fine, {"flesh": 1.0}),
            "coarse sleeve": Drawable(gl, prop, plain.sleeve, {**cloth, "slides": True}),
            "sleeve": Drawable(gl, prop, meshes.sleeve, {**cloth, "slides": True}),
            "watch": Drawable(gl, prop, meshes.watch, {"paint": TEXELS["STRAP"], "rough": 0.5}),
            **{
                f"ring{k}": Drawable(gl, prop, ring, {**metal, "rough": 0.35})
                for k, ring in enumerate(meshes.rings)
            },
            **{
                f"prop{k}": Drawable(gl, prop, piece, {**cloth, "rough": 0.5})
                for k, piece in enumerate(meshes.props)
            },
        }
        self._maps = gl.texture_array((painted.shape[2], painted.shape[1], 2), 4, painted.tobytes())
        self._maps.build_mipmaps()
        # Each pixel is the mean of four samples: in between them the nearest texel looks the same.
        self._maps.filter = (moderngl.NEAREST_MIPMAP_NEAREST, moderngl.NEAREST)
        self._maps.repeat_x = self._maps.repeat_y = False
        set_uniforms(skin, map_window=window, skin_maps=0)
        corners = gl.buffer(np.array([0, 0, 1, 0, 0, 1, 1, 1], "f4").tobytes())
        self._behind = gl.buffer(reserve=64, dynamic=True)  # what of the table tells the backgrounds
        names = [f"in_{name}" for name in ("background", "across", "down", "gain")]
        self._resolve = {}
        for labelled in (False, True):
            resolve = program("resolve.vert", "resolve.frag", LABELLED=int(labelled))
            set_uniforms(resolve, colours=1, infos=2, backgrounds=3)
            per_tile = (self._behind, "4f 4f 4f 4f/i", *names)
            self._resolve[labelled] = gl.vertex_array(resolve, [(corners, "2f", "in_corner"), per_tile])
        n, h, w, _ = backgrounds_rgb.shape
        bank = np.concatenate([backgrounds_rgb, np.full((n, h, w, 1), 255, np.uint8)], -1)
        self._backgrounds = gl.texture_array((w, h, n), 4, bank.tobytes())
        self._backgrounds.build_mipmaps()
        self._backgrounds.filter = (moderngl.LINEAR_MIPMAP_NEAREST, moderngl.LINEAR)
        self._table = gl.buffer(reserve=ROW_TEXELS * 16, dynamic=True)
        self._targets: dict[tuple[int, bool], _Targets] = {}

    def close(self) -> None:
        """Free the context and everything in it."""
        self._gl.release()

    def draw(self, rows: Float32, draw_list: DrawList, n: int, size: int, labelled: bool = False) -> Drawn:
        """Draw n tiles of size x size pixels; row k of the table has the background of tile k.

        rows: (R, ROW_TEXELS, 4), R >= n.
        """
        with self._gl:
            return self._draw_all(rows, draw_list, n, size, labelled)

    def _draw_all(self, rows: Float32, draw_list: DrawList, n: int, size: int, labelled: bool) -> Drawn:
        self._upload(rows)
        columns = max(1, min(_ATLAS_PX // (2 * size), int(np.ceil(np.sqrt(n)))))
        at_once = columns * columns
        parts = [self._sheet(rows, draw_list, k, columns, size, labelled) for k in range(0, n, at_once)]
        rgba = np.concatenate([picture for picture, _ in parts])[:n] if len(parts) > 1 else parts[0][0][:n]
        labels = np.concatenate([p for _, p in parts])[:n] if labelled else None
        return Drawn(rgba[:, :3], rgba[:, 3], labels)

    def _sheet(
        self, rows: Float32, draw_list: DrawList, first: int, columns: int, size: int, labelled: bool
    ) -> tuple[UInt8, Float32]:
        gl, side = self._gl, columns * size
        fine, textures, final = self._target(side, labelled)
        fine.use()
        fine.viewport = (0, 0, 2 * side, 2 * side)
        fine.clear()
        gl.enable_only(moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        gl.front_face = "cw"  # the picture's y runs down, which turns outward faces over
        self._maps.use(0)
        for tile, drawn in enumerate(draw_list.hands[first : first + columns * columns]):
            fine.viewport = (tile % columns * 2 * size, tile // columns * 2 * size, 2 * size, 2 * size)
            self._draw(drawn, size, owner=True)
        # An occluder leaves the hand's labels, and its coverage in alpha, as they are.
        if labelled:
            fine.color_mask = ((True,) * 4, (False, False, True, False))  # type: ignore[assignment]
        gl.enable(moderngl.BLEND)
        gl.blend_func = moderngl.ONE, moderngl.ZERO, moderngl.ONE, moderngl.ONE  # type: ignore[assignment]
        gl.blend_equation = moderngl.FUNC_ADD, moderngl.MAX  # type: ignore[assignment]
        for tile, drawn in enumerate(draw_list.others[first : first + columns * columns]):
            fine.viewport = (tile % columns * 2 * size, tile // columns * 2 * size, 2 * size, 2 * size)
            self._draw(drawn, size, owner=False)
        if labelled:
            fine.color_mask = ((True,) * 4, (True,) * 4)  # type: ignore[assignment]

        final.use()
        gl.enable_only(0)
        for slot, texture in enumerate(textures, 1):
            texture.use(slot)
        self._backgrounds.use(3)
        final.viewport = (0, 0, side, side)
        tiles = min(columns * columns, len(draw_list.hands) - first)
        behind = rows[first : first + tiles, TEXELS["BACKGROUND"] :]
        if self._behind.size < behind.nbytes:
            self._behind.orphan(behind.nbytes)
        self._behind.write(behind.tobytes())
        set_uniforms(self._resolve[labelled].program, columns=columns)
        self._resolve[labelled].render(moderngl.TRIANGLE_STRIP, instances=tiles)
        picture = np.frombuffer(final.read(components=4), np.uint8).reshape(side, side, 4)
        labels = np.zeros((0, size, size, 3), np.float32)
        if labelled:
            read = np.frombuffer(final.read(components=4, attachment=1, dtype="f4"), np.float32)
            labels = _tiles(read.reshape(side, side, 4)[..., :3], columns)
        return _planes(picture, columns), labels

    def _draw(self, pieces: list[tuple[str, int]], size: int, owner: bool) -> None:
        for name, row in pieces:
            self._bind(row)
            coarse = f"coarse {name}" if size <= _COARSE_PX else name
            self._pieces.get(coarse, self._pieces[name]).draw(owner)

    def _target(self, side: int, labelled: bool) -> _Targets:
        key = (side, labelled)
        if key not in self._targets:
            gl, wide = self._gl, (2 * side, 2 * side)
            kinds = [(4, "f1"), (4, "f4")] if labelled else [(4, "f1")]
            textures = [gl.texture(wide, n, dtype=kind) for n, kind in kinds]
            fine = gl.framebuffer(textures, gl.depth_renderbuffer(wide))
            kinds = [(4, "f1"), (4, "f4")] if labelled else [(4, "f1")]
            final = gl.framebuffer([gl.texture((side, side), n, dtype=kind) for n, kind in kinds])
            self._targets[key] = (fine, textures, final)
        return self._targets[key]

    def _upload(self, rows: Float32) -> None:
        n = len(rows)
        self._stride = -(-ROW_TEXELS * 16 // _ALIGNED) * _ALIGNED
        table = np.zeros((n, self._stride // 16, 4), np.float32)
        table[:, :ROW_TEXELS] = rows
        if self._table.size < table.nbytes:
            self._table.orphan(table.nbytes)
        self._table.write(table.tobytes())

    def _bind(self, row: int) -> None:
        self._table.bind_to_uniform_block(0, row * self._stride, ROW_TEXELS * 16)


@lru_cache(maxsize=1)
def _painted(hand: HandData) -> tuple[UInt8, tuple[float, float, float, float]]:
    """(2, H, W, 4) palm and back in eight bits, and their window. Channels: both pigments over 2.5, what
    creases take of the light, nails."""
    gl, skin = make_context(), build_meshes(hand, levels=1).skin
    maps = paint_skin(gl, hand, skin.rest, skin.normals, skin.faces, skin.part)
    gl.release()
    layers = []
    for picture in (maps.palm, maps.back):
        small = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        cavity = 0.5 + 0.45 * (small[..., 2] - cv2.GaussianBlur(small[..., 2], (0, 0), 4))
        fractions = np.stack([small[..., 0] / 2.5, small[..., 1] / 2.5, cavity, small[..., 3]], -1)
        layers.append(np.round(np.clip(fractions, 0, 1) * 255).astype(np.uint8))
    return np.stack(layers), maps.window


def _tiles(sheet: NDArray, columns: int) -> NDArray:
    """(C s, C s, K) -> (C * C, s, s, K)."""
    size, k = sheet.shape[0] // columns, sheet.shape[-1]
    return sheet.reshape(columns, size, columns, size, k).swapaxes(1, 2).reshape(-1, size, size, k)


def _planes(sheet: UInt8, columns: int) -> UInt8:
    """(C s, C s, 4) -> (C * C, 4, s, s)."""
    size = len(sheet) // columns
    planes = np.empty((columns * columns, 4, size, size), np.uint8)
    for k, tile in enumerate(planes):
        y, x = k // columns * size, k % columns * size
        tile[:] = cv2.split(sheet[y : y + size, x : x + size])
    return planes
