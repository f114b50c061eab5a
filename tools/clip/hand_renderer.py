"""Photo-like pictures of the open hand: skin, forearm and sleeve under the light of a room.

Everything is our own: geometry from the hand model (subdivided), colour from pigments, light from a
panorama whose every lamp casts a shadow. A renderer belongs to the thread that made it.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType

import cv2
import moderngl
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.geometry import project
from models.hand.hand_data import HandData
from models.training.synthetic.arm import Arm
from models.training.synthetic.gl import load_program, make_context
from models.training.synthetic.lighting import Light
from models.training.synthetic.skin_maps import SkinMaps, paint_skin
from models.training.synthetic.subdivision import Refinement, refine
from models.types import Camera, Float32, Float64

PART_FOREARM, PART_SLEEVE = 6, 7
"""Parts 0 to 5 are the hand's regions: palm, then thumb to little finger."""
_LAMP_MAP, _TILES, _KEY_MAP = 256, 8, 1024


@dataclass(frozen=True)
class Skin:
    """Whose hand it is."""

    melanin: float = 0.27  # 0.05 very pale to 2 very dark
    haemoglobin: float = 0.25  # 0.1 bloodless to 0.5 flushed
    roughness: float = 0.48  # 0.35 oily to 0.7 dry
    sleeve_rgb: tuple[float, float, float] | None = (0.06, 0.10, 0.17)  # linear; None: bare arm


@dataclass(frozen=True)
class Layer:
    """A rendered hand before it is laid over a picture. Row 0 is the top."""

    rgb: Float32  # (H, W, 3) linear light, premultiplied by the mask
    mask: Float32  # (H, W) coverage of hand, arm and sleeve, 0..1
    depth_m: Float32  # (H, W) z at the pixel's centre; infinite where nothing is
    parts: NDArray[np.int8]  # (H, W) part at the pixel's centre; -1 where nothing is


class _Surface:
    """One mesh on the GPU with its refinement; `fine` is the latest refined positions."""

    def __init__(self, renderer: HandRenderer, faces: NDArray[np.int64], n: int, levels: int) -> None:
        self.refinement: Refinement = refine(faces, n, levels)
        self.matrix = self.refinement.matrix
        m, faces = self.matrix.shape[0], self.refinement.faces
        f = len(faces)
        corner = np.repeat(np.arange(f), 3)
        self._gather = sparse.csr_matrix((np.ones(3 * f), (faces.ravel(), corner)), shape=(m, f))
        gl = renderer.context
        self.positions = gl.buffer(reserve=m * 12, dynamic=True)
        self.normals = gl.buffer(reserve=m * 12, dynamic=True)
        self.rest = gl.buffer(reserve=m * 12)
        self.side = gl.buffer(reserve=m * 8)
        index = gl.buffer(faces.astype("i4").tobytes())
        self.shaded = gl.vertex_array(
            renderer.surface_program,
            [
                (self.positions, "3f", "in_position"),
                (self.normals, "3f", "in_normal"),
                (self.rest, "3f", "in_rest"),
                (self.side, "2f", "in_side"),
            ],
            index,
        )
        self.caster = gl.vertex_array(renderer.shadow_program, [(self.positions, "3f", "in_position")], index)

    def normals_of(self, fine: Float64) -> Float64:
        """(M, 3) unit vertex normals, faces weighted by area."""
        a, b, c = fine[self.refinement.faces].transpose(1, 0, 2)
        n = self._gather @ np.cross(b - a, c - a)
        return n / np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-12)

    def describe(self, rest: Float64, palmward: Float64, part: Float64) -> None:
        self.rest.write(rest.astype("f4").tobytes())
        self.side.write(np.stack([palmward, part], 1).astype("f4").tobytes())

    def move(self, coarse: Float64) -> Float64:
        fine = self.matrix @ coarse
        self.positions.write(fine.astype("f4").tobytes())
        self.normals.write(self.normals_of(fine).astype("f4").tobytes())
        return fine


