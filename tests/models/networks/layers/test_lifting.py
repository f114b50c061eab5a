"""Pose pooling and lifting."""

import pytest
import torch
from torch.nn import functional as F

from models.networks.layers.lifting import PVL, LatentLifting, grid_pooling, joint_pooling


def test_grid_pooling_is_bilinear_sampling() -> None:
    random = torch.Generator().manual_seed(0)
    F_e = torch.randn(2, 5, 4, 6, generator=random)
    L_p = torch.rand(2, 21, 2, generator=random) * 1.4 - 0.2  # some outside the crop
    reference = F.grid_sample(F_e, 2 * L_p[:, :, None] - 1, padding_mode="border", align_corners=False)
    assert torch.allclose(grid_pooling(F_e, L_p), reference[..., 0].transpose(1, 2), atol=1e-5)


def test_grid_pooling_reads_a_cell_at_its_centre() -> None:
    F_e = torch.arange(16.0).reshape(1, 1, 4, 4)
    L_p = torch.tensor([[[(2 + 0.5) / 4, (1 + 0.5) / 4]]])  # column 2, row 1
    assert grid_pooling(F_e, L_p).item() == 6


def test_grid_pooling_moves_with_the_joints() -> None:
    L_p = torch.full((1, 21, 2), 0.4, requires_grad=True)
    grid_pooling(torch.arange(16.0).reshape(1, 1, 4, 4), L_p).sum().backward()
    assert L_p.grad is not None
    assert torch.allclose(L_p.grad[0, 0], torch.tensor([4.0, 16.0]))  # per crop width: 4 cells of 1, of 4


@pytest.mark.parametrize("reduction", ["max", "sum"])
def test_joint_pooling_reads_where_the_heatmap_is(reduction: str) -> None:
    F_e = torch.randn(1, 5, 4, 4, generator=torch.Generator().manual_seed(0))
    H_p = torch.zeros(1, 21, 32, 32)
    H_p[:, 3, 8:16, 16:24] = 1  # exactly the encoding's cell in row 1, column 2
    pooled = joint_pooling(F_e, H_p, reduction)
    assert pooled.shape == (1, 21, 5)
    expected = F_e[0, :, 1, 2]
    assert torch.allclose(pooled[0, 3], expected.clamp_min(0) if reduction == "max" else expected)
    assert pooled[0, 4].abs().max() == 0


def test_pvl_is_equation_3() -> None:
    pvl = PVL(49)
    assert sum(p.numel() for p in pvl.parameters()) == 1029
    F_p = torch.randn(2, 21, 8)
    assert torch.allclose(pvl(F_p), 0.01 * F_p.sum(1, keepdim=True).expand(2, 49, 8), atol=1e-6)


def test_latent_lifting_costs_what_the_paper_says() -> None:
    lift = LatentLifting(256, 49)
    assert round(sum(p.numel() for p in lift.parameters()) / 1e6, 1) == 3.2
    assert lift(torch.randn(2, 256, 4, 4)).shape == (2, 49, 256)
