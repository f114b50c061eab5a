"""MANO beside a hand that comes with its own parameters: carried on, not fitted afresh."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from app.export import Exports, make_writers
from app.frame import FrameHands
from models.hand.inverse_skinning import InverseSkinning
from models.types import HandMesh, HandPose
from tests.app.export.test_formats import CAMERA, hand_at
from tests.models.hand.fake_mano import mano_arrays, mano_pickle


def test_mano_moves_on_with_a_hand_that_comes_with_its_parameters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As near as when it is fitted to every frame afresh, at one step a frame at most after the first."""
    (tmp_path / "MANO_RIGHT.pkl").write_bytes(mano_pickle(mano_arrays()))
    options = {"mano_model": tmp_path / "MANO_RIGHT.pkl"}
    steps: list[int] = []
    jacobian = InverseSkinning._jacobian
    monkeypatch.setattr(InverseSkinning, "_jacobian", lambda *a: steps.append(1) or jacobian(*a))
    errors = {}
    for name in ("given", "fitted"):
        (writer,) = make_writers(Exports({"mano": tmp_path / f"{name}.npz"}, options))
        for i in range(20):
            with_pose = posed_at(i / 30)
            hand = with_pose if name == "given" else dataclasses.replace(with_pose, pose=None)
            before = len(steps)
            writer.add(FrameHands(i, i / 30, CAMERA, (hand,)))
            if name == "given" and i:
                assert len(steps) - before <= 1
        writer.save()
        errors[name] = np.load(tmp_path / f"{name}.npz")["error_mm"]
    assert errors["given"].max() < errors["fitted"].max() + 0.1
    assert errors["given"].mean() < 1.05 * errors["fitted"].mean()


def posed_at(time_s: float) -> HandMesh:
    """The same hand with its parameters."""
    turns = np.zeros((16, 3))
    turns[:, 0] = 0.3 + 0.5 * time_s
    turns[0] = [0.2 + time_s, 0.1, 0.3]
    rotations = Rotation.from_rotvec(turns).as_matrix().astype(np.float32)
    betas, place = np.linspace(-1, 1, 10), np.array([0.05, 0.02, 0.5 - 0.1 * time_s])
    pose = HandPose(rotations, betas.astype(np.float32), place.astype(np.float32))
    return dataclasses.replace(hand_at(time_s), pose=pose)
