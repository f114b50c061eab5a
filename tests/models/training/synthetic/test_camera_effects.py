"""A webcam's faults: bounded, seeded, and each does what it is called."""

from dataclasses import fields

import numpy as np
import pytest
import torch

from models.training.synthetic.camera_effects import Strength, _compressed, _motion_blurred, webcam_effects

NONE = Strength(**{field.name: 0.0 for field in fields(Strength)})


def checks(n: int = 16, size: int = 64) -> torch.Tensor:
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    board = 0.2 + 0.6 * ((x // 8 + y // 8) % 2).float()
    return board.expand(n, 3, size, size).clone()


def test_pictures_stay_pictures_and_a_seed_means_the_same() -> None:
    first, again, other = (webcam_effects(checks(), [seed]) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert 0 <= first.min() <= first.max() <= 1
    assert first.shape == (16, 3, 64, 64)


def test_without_faults_a_picture_is_as_it_was() -> None:
    np.testing.assert_allclose(webcam_effects(checks(), [0], strength=NONE), checks(), atol=0.02)


def test_an_enlarged_crop_is_soft() -> None:
    only_blur = Strength(blur=1.0, motion_blur=0, light=0, noise=0, compression=0, frame_edge=0)
    sharp, soft = (
        webcam_effects(checks(32), [3], np.full(32, resolution_ratio), only_blur)
        for resolution_ratio in (4.0, 0.3)
    )
    edge = [(p[..., 1:] - p[..., :-1]).abs().amax((1, 2, 3)).mean() for p in (sharp, soft)]
    assert edge[1] < 0.7 * edge[0]


def test_movement_smears_along_its_direction_alone() -> None:
    board = checks(1)
    blurred = _motion_blurred(board, np.array([6.0]), np.array([0.0]))
    inner = blurred[..., 16:48, 16:48]
    across = (inner[..., 1:] - inner[..., :-1]).abs().max()
    down = (inner[..., 1:, :] - inner[..., :-1, :]).abs().max()
    assert across < 0.25
    assert down > 0.5


@pytest.mark.parametrize("size", [64, 60])
def test_compression_loses_what_is_fine_and_keeps_what_is_coarse(size: int) -> None:
    picture = torch.rand((2, 3, size, size), generator=torch.Generator().manual_seed(0))
    kept, lost = (_compressed(picture, torch.full((2,), amount)) for amount in (0.0, 1.0))
    assert (kept - picture).abs().max() < 2e-3
    assert (lost - picture).abs().mean() > 0.02
    np.testing.assert_allclose(lost.mean((2, 3)), picture.mean((2, 3)), atol=0.03)


def test_crops_over_the_frame_s_edge_are_black_there() -> None:
    edges = Strength(blur=0, motion_blur=0, light=0, noise=0, compression=0, frame_edge=1.0)
    shown = webcam_effects(torch.full((200, 3, 32, 32), 0.5), [5], strength=edges)
    black = (shown < 1e-3).float().mean((1, 2, 3))
    assert 0.02 < (black > 0).float().mean() < 0.2
    assert black.max() < 0.35
