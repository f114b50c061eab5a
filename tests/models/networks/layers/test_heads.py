"""2D joints from maps."""

import torch

from models.networks.layers.heads import hard_argmax, soft_argmax


def peak(column: int, row: int, height: float = 50.0) -> torch.Tensor:
    maps = torch.zeros(1, 21, 8, 16)
    maps[:, :, row, column] = height
    return maps


def test_argmax_is_the_cell_s_centre() -> None:
    expected = torch.tensor([(5 + 0.5) / 16, (2 + 0.5) / 8])
    assert torch.allclose(hard_argmax(peak(5, 2))[0, 7], expected)
    assert torch.allclose(soft_argmax(peak(5, 2))[0, 7], expected, atol=1e-5)


def test_soft_argmax_lies_between_equal_peaks_and_has_a_gradient() -> None:
    maps = (peak(4, 2) + peak(8, 2)).requires_grad_()
    place = soft_argmax(maps)
    assert torch.allclose(place[0, 0], torch.tensor([(6 + 0.5) / 16, (2 + 0.5) / 8]), atol=1e-5)
    place[0, 0, 0].backward()
    assert maps.grad is not None
    assert maps.grad[0, 0, 2, 8] > 0 > maps.grad[0, 0, 2, 4]
