"""Skinning inside networks is the hand model's own."""

from __future__ import annotations

import torch

from models.hand.hand_data import load_open_hand
from models.hand.hand_model import HandModel, rotation_matrices
from models.networks.layers.skinning import HandSkinning, rotations_from_6d


def test_vertices_and_joints_are_the_hand_models() -> None:
    torch.manual_seed(0)
    hand = load_open_hand()
    R, betas = rotation_matrices(0.5 * torch.randn(4, 16, 3)), torch.randn(4, 10)
    expected = HandModel(hand)(R, betas, torch.zeros(4, 3))
    V, J = HandSkinning(hand)(R, betas)
    root = expected.joints[:, :1]
    assert (V - (expected.vertices - root)).abs().max() < 1e-6
    assert (J - (expected.joints - root)).abs().max() < 1e-6
    few, _ = HandSkinning(hand)(R, betas, torch.tensor([5, 700]))
    assert torch.equal(few, V[:, [5, 700]]) or (few - V[:, [5, 700]]).abs().max() < 1e-7


def test_normals_turn_with_the_skin() -> None:
    """What turns a vertex turns directions near it: as vertices beside it move."""
    torch.manual_seed(0)
    skin = HandSkinning(load_open_hand())
    R = rotation_matrices(0.5 * torch.randn(2, 16, 3))
    X, _, turns = skin.whole(R, torch.zeros(2, 10))
    columns = turns.unflatten(1, (3, 3))  # (B, column, coordinate, V)
    single = skin.weights.max(1).values > 0.999  # of one bone alone: a rigid piece
    some = torch.nonzero(single)[:, 0]
    same = skin.weights.argmax(1)
    a, b = next((i, j) for i in some for j in some if i != j and same[i] == same[j])
    moved = torch.einsum("bkc,k->bc", columns[..., a], skin.template[b] - skin.template[a])
    assert (moved - (X[..., b] - X[..., a])).abs().max() < 1e-5


def test_any_six_numbers_are_a_rotation() -> None:
    torch.manual_seed(1)
    R = rotations_from_6d(torch.randn(50, 6))
    assert (R @ R.transpose(1, 2) - torch.eye(3)).abs().max() < 1e-5
    assert (torch.det(R) - 1).abs().max() < 1e-5
