"""The learnt fit: its goal, and that it learns to reach it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from models.hand.hand_data import load_open_hand
from models.manifest import ASSETS
from models.networks.joint_fit import JointFit, JointFitConfig, goal_of
from models.networks.mesh_stage import MeshStage, MeshStageConfig, Pose
from models.training.maps.joint_fit import JointFitTraining, Posed, fitted, train_joint_fit
from models.training.maps.pose_pairs import NoiseConfig, PairSource
from models.weights import load_weights

HAND = load_open_hand()
MESH_STAGE = ASSETS / "weights/mesh_stage.safetensors"
SILENT = NoiseConfig(picture=0.0, space_m=0.0, depth=(0.0, 0.0), tilt_rad=0.0, size=0.0)


def test_true_joints_are_their_own_goal_but_for_the_exaggeration_of_depth() -> None:
    p = PairSource(HAND, seed=3, noise=SILENT, bank=256).draw(16)
    deep = p.joints_m * torch.tensor([1.0, 1.0, 1 / 0.8])
    goal = goal_of(p.joints_m, p.joints_2d, deep, p.focal)
    assert (goal - p.joints_m).norm(dim=-1).mean() < 0.004  # sizes are told by the knuckles, deepened too


def test_untaught_it_leaves_a_pose_nearly_as_it_is() -> None:
    stage, net = MeshStage(MeshStageConfig(), HAND), JointFit(JointFitConfig())
    p = PairSource(HAND, seed=4, noise=SILENT, bank=256).draw(8)
    with torch.no_grad():
        found = net(stage, Pose(p.R, p.betas), p.joints_m, p.joints_2d, p.focal)
        _, J = stage.skinning(found.R, found.betas)
    assert (J - p.joints_m).norm(dim=-1).max() < 0.01


def test_without_rounds_a_mesh_stage_learns_that_begins_as_the_one_given(tmp_path: Path) -> None:
    out = tmp_path / "stage.safetensors"
    config = JointFitTraining(steps=8, batch=16, bank=256, learning_rate=1e-4)
    train_joint_fit(HAND, MESH_STAGE, out, config, say=lambda _: None, rounds=0)
    before, after = MeshStage(MeshStageConfig(), HAND), MeshStage(MeshStageConfig(), HAND)
    load_weights(before, MESH_STAGE)
    load_weights(after, out)
    moved = (after.b.weight - before.b.weight).abs().max()
    assert 0 < moved < 0.01


@pytest.mark.slow
def test_taught_it_brings_the_hand_nearer_to_its_joints(tmp_path: Path) -> None:
    out = tmp_path / "joint_fit.safetensors"
    lines: list[str] = []
    config = JointFitTraining(steps=40, batch=32, bank=256)
    train_joint_fit(HAND, MESH_STAGE, out, config, say=lines.append)
    stage, net = MeshStage(MeshStageConfig(), HAND), JointFit(JointFitConfig())
    load_weights(stage, MESH_STAGE)
    p = PairSource(HAND, seed=5, bank=256).draw(64)
    d = Posed(p.joints_2d, p.joints_m, p.focal, torch.zeros(64, 1, 3))

    def away() -> float:
        with torch.no_grad():
            pose, goal = fitted(net, stage, d)
            _, J = stage.skinning(pose.R, pose.betas)
        return float((J - goal).norm(dim=-1).mean())

    untaught = away()
    load_weights(net, out)
    assert away() < 0.95 * untaught
    assert np.isfinite(untaught)
    assert "step 40" in lines[-1]
