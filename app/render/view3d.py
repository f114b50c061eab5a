"""The scene from aside: hands in space, the camera that sees them, and what it sees at its frustum's end."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from OpenGL import GL

from app.render.gl.layer import projection
from app.render.gl.program import Program
from app.render.gl.stream import PhotoTexture, VertexStream
from app.render.gl.target import Target
from app.render.orbit import Orbit
from app.render.surface import HandSurface
from app.render.viewport import Viewport
from models.geometry import rays
from models.types import Camera, Float64, HandMesh, UInt8

_GROUND = (*(0.93 * c for c in (0.060, 0.068, 0.085)), 0.93)  # premultiplied
_FRAME = (0.35, 0.39, 0.46)
_FRUSTUM = (0.62, 0.70, 0.80, 0.85)
_AXES = ((0.95, 0.30, 0.28, 1.0), (0.36, 0.80, 0.36, 1.0), (0.35, 0.55, 1.0, 1.0))  # x, y, z of the camera
_AXIS_M = 0.07
_USUAL_M = 0.5  # from the camera to the photo while no hand was seen
_BEHIND_M = 0.06  # the photo, behind the farthest point of the hands
_MEMORY_S = 0.5
_FOCAL = 1.9  # of the view, in its widths
_FILLS = 1.55  # of the view's height is what a ball around all that is shown would take
HAND, PHOTO, LINE = range(3)


class View3D:
    """Belongs to a context and its thread."""

    def __init__(self, surface: HandSurface) -> None:
        self._surface = surface
        self._program = Program("view3d.vert", "view3d.frag")
        self._program._add_to_context()
        self._stream, self._photo = VertexStream(3, 3, 2), PhotoTexture()
        self._smooth, self._picture = Target(GL.GL_RGBA8, samples=4), Target(GL.GL_RGBA8)
        self._depth_m, self._time_s = _USUAL_M, -np.inf

    def draw(
        self,
        viewport: Viewport,
        frame_rgb: UInt8,
        hands: Sequence[HandMesh],
        camera: Camera,
        orbit: Orbit,
        time_s: float,
    ) -> UInt8:
        """(h, w, 4) premultiplied RGBA for a viewport of the picture."""
        w, h = viewport.width, viewport.height
        self._follow(hands, time_s)
        far = _rectangle(camera, self._depth_m)
        self._smooth.begin(w, h, _GROUND, GL.GL_LEQUAL)
        self._program._bind()
        points = np.concatenate([np.zeros((1, 3)), far])
        target = 0.5 * (points.min(0) + points.max(0))
        reach = float(np.linalg.norm(points - target, axis=1).max())
        away = reach * 2 * _FOCAL * w / h / _FILLS
        self._program.set_uniform("P", projection((_FOCAL * w, _FOCAL * w, w / 2, h / 2), w, h))
        self._program.set_uniform("V", orbit.view(target, away))
        self._program.set_uniform("photo", 0)
        GL.glActiveTexture(GL.GL_TEXTURE0)
        self._photo.upload(cv2.resize(frame_rgb, (2 * w, 2 * h), interpolation=cv2.INTER_AREA))  # type: ignore[arg-type]
        GL.glDepthMask(GL.GL_FALSE)  # from behind, the hands are seen through it
        self._show(PHOTO, _vertices(far[[0, 1, 2, 0, 2, 3]], np.array(_CORNERS)[[0, 1, 2, 0, 2, 3]]))
        GL.glDepthMask(GL.GL_TRUE)
        for hand in hands:
            self._show(HAND, self._surface.split(hand))
        apex = np.zeros(3)
        edges = [x for k in range(4) for x in (apex, far[k], far[k], far[(k + 1) % 4])]
        near = _rectangle(camera, 0.12 * self._depth_m)
        edges += [x for k in range(4) for x in (near[k], near[(k + 1) % 4])]
        self._show(LINE, _vertices(np.array(edges)), _FRUSTUM)
        for axis, rgba in zip(np.eye(3), _AXES, strict=True):
            self._show(LINE, _vertices(np.stack([apex, _AXIS_M * axis])), rgba)
        self._program._unbind()
        self._smooth.resolve_into(self._picture, w, h)
        picture = self._picture.read_rgba(w, h)
        rgb = [round(255 * c) for c in _FRAME]
        cv2.rectangle(picture, (0, 0), (w - 1, h - 1), (*rgb, 255), 1)
        return picture

    def delete(self) -> None:
        """Free everything on the GPU."""
        for owned in (self._smooth, self._picture, self._stream, self._photo):
            owned.delete()
        self._program._remove_from_context()

    def _follow(self, hands: Sequence[HandMesh], time_s: float) -> None:
        """Move the photo slowly to where it is behind the hands."""
        passed_s, self._time_s = time_s - self._time_s, time_s
        if not hands:
            return
        depth = max(float(hand.vertices_m[:, 2].max()) for hand in hands) + _BEHIND_M
        fraction = 1 - np.exp(-passed_s / _MEMORY_S) if 0 <= passed_s < 1 else 1.0
        self._depth_m += float(fraction) * (depth - self._depth_m)

    def _show(
        self,
        kind: int,
        vertices: NDArray[np.floating],
        line: tuple[float, float, float, float] = (0, 0, 0, 0),
    ) -> None:
        self._program.set_uniform("kind", kind)
        self._program.set_uniform("line", np.array(line, np.float32))
        (GL.glEnable if kind == HAND else GL.glDisable)(GL.GL_CULL_FACE)
        self._stream.draw(vertices, GL.GL_LINES if kind == LINE else GL.GL_TRIANGLES)


_CORNERS = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def _rectangle(camera: Camera, depth_m: float) -> Float64:
    """(4, 3) the corners of what a camera sees so far away, camera frame."""
    px = np.array(_CORNERS) * [camera.width, camera.height] - 0.5
    return np.asarray(depth_m * rays(px, camera), np.float64)


def _vertices(points_m: Float64, extra: Float64 | None = None) -> Float64:
    """(N, 8) as HandSurface.split has them, without normals."""
    rest = np.zeros((len(points_m), 2)) if extra is None else extra
    return np.concatenate([points_m, np.zeros((len(points_m), 3)), rest], 1)
