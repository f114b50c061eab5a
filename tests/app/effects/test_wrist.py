"""What is worn on the wrist: beyond the mesh's end, square to it, the watch on the hand's back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from app.effects import make_effect
from app.effects.ring.file import WRIST, load_own_ring
from app.effects.wrist import WristEffect, WristSettings, mesh_rim, wrist_section
from app.effects.wrist_pieces import PIECES, wrist_piece
from app.errors import UserError
from app.render.scene import EffectContext
from models.geometry import camera_from_fov
from models.hand.hand_data import load_open_hand
from tests.app.effects.ring.ring_models import bare_ring
from tests.app.render.render_help import grey_frame, posed_hand

CAMERA = camera_from_fov(640, 480)


def context(hand, time_s: float = 0.0) -> EffectContext:
    return EffectContext(grey_frame(CAMERA), [hand], CAMERA, time_s)


def mirrored(hand):
    """A left hand where the right one's mirror image is."""
    flip = np.array([-1, 1, 1], np.float32)
    return replace(hand, handedness="left", vertices_m=hand.vertices_m * flip, joints_m=hand.joints_m * flip)


@pytest.mark.parametrize("name", PIECES)
def test_a_piece_is_around_the_wrist_and_clear_of_it(name):
    model = wrist_piece(name, 0.027)
    for part in model.parts:
        geometry = part.geometry
        poses = [np.eye(4)] if geometry.copies is None else geometry.copies
        points = np.concatenate([geometry.vertices_m @ p[:3, :3].T + p[:3, 3] for p in poses])
        assert np.hypot(points[:, 0], points[:, 1]).min() > 0.027 - 1e-5
        np.testing.assert_allclose(np.linalg.norm(geometry.normals, axis=1), 1, atol=1e-4)
        solid = trimesh.Trimesh(geometry.vertices_m, geometry.faces, process=False)
        faces = (solid.face_normals * geometry.normals[geometry.faces].mean(1)).sum(1)
        assert (faces > 0).mean() > 0.97


@pytest.mark.parametrize("side", ["right", "left"])
def test_it_lies_beyond_the_hand_with_the_watch_on_its_back(side):
    hand = posed_hand(CAMERA) if side == "right" else mirrored(posed_hand(CAMERA))
    section = wrist_section(hand, mesh_rim(load_open_hand().faces))
    assert np.linalg.det(section.frame) == pytest.approx(1, abs=1e-6)
    assert 0.018 < section.half_axes_m[1] < section.half_axes_m[0] < 0.040
    props = make_effect("wrist").place(context(hand))
    case = props[1]
    middle = case.pose[:3, :3] @ case.geometry.vertices_m.mean(0) + case.pose[:3, 3]
    fingers = hand.joints_m[[5, 9, 13, 17]].mean(0)
    forward = (fingers - hand.joints_m[0]) / np.linalg.norm(fingers - hand.joints_m[0])
    assert (middle - section.center_m) @ forward < -0.008  # towards the elbow
    palm_side = hand.joints_m[[8, 12, 16, 20]].mean(0) - fingers  # where fingers bend to
    palm_side -= (palm_side @ forward) * forward
    assert (middle - section.center_m) @ palm_side < 0
    assert case.mount.track_id == hand.track_id


def test_the_wrist_is_measured_and_a_lost_hand_fades():
    effect = WristEffect(WristSettings("bangle", "silver"))
    hand = posed_hand(CAMERA)
    for k in range(3):
        effect.place(context(hand, k / 30))
    (line,) = effect.readout()
    assert 120 < float(line.split()[1]) < 220


def test_a_bracelet_from_a_file_is_read_for_a_wrist(tmp_path):
    ring = bare_ring()
    ring.apply_scale(3.6)  # 61 mm across inside
    ring.export(tmp_path / "bangle.stl")
    own = load_own_ring(tmp_path / "bangle.stl", fits=WRIST)
    assert own.unit == "mm"
    assert own.inner_diameter_mm == pytest.approx(61.2, abs=0.5)
    worn = WristSettings(own=own)
    (prop,) = make_effect("wrist", worn).place(context(posed_hand(CAMERA)))
    assert 0.02 < np.linalg.norm(prop.pose[:3, 0]) * prop.mount.inner_radius_m < 0.04
    with pytest.raises(UserError, match="which no wrist wears"):
        load_own_ring(tmp_path / "bangle.stl", "cm", fits=WRIST)
