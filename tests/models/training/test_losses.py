"""Each loss is zero (or least) at the truth, falls on the way to it, and has the gradient it should."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from models.training import losses

torch_f64 = {"dtype": torch.float64}
FACES = torch.tensor([[0, 1, 2], [0, 2, 3], [0, 3, 1], [1, 3, 2]])
BONES = torch.tensor([[i, i + 1] for first in (1, 5, 9, 13, 17) for i in range(first, first + 3)])


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), **torch_f64)


def hand() -> Tensor:
    """(1, 21, 3) a flat hand whose four fingers curl a little, all the same way."""
    joints = torch.zeros(1, 21, 3, **torch_f64)
    for finger in range(5):
        angle = torch.zeros(())
        point = torch.tensor([0.02 * finger, 0.0, 0.0], **torch_f64)
        for i in range(4):
            joints[0, 1 + 4 * finger + i] = point
            angle = angle + 0.4
            point = point + 0.03 * torch.tensor([0.0, torch.cos(angle), torch.sin(angle)], **torch_f64)
    return joints


R = torch.linalg.qr(random(2, 3, 3, seed=7)).Q
T = torch.cat([random(2, 2, 2, seed=8), random(2, 2, 1, seed=9)], -1)
MESH, JOINTS_2D = random(2, 4, 3), random(2, 21, 2)
MASK = (random(2, 1, 5, 5, seed=4) > 0).double()
POINTS = random(2, 5, 3, seed=5)
# name: (loss of x, an x at which it is least)
CASES: dict[str, tuple[Callable[[Tensor], Tensor], Tensor]] = {
    "l1": (lambda x: losses.l1(x, MESH), MESH),
    "l2": (lambda x: losses.l2(x, MESH), MESH),
    "normal": (lambda x: losses.normal_loss(x, MESH, FACES), MESH),
    "edge": (lambda x: losses.edge_loss(x, MESH, FACES), MESH),
    "consistency_3d": (
        lambda x: losses.consistency_3d(x, torch.einsum("bij,bvj->bvi", R, MESH), R),
        MESH,
    ),
    "consistency_2d": (
        lambda x: losses.consistency_2d(
            x, torch.einsum("bij,bkj->bki", T[:, :, :2], JOINTS_2D) + T[:, None, :, 2], T
        ),
        JOINTS_2D,
    ),
    "silhouette": (lambda x: losses.silhouette_loss(x, MASK), 40 * (2 * MASK - 1)),
    "heatmap": (lambda x: losses.heatmap_loss(x, MASK), MASK),
    "coplanar": (losses.coplanar_loss, hand()),
    "bending": (losses.bending_loss, hand()),
    "render": (lambda x: losses.render_loss(x, MASK), MASK),
    "mask": (lambda x: losses.mask_loss(x, MASK), MASK),
    "weak_perspective": (
        lambda x: losses.l2(losses.weak_perspective(POINTS, x), losses.weak_perspective(POINTS, R[:, 0])),
        R[:, 0],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_falls_towards_the_truth(name: str) -> None:
    loss, truth = CASES[name]
    away = 0.3 * random(*truth.shape, seed=1) * truth.abs().mean()
    if name == "silhouette":  # a step towards the wrong side, which noise on a sure logit is not
        away = -1.5 * truth
    values = [float(loss(truth + k * away)) for k in (0.0, 0.5, 1.0)]
    assert values[0] == pytest.approx(0, abs=1e-7)
    assert values[0] < values[1] < values[2]


@pytest.mark.parametrize("name", CASES)
def test_gradient_matches_finite_differences(name: str) -> None:
    loss, truth = CASES[name]
    x = (truth + random(*truth.shape, seed=2) * truth.abs().mean()).requires_grad_()
    assert torch.autograd.gradcheck(loss, (x,), eps=1e-7, atol=1e-5)


def test_bending_punishes_a_finger_bent_both_ways() -> None:
    joints = hand()
    back = torch.tensor(0.4, **torch_f64)  # its outer bones stand at 0.8 and 1.2: now the last turns back
    joints[0, 8] = joints[0, 7] + 0.03 * torch.stack([torch.zeros_like(back), back.cos(), back.sin()])
    assert losses.bending_loss(joints) > 0.01
    assert losses.coplanar_loss(joints) == pytest.approx(0, abs=1e-7)  # still in its plane


def test_heatmaps_peak_at_the_joint() -> None:
    joints = torch.rand(2, 21, 2, generator=torch.Generator().manual_seed(0))
    maps = losses.gaussian_heatmaps(joints, 64)
    assert maps.shape == (2, 21, 64, 64)
    peak = maps.flatten(2).argmax(-1)
    found = (torch.stack([peak % 64, peak // 64], -1) + 0.5) / 64
    assert (found - joints).abs().max() <= 0.5 / 64 + 1e-6
    assert maps.max() <= 1


def test_weak_perspective_camera_is_recovered() -> None:
    joints = torch.cat([random(3, 21, 2, seed=3), random(3, 21, 1, seed=4)], -1)
    camera = torch.tensor([[2.0, 0.1, 0.2], [0.5, -1.0, 0.3], [7.0, 0.0, 0.0]], **torch_f64)
    found = losses.weak_perspective_camera(joints, losses.weak_perspective(joints, camera), BONES)
    assert torch.allclose(found, camera)


def test_normal_loss_ignores_place_and_size() -> None:
    assert float(losses.normal_loss(3 * MESH + 1, MESH, FACES)) == pytest.approx(0, abs=1e-9)
