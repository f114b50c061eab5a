"""The mesh stage without torch says what the one in torch says, for either side and any camera."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from models.geometry import project
from models.hand.hand_data import load_open_hand
from models.inference.mesh_stage import LearntDepth, MeshStageNet
from models.networks.mesh_stage import MeshStage, MeshStageConfig
from models.training.maps.pose_pairs import PairSource
from models.types import Camera

CAMERA = Camera(600.0, 620.0, 330.0, 250.0, 640, 480)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(3)
    net = MeshStage(MeshStageConfig(), load_open_hand())
    torch.nn.init.normal_(net.out.weight, std=0.02)
    path = tmp_path_factory.mktemp("weights") / "mesh_stage.safetensors"
    save_file(net.state_dict(), path)
    return path


def test_the_same_joints_as_in_torch(weights: Path) -> None:
    hand = load_open_hand()
    net = MeshStage(MeshStageConfig(), hand)
    from models.weights import load_weights

    load_weights(net, weights)
    pairs = PairSource(hand, seed=5, bank=256).draw(6)
    with torch.no_grad():
        _, expected = net.mesh(net(pairs.joints_2d, pairs.joints_m, pairs.focal))
    plain = MeshStageNet(weights, hand)
    for k in range(6):
        found = plain(pairs.joints_2d[k].numpy(), pairs.joints_m[k].numpy(), float(pairs.focal[k]))
        assert np.abs(found - expected[k].numpy()).max() < 1e-4


def test_a_left_hand_is_the_mirror_of_a_right_one(weights: Path) -> None:
    hand = load_open_hand()
    lift = LearntDepth(MeshStageNet(weights, hand))
    joints = hand.regressor_21 @ hand.template_m + np.array([0.05, 0.02, 0.5])
    mirrored = joints * [-1, 1, 1]
    facing = Camera(600.0, 600.0, 319.5, 239.5, 640, 480)
    right = lift(project(joints, facing), joints, "right", facing)
    left = lift(project(mirrored, facing), mirrored, "left", facing)
    assert np.abs(right * [-1, 1, 1] - left).max() < 1e-6


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"x": torch.zeros(3)}, path)
    with pytest.raises(ValueError, match="mesh stage"):
        MeshStageNet(path, load_open_hand())
