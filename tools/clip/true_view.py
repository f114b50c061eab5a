"""What a hand truly leaves in view of a ring: both drawn as ids, many times finer than the picture.

Apart from the app's own drawing on purpose: another library, another surface (subdivided, as the one in the
demo's picture is), plain depth.
"""

from __future__ import annotations

import cv2
import moderngl
import numpy as np
from numpy.typing import NDArray

from app.render.scene import Prop
from models.geometry import project
from models.hand.hand_data import HandData
from models.training.synthetic.gl import make_context
from models.training.synthetic.subdivision import refine
from models.types import Camera, Float64, HandMesh

Mask = NDArray[np.bool_]

FINE = 6  # samples of a pixel, along each of its sides
SINKS_M = 0.001  # the skin of its own finger gives way to a band by so much ..
_BESIDE_M, _AROUND = 0.002, 1.5  # .. this far beside it, and so many radii from its middle
_LEVELS = 2
_WINDOW_PX = 128
_NEAR_M, _FAR_M = 0.05, 3.0

_VERTEX = """#version 330
in vec3 position;
uniform vec4 pinhole;  // fx, fy, cx, cy of the window, which is one unit wide and high
uniform vec2 near_far;
void main() {
    float n = near_far.x, f = near_far.y, z = position.z;
    vec2 at = 2.0 * (pinhole.xy * position.xy + pinhole.zw * z) - z;
    gl_Position = vec4(at, (z * (f + n) - 2.0 * f * n) / (f - n), z);
}"""
_FRAGMENT = """#version 330
uniform float id;
out float found;
void main() { found = id; }"""


class TrueView:
    """Draws on a context of its own. `with TrueView(hand) as view: ...` frees it."""

    def __init__(self, hand: HandData) -> None:
        fine = refine(hand.faces, len(hand.template_m), _LEVELS)
        self._matrix, self._faces = fine.matrix, fine.faces
        nearest = np.asarray(abs(fine.matrix).argmax(1)).ravel()
        self._regions = np.asarray(hand.regions)[nearest]
        self._context = make_context()
        self._program = self._context.program(vertex_shader=_VERTEX, fragment_shader=_FRAGMENT)
        side = FINE * _WINDOW_PX
        self._target = self._context.framebuffer(
            [self._context.texture((side, side), 1)], self._context.depth_renderbuffer((side, side))
        )

    def __enter__(self) -> TrueView:
        return self

    def __exit__(self, *error: object) -> None:
        self._context.release()

    def in_view(self, prop: Prop, pose: Float64, hand: HandMesh, camera: Camera) -> Mask:
        """(H, W) where a right hand leaves at least half of a pixel of a ring visible.

        pose: (4, 4) where the ring is, in place of the prop's own.
        """
        g = prop.geometry
        ring = g.vertices_m @ pose[:3, :3].T + pose[:3, 3]
        x, y = (int(v) - _WINDOW_PX // 2 for v in np.rint(project(pose[:3, 3], camera)))
        scale = np.array([camera.fx, camera.fy, camera.cx + 0.5 - x, camera.cy + 0.5 - y]) / _WINDOW_PX
        self._program["pinhole"], self._program["near_far"] = tuple(scale), (_NEAR_M, _FAR_M)
        self._target.use()
        self._target.clear()
        self._context.enable_only(moderngl.DEPTH_TEST)
        self._draw(self._pressed(prop, pose, hand), self._faces, 0.0)
        self._draw(ring, g.faces, 1.0)
        side = FINE * _WINDOW_PX
        found = np.frombuffer(self._target.read(components=1), np.uint8).reshape(side, side)
        covered = cv2.resize(found, (_WINDOW_PX, _WINDOW_PX), interpolation=cv2.INTER_AREA)
        whole = np.zeros((camera.height, camera.width), bool)
        y0, x0 = max(y, 0), max(x, 0)
        inside = whole[y0 : y + _WINDOW_PX, x0 : x + _WINDOW_PX]
        inside[:] = covered[y0 - y :, x0 - x :][: inside.shape[0], : inside.shape[1]] > 127
        return whole

    def _pressed(self, prop: Prop, pose: Float64, hand: HandMesh) -> Float64:
        """(M, 3) the hand, its own finger pressed in under the band."""
        mount = prop.mount
        assert mount is not None
        v = self._matrix @ hand.vertices_m.astype(np.float64)
        local = (v - pose[:3, 3]) @ np.linalg.inv(pose[:3, :3]).T
        off = np.linalg.norm(local[:, :2], axis=1)
        under = (np.abs(local[:, 2]) < mount.half_width_m + _BESIDE_M) & (
            off < _AROUND * mount.inner_radius_m
        )
        under &= (self._regions == mount.region) | (self._regions == 0)
        axis = pose[:3, 2] / np.linalg.norm(pose[:3, 2])
        from_middle = v[under] - pose[:3, 3]
        outward = from_middle - (from_middle @ axis)[:, None] * axis
        v[under] -= SINKS_M * outward / np.linalg.norm(outward, axis=1, keepdims=True)
        return np.asarray(v)

    def _draw(self, vertices: Float64, faces: NDArray[np.integer], number: float) -> None:
        self._program["id"] = number
        corners = self._context.buffer(vertices[faces.ravel()].astype("f4").tobytes())
        mesh = self._context.vertex_array(self._program, [(corners, "3f", "position")])
        mesh.render()
        mesh.release()
        corners.release()
