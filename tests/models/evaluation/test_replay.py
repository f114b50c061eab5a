"""A recording answers as it saw, at the moments it saw."""

import numpy as np

from models.evaluation.replay import Replay
from models.geometry import camera_from_fov
from models.types import HandMesh

CAMERA, FRAME = camera_from_fov(64, 48), np.zeros((48, 64, 3), np.uint8)


def hand(value: float) -> HandMesh:
    shapes = ((778, 3), (21, 3), (21, 2))
    return HandMesh("right", *(np.full(s, value, np.float32) for s in shapes), 0.9, 0, 0.0)


def test_a_replay_answers_by_time() -> None:
    replay = Replay([(0.0, (hand(1.0),)), (0.033, ()), (0.066, (hand(3.0), hand(4.0)))])
    for time_s, expected in (
        (0.0, 1.0),
        (0.004, 1.0),
        (0.033, None),
        (0.067, 3.0),
        (0.05, None),
        (9.0, None),
    ):
        answer = replay.track(FRAME, CAMERA, time_s)
        assert (None if answer is None else float(answer.joints_m[0, 0])) == expected
    assert replay.still(FRAME, CAMERA, "right") is None
    assert Replay([]).track(FRAME, CAMERA, 0.0) is None
