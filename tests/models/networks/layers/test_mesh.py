"""Up-sampling and the spiral decoder."""

from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from models.hand.hand_data import load_open_hand
from models.networks.layers.mesh import SpiralDecoder, Upsample
from models.networks.layers.spiral import DSConv, SpiralConvPP
from models.networks.mesh.topology import MeshPyramid, build_pyramid


@cache
def pyramid() -> MeshPyramid:
    hand = load_open_hand()
    return build_pyramid(hand.template_m, hand.faces, hand.regions)


@pytest.mark.parametrize("level", range(4))
def test_upsampling_equals_its_matrix(level: int) -> None:
    table = pyramid().upsamplings[level]
    coarse = pyramid().sizes[level + 1]
    matrix = np.zeros((pyramid().sizes[level], coarse), np.float32)
    for k in range(3):
        matrix[np.arange(len(matrix)), table.index[:, k]] += table.weight[:, k]
    f = torch.randn(2, coarse, 3, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(Upsample(table)(f), torch.from_numpy(matrix) @ f, atol=1e-5)


@pytest.mark.parametrize("layer", [DSConv, SpiralConvPP])
def test_decoder_reaches_every_vertex_from_every_coarse_one(layer: type[nn.Module]) -> None:
    torch.manual_seed(0)
    head = layer(8, 3, pyramid().levels[0].spirals(9))
    decoder = SpiralDecoder(pyramid(), layer, head, D=(16, 16, 8, 8))
    f = torch.rand(2, 49, 16, requires_grad=True)
    out = decoder(f)
    assert out.shape == (2, 778, 3)
    assert out.std(1).min() > 0
    out.square().sum().backward()
    assert f.grad is not None
    assert (f.grad.abs().sum((0, 2)) > 0).all()


def test_decoder_refuses_another_number_of_widths() -> None:
    with pytest.raises(ValueError, match="expected 4 widths"):
        SpiralDecoder(pyramid(), DSConv, nn.Identity(), D=(16, 8))
