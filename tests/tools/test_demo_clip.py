"""The bundled demo clip and its truth, without any tracker."""

import av
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from models.geometry import project
from models.hand.hand_data import load_open_hand
from models.hand.joint_limits import LIMITS_DEG, anatomical_frames
from models.hand.skinning import pose_hand
from models.types import Camera
from tests.models.measures import rotations_to_angles
from tests.paths import CLIPS


@pytest.fixture(scope="module")
def truth() -> dict[str, np.ndarray]:
    with np.load(CLIPS / "demo_truth.npz", allow_pickle=False) as file:
        return dict(file)


def test_the_clip_is_small_ten_seconds_long_and_plays_everywhere(truth: dict[str, np.ndarray]) -> None:
    path = CLIPS / "demo.mp4"
    assert path.stat().st_size < 4_000_000
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        assert (stream.width, stream.height, stream.pix_fmt) == (640, 480, "yuv420p")
        assert stream.codec_context.name == "h264"
        times = [frame.time for frame in file.decode(stream)]
    assert len(times) == len(truth["pose"]) == 300
    np.testing.assert_allclose(np.diff(times), 1 / 30, atol=1e-3)


def test_truth_is_in_the_picture_when_it_says_so(truth: dict[str, np.ndarray]) -> None:
    camera = Camera(*(float(v) for v in truth["intrinsics"]), 640, 480)
    px = project(truth["joints_m"], camera)
    inside = ((px > 0) & (px < [639, 479])).all((1, 2))
    np.testing.assert_array_equal(inside, truth["in_view"])
    share = truth["in_view"].mean()
    assert 0.8 < share < 0.97  # mostly there, and it does leave
    gone = (px < 0).any(-1) | (px > [639, 479]).any(-1)
    assert gone.all(1).sum() >= 6  # wholly out for a while
    assert truth["in_view"][[0, -1]].all()


def test_truth_follows_from_the_hand_model(truth: dict[str, np.ndarray]) -> None:
    """Fails when the hand asset changed: then run `python tools/build/clip.py`."""
    hand = load_open_hand()
    for k in range(0, 300, 37):
        rotations = Rotation.from_rotvec(truth["pose"][k]).as_matrix()
        _, joints = pose_hand(hand, rotations, truth["betas"], truth["translation_m"][k])
        np.testing.assert_allclose(joints, truth["joints_m"][k], atol=2e-4)


def test_the_poses_are_a_human_s(truth: dict[str, np.ndarray]) -> None:
    frames = anatomical_frames(load_open_hand())
    for pose in truth["pose"][::5]:
        angles = np.degrees(rotations_to_angles(Rotation.from_rotvec(pose[1:]).as_matrix(), frames))
        assert (angles > LIMITS_DEG[..., 0] - 4).all()
        assert (angles < LIMITS_DEG[..., 1] + 4).all()


def test_the_hand_moves_smoothly(truth: dict[str, np.ndarray]) -> None:
    wrist = truth["translation_m"]
    assert np.linalg.norm(np.diff(wrist, axis=0), axis=1).max() < 0.035  # about 1 m/s
    root = Rotation.from_rotvec(truth["pose"][:, 0])
    assert np.degrees((root[1:] * root[:-1].inv()).magnitude()).max() < 15  # a quick turn of the wrist
