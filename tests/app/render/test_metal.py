"""Metal is shaded after it is known what is seen of it: the picture is that of metal shaded at once."""

import numpy as np

from app.effects.ring.designs import build_design
from app.effects.ring.finishes import finished
from app.effects.ring.metals import METALS
from app.render.scene import Geometry, Metal, Prop
from models.geometry import camera_from_fov, rotation_from_axis_angle
from tests.app.render.render_help import grey_frame, open_compositor

CAMERA = camera_from_fov(320, 240)


class _Placed:
    def __init__(self, props):
        self._props = props

    def place(self, context):
        return self._props

    def readout(self):
        return ()


def _ring(design: str, at_m, metal: Metal) -> list[Prop]:
    pose = np.eye(4)
    pose[:3, :3] = rotation_from_axis_angle((0.9, 0.3, 0.0))
    pose[:3, 3] = at_m
    return [Prop(part.geometry, pose, metal) for part in build_design(design, 0.009).parts]


def test_metal_looks_as_if_it_were_shaded_at_once():
    brushed = finished(METALS["gold"], "brushed")
    near, far = (
        _ring("plain", (0.002, 0.0, 0.20), brushed),
        _ring("signet", (0.0, 0.0, 0.23), METALS["silver"]),
    )
    compositor = open_compositor()
    try:
        effect, frame_rgb = _Placed([*far, *near]), grey_frame(CAMERA)
        apart = compositor.compose(frame_rgb, [], CAMERA, effect, 0.0)
        compositor._renderer._draw_metal = compositor._renderer._draw_nodes
        at_once = compositor.compose(frame_rgb, [], CAMERA, effect, 0.0)
    finally:
        compositor.close()
    assert (np.abs(apart.astype(int) - frame_rgb) > 20).any(-1).sum() > 250
    off = np.abs(apart.astype(int) - at_once).max(-1)
    assert off.max() <= 12
    assert (off > 3).mean() < 1e-3


def test_more_pieces_than_a_stencil_has_numbers_are_all_drawn():
    corners = np.array([[-1, -1, 0], [1, -1, 0], [0, 1, 0]], np.float32) * 1e-3
    normals = np.tile(np.float32([0, 0, -1]), (3, 1))
    piece = Geometry(corners, normals, np.int32([[0, 2, 1]]))
    props = []
    for k in range(300):
        pose = np.eye(4)
        pose[:3, 3] = (k % 20 - 9.5) * 0.004, (k // 20 - 7) * 0.004, 0.2
        props.append(Prop(piece, pose, METALS["silver"]))
    compositor = open_compositor()
    try:
        frame_rgb = np.zeros((240, 320, 3), np.uint8)
        drawn = compositor.compose(frame_rgb, [], CAMERA, _Placed(props), 0.0)
    finally:
        compositor.close()
    fx, cx, cy = CAMERA.fx, CAMERA.cx, CAMERA.cy
    for prop in props:
        x, y, z = prop.pose[:3, 3]
        assert drawn[round(cy + fx * y / z), round(cx + fx * x / z)].max() > 25