class HandRenderer:
    """Draws right hands of one hand model. `with HandRenderer(hand) as renderer: ...` frees the context."""

    def __init__(
        self, hand: HandData, levels: int = 2, supersampling: int = 3, sleeve_start_m: float = 0.075
    ) -> None:
        if supersampling % 2 == 0 or supersampling < 1:
            raise ValueError(f"supersampling: expected an odd number, got {supersampling}")
        self._supersampling = supersampling
        self.context = make_context()
        self.arm = Arm(hand, sleeve_start_m)
        self.surface_program = load_program(self.context, "surface.vert", "surface.frag")
        self.shadow_program = load_program(self.context, "shadow.vert", "shadow.frag")
        self._skin = _Surface(self, self.arm.skin_faces, self.arm.n_skin, levels)
        self._sleeve = _Surface(self, self.arm.sleeve_faces, len(self.arm.rest_sleeve), 1)

        rest = self._skin.matrix @ self.arm.rest_skin
        region = np.full(self.arm.n_skin, PART_FOREARM)
        region[: len(hand.regions)] = hand.regions
        nearest = np.asarray(abs(self._skin.matrix).argmax(1)).ravel()
        normals = self._skin.normals_of(rest)
        self.parts = region[nearest]
        self._skin.describe(rest, -normals[:, 2], self.parts)
        m = self._sleeve.matrix.shape[0]
        cloth = np.zeros((m, 3))
        cloth[:, :2] = self._sleeve.matrix @ self.arm.sleeve_uv_m
        self._sleeve.describe(cloth, np.zeros(m), np.full(m, PART_SLEEVE))

        self.maps = paint_skin(self.context, hand, rest, normals, self._skin.refinement.faces, self.parts)
        self._upload(self.maps)
        self._lamp_depth = self.context.depth_texture((_LAMP_MAP * _TILES,) * 2)
        self._key_depth = self.context.depth_texture((_KEY_MAP,) * 2)
        for texture in (self._lamp_depth, self._key_depth):
            texture.compare_func = "<="
            texture.repeat_x = texture.repeat_y = False
        self._lamp_target = self.context.framebuffer(depth_attachment=self._lamp_depth)
        self._key_target = self.context.framebuffer(depth_attachment=self._key_depth)
        self._target: moderngl.Framebuffer | None = None

    def __enter__(self) -> HandRenderer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the context and everything in it."""
        self.context.release()

    def _upload(self, maps: SkinMaps) -> None:
        for slot, picture in ((2, maps.palm), (3, maps.back)):
            texture = self.context.texture(
                picture.shape[1::-1], 4, picture.astype("f2").tobytes(), dtype="f2"
            )
            texture.build_mipmaps()
            texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
            texture.repeat_x = texture.repeat_y = False
            texture.use(slot)
        self.surface_program["palm_map"], self.surface_program["back_map"] = 2, 3
        self.surface_program["map_window"] = maps.window

    def render(
        self,
        vertices_m: NDArray[np.floating],
        R_wrist: Float64,
        elbow_m: Float64,
        camera: Camera,
        skin: Skin,
        light: Light,
    ) -> Layer:
        """Draw one hand.

        vertices_m: (778, 3) posed, camera frame, metres. R_wrist: (3, 3) the hand's global rotation.
        elbow_m: (3,) the point the forearm runs towards, camera frame.
        Errors: ValueError when the hand reaches behind the camera.
        """
        if np.min(np.asarray(vertices_m)[:, 2]) < 0.05:
            raise ValueError("hand: expected every vertex at least 0.05 m before the camera")
        placed = self.arm.pose(vertices_m, R_wrist, elbow_m)
        fine = self._skin.move(placed.skin)
        surfaces, seen = [self._skin], [fine]
        if skin.sleeve_rgb is not None:
            seen.append(self._sleeve.move(placed.sleeve))
            surfaces.append(self._sleeve)
        self._cast_shadows(fine, surfaces, light)
        window = _window(np.concatenate(seen), camera)
        return self._shade(surfaces, camera, window, skin, light)

    def _cast_shadows(self, fine: Float64, surfaces: list[_Surface], light: Light) -> None:
        near = fine[self.parts != PART_FOREARM]
        centre = (near.min(0) + near.max(0)) / 2
        radius = float(np.linalg.norm(near - centre, axis=1).max()) + 0.06
        for program in (self.shadow_program, self.surface_program):
            program["scene_centre"], program["scene_radius"] = tuple(centre), radius
        self.surface_program["key_blur"] = 0.5 * light.key_softness * 0.05 / radius
        self.context.enable_only(moderngl.DEPTH_TEST)
        self._lamp_target.viewport = (0, 0, _LAMP_MAP * _TILES, _LAMP_MAP * _TILES)
        self._lamp_target.clear(depth=1.0)
        views = [
            (self._lamp_target, (i % _TILES * _LAMP_MAP, i // _TILES * _LAMP_MAP, _LAMP_MAP, _LAMP_MAP), d)
            for i, d in enumerate(light.lamp_directions)
        ]
        self._key_target.clear(depth=1.0)
        views.append((self._key_target, (0, 0, _KEY_MAP, _KEY_MAP), light.key_direction))
        for target, viewport, direction in views:
            target.use()
            target.viewport = viewport
            self.shadow_program["direction"] = tuple(direction)
            for surface in surfaces:
                surface.caster.render()

    def _shade(
        self, surfaces: list[_Surface], camera: Camera, window: tuple[slice, slice], skin: Skin, light: Light
    ) -> Layer:
        s = self._supersampling
        rows, columns = window
        fine = camera.scaled(camera.width * s, camera.height * s)
        target = self._picture(fine.width, fine.height)
        program = self.surface_program
        n = len(light.lamp_directions)
        lamps = np.zeros((2, 64, 3), np.float32)
        lamps[0, :n], lamps[1, :n] = light.lamp_directions, light.lamp_rgb
        program["lamp_count"] = n
        program["lamp_direction"] = [tuple(d) for d in lamps[0].tolist()]
        program["lamp_rgb"] = [tuple(c) for c in lamps[1].tolist()]
        program["key_direction"], program["key_rgb"] = tuple(light.key_direction), tuple(light.key_rgb)
        x0, y0, w, h = columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start
        program["intrinsics"] = (fine.fx, fine.fy, fine.cx - s * x0, fine.cy - s * y0)
        program["picture"] = (s * w, s * h)
        program["melanin"], program["haemoglobin"] = skin.melanin, skin.haemoglobin
        program["roughness"], program["cloth_part"] = skin.roughness, PART_SLEEVE
        program["cloth_rgb"] = skin.sleeve_rgb or (0.0, 0.0, 0.0)
        self._lamp_depth.use(0)
        self._key_depth.use(1)
        program["lamp_shadows"], program["key_shadow"] = 0, 1
        target.use()
        target.viewport = (0, 0, s * w, s * h)
        target.clear()
        self.context.front_face = "cw"  # the picture's y runs down, which turns outward faces over
        for surface in surfaces:
            surface.shaded.render()
        return self._read(target, camera, window)

    def _picture(self, width: int, height: int) -> moderngl.Framebuffer:
        if self._target is None or self._target.size != (width, height):
            gl = self.context
            attachments = [gl.texture((width, height), n, dtype=kind) for n, kind in ((4, "f2"), (2, "f4"))]
            self._target = gl.framebuffer(attachments, gl.depth_renderbuffer((width, height)))
        return self._target

    def _read(self, target: moderngl.Framebuffer, camera: Camera, window: tuple[slice, slice]) -> Layer:
        s, shape = self._supersampling, (camera.height, camera.width)
        layer = Layer(
            np.zeros((*shape, 3), np.float32),
            np.zeros(shape, np.float32),
            np.full(shape, np.inf, np.float32),
            np.full(shape, -1, np.int8),
        )
        h, w = layer.mask[window].shape
        view = (0, 0, s * w, s * h)
        colour = np.frombuffer(target.read(view, components=4, dtype="f2"), np.float16)
        mean = cv2.resize(
            colour.reshape(h * s, w * s, 4).astype(np.float32), (w, h), interpolation=cv2.INTER_AREA
        )
        info = np.frombuffer(target.read(view, components=2, attachment=1, dtype="f4"), np.float32)
        centre = info.reshape(h, s, w, s, 2)[:, s // 2, :, s // 2]
        seen = centre[..., 0] > 0
        layer.rgb[window], layer.mask[window] = mean[..., :3], mean[..., 3]
        layer.depth_m[window][seen] = centre[seen, 0]
        layer.parts[window][seen] = np.round(centre[seen, 1])
        return layer


def _window(points_m: Float64, camera: Camera) -> tuple[slice, slice]:
    """Rows and columns of the picture that the points fall in, at least one pixel of each."""
    size = np.array([camera.width, camera.height])
    front = points_m[points_m[:, 2] > 0.05]
    px = project(front, camera)
    low = np.clip(np.floor(px.min(0)).astype(int) - 1, 0, size - 1)
    high = np.clip(np.ceil(px.max(0)).astype(int) + 2, low + 1, size)
    return slice(low[1], high[1]), slice(low[0], high[0])
