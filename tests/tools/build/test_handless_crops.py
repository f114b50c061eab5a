"""Pictures cut from videos of measured hands: none of them shows one."""

from pathlib import Path

import cv2
import numpy as np

from tests.app.clips import write_clip
from tests.models.datasets.tiny_sets import write_multiview
from tools.build.handless_crops import _frames, _squares, main


def test_no_square_meets_a_hand() -> None:
    picture, rng = np.zeros((480, 640, 3), np.uint8), np.random.default_rng(0)
    hands = [rng.uniform(low, low + 90, (21, 2)) for low in (np.array([100, 100]), np.array([400, 300]))]
    for hand in hands:
        low, high = (np.round(side).astype(int) for side in (hand.min(0) - 30, hand.max(0) + 30))
        cv2.rectangle(picture, low.tolist(), high.tolist(), (255, 255, 255), -1)
    squares = list(_squares(picture, hands, 40, rng))
    assert len(squares) > 30
    assert len({square.shape for square in squares}) > 20
    assert all(square.max() == 0 and square.shape[0] == square.shape[1] for square in squares)
    assert not list(_squares(picture[100:190, 100:190], [h - 100 for h in hands], 5, rng)), (
        "no room beside the hand"
    )


def test_only_instants_at_which_both_hands_are_known(tmp_path: Path) -> None:
    folder, joints = write_multiview(tmp_path)
    (folder / "desk").mkdir()
    for number in range(2):
        write_clip(folder / "desk" / f"cam_{number}.mp4", [0, 200, 400], (224, 220))
    assert not list(_frames(folder)), "a hand at each instant"
    about = dict(np.load(folder / "reference.npz")) | {"instant": np.array([1, 1], np.int32)}
    np.savez(folder / "reference.npz", **about)
    assert not list(_frames(folder)), "one of them with an unknown joint"
    about["joints_m"] = np.stack([joints[0], joints[0] + [0.1, 0, 0.6]]).astype(np.float32)
    np.savez(folder / "reference.npz", **about)
    (upright, turned) = _frames(folder)
    assert [picture.shape[:2] for picture, _ in (upright, turned)] == [(220, 224), (224, 220)]
    assert len(upright[1]) == len(turned[1]) == 2
    first = joints[0][:, :2] / joints[0][:, 2:] * 480 + [112, 110]
    np.testing.assert_allclose(upright[1][0], first, atol=0.01)
    assert main(["--multiview", str(folder), "--out", str(tmp_path / "out"), "--each", "3"]) == 0
