"""Pairs of poses and joints, and the mesh stage that learns from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from models.hand.hand_data import load_open_hand
from models.networks.mesh_stage import MeshStage, MeshStageConfig, place, project_uv
from models.training.maps.mesh_stage import MeshStageTraining, train_mesh_stage
from models.training.maps.pose_pairs import NoiseConfig, PairSource
from models.training.synthetic.poses import MeasuredPoses, PoseSource
from models.weights import load_weights

SILENT = NoiseConfig(picture=0.0, space_m=0.0, depth=(0.0, 0.0), tilt_rad=0.0, size=0.0)


@pytest.fixture(scope="module")
def pairs() -> PairSource:
    return PairSource(load_open_hand(), seed=2, noise=SILENT, bank=512)


def test_without_noise_joints_are_where_the_hand_is(pairs: PairSource) -> None:
    p = pairs.draw(32)
    net = MeshStage(MeshStageConfig(), load_open_hand())
    with torch.no_grad():
        _, J = net.skinning(p.R, p.betas, torch.zeros(1, dtype=torch.long))
    assert (J - p.joints_m).abs().max() < 1e-4
    assert (project_uv(J + p.root_m[:, None], p.focal) - p.joints_2d).abs().max() < 1e-3
    assert (place(J, p.joints_2d, p.focal) - p.root_m).norm(dim=-1).max() < 1e-3
    beside = p.root_m * torch.tensor([1.05, 0.95, 1.02])
    assert (place(J, p.joints_2d, p.focal, near=beside) - p.root_m).norm(dim=-1).max() < 1e-3


def test_every_palm_has_the_mean_hands_length(pairs: PairSource) -> None:
    p = pairs.draw(64)
    hand = load_open_hand()
    rest = hand.regressor_21 @ hand.template_m
    palm = p.joints_m[:, 9].norm(dim=-1).numpy() / np.linalg.norm(rest[9] - rest[0])
    assert abs(palm.mean() - 1) < 0.02
    assert palm.std() < 0.03


def test_a_short_training_lessens_the_error(tmp_path: Path) -> None:
    hand = load_open_hand()
    out = tmp_path / "mesh_stage.safetensors"
    train_mesh_stage(hand, out, MeshStageTraining(steps=30, batch=64, bank=512))
    torch.manual_seed(0)
    fresh, taught = MeshStage(MeshStageConfig(), hand), MeshStage(MeshStageConfig(), hand)
    load_weights(taught, out)
    p = PairSource(hand, seed=9, bank=512).draw(64)
    with torch.no_grad():
        _, true = fresh.skinning(p.R, p.betas, torch.zeros(1, dtype=torch.long))
        off = [
            (net.mesh(net(p.joints_2d, p.joints_m, p.focal))[1] - true).norm(dim=-1).mean()
            for net in (fresh, taught)
        ]
    assert off[1] < 0.95 * off[0]


def test_measured_poses_are_mixed_in() -> None:
    measured = MeasuredPoses.shipped()
    assert measured is not None
    assert len(measured.angles) > 1000
    poses = PoseSource(load_open_hand(), measured)
    angles = poses.draw(np.random.default_rng(0), 200)
    assert angles.shape == (200, 15, 3)
    assert not poses.intersects(angles).any()
    with pytest.raises(ValueError, match="poses"):
        MeasuredPoses(np.zeros((3, 15, 2)), np.zeros(3))
