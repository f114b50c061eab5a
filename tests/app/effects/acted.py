"""Hands that act: the training's synthetic motion as an effect sees it, with a tracker's jitter."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from app.render.scene import EffectContext
from models.geometry import camera_from_fov, project
from models.hand.hand_data import load_open_hand
from models.hand.joint_limits import anatomical_frames, angles_to_rotations
from models.hand.skinning import pose_hand
from models.types import Handedness, HandMesh
from tests.app.render.render_help import grey_frame
from tools.clip.motion import Fingers, Key, Motion

CAMERA = camera_from_fov(640, 480)
FPS = 30
OPEN = Fingers()
_TIGHT, _ROUND = (85.0, 95.0, 55.0, 0.0), (55.0, 62.0, 38.0, 0.0)


def curled(
    each: tuple[float, float, float, float], thumb: tuple[float, float, float, float, float]
) -> Fingers:
    """All four fingers alike."""
    return Fingers(each, each, each, each, thumb)


FIST = curled(_TIGHT, (20, 10, 10, 30, 30))
ROUND = curled(_ROUND, (20, 10, 10, 30, 30))
"""Closed around a thing, the thumb on the fingers."""
PRESSING = curled(_ROUND, (-10, 0, 0, 25, 20))
"""The same, the thumb on what is held."""
LIFTED = curled(_ROUND, (0, 30, 0, 0, 0))
"""The same, the thumb up."""


def key(time_s: float, fingers: Fingers, at=(0.0, 0.10, 0.42), turn_deg: float = 0.0) -> Key:
    """A hand held upright before the camera, at 0 its palm to it."""
    return Key(time_s, at, (at[0], at[1] + 0.25, at[2] + 0.05), turn_deg=turn_deg, fingers=fingers)


def acted(
    *keys: Key, jitter_m: float = 0.0008, handedness: Handedness = "right", track_id: int = 1, seed: int = 0
) -> Iterator[EffectContext]:
    """A context for every frame from the first key to the last. jitter_m: of the whole hand and of its depth
    (three times as much), a standard deviation."""
    motion, rng = Motion(list(keys), seed), np.random.default_rng(seed)
    data = load_open_hand()
    frames = anatomical_frames(data)
    mirror = np.array([-1.0 if handedness == "left" else 1.0, 1, 1])
    for time_s in np.arange(keys[0].time_s, keys[-1].time_s, 1 / FPS):
        moment = motion.at(float(time_s))
        rotations = np.concatenate([moment.R_wrist[None], angles_to_rotations(moment.angles_rad, frames)])
        vertices, joints = pose_hand(data, rotations, np.zeros(10), np.zeros(3))
        place = moment.wrist_m + rng.normal(0, jitter_m, 3) * [1, 1, 3]
        vertices, joints = (((x - joints[0]) * mirror + place).astype(np.float32) for x in (vertices, joints))
        seen = project(joints, CAMERA).astype(np.float32)
        hand = HandMesh(handedness, vertices, joints, seen, 1.0, track_id, float(time_s))
        yield EffectContext(grey_frame(CAMERA), (hand,), CAMERA, float(time_s))
