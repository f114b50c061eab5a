"""The soft renderer: what it draws, its gradients, and that following them brings a mesh home."""

import pytest
import torch
from torch import Tensor

from models.training.losses import mask_loss, render_loss
from models.training.soft_raster import face_colours, soft_render

RED, BLUE = torch.tensor([1.0, 0, 0]), torch.tensor([0, 0, 1.0])


def square(low: float, high: float, z: float) -> Tensor:
    """(1, 4, 3) corners of a square in u, v at one depth."""
    return torch.tensor([[[low, low, z], [high, low, z], [high, high, z], [low, high, z]]])


QUAD = torch.tensor([[0, 1, 2], [0, 2, 3]])


def test_a_square_covers_its_pixels() -> None:
    image = soft_render(square(0.25, 0.75, 0.5), QUAD, RED.expand(2, 3), size=32, sigma=1e-3)
    expected = torch.zeros(32, 32)
    expected[8:24, 8:24] = 1  # pixel centres at (i + 1/2) / 32
    off_the_seam = ~torch.eye(32, dtype=torch.bool)  # both triangles are half there on their common edge
    assert (image.alpha[0, 0] - expected)[off_the_seam].abs().max() < 0.02
    assert torch.allclose(image.rgb[0, 0], image.alpha[0, 0], atol=1e-3)
    assert image.rgb[0, 1:].abs().max() == 0


@pytest.mark.parametrize("red_is_nearer", [True, False])
def test_the_nearer_face_is_seen(red_is_nearer: bool) -> None:
    depth = (0.40, 0.42) if red_is_nearer else (0.42, 0.40)
    both = torch.cat([square(0.2, 0.8, depth[0]), square(0.3, 0.7, depth[1])], 1)
    faces, colours = torch.cat([QUAD, QUAD + 4]), torch.stack([RED, RED, BLUE, BLUE])
    inside = soft_render(both, faces, colours, size=32).rgb[0, :, 14, 18]
    assert torch.allclose(inside, RED if red_is_nearer else BLUE, atol=0.01)


def test_outside_the_picture_nothing_is_drawn() -> None:
    image = soft_render(square(1.2, 1.6, 0.5), QUAD, RED.expand(2, 3), size=16)
    assert image.alpha.max() < 1e-3


def test_a_face_too_large_is_drawn_round_its_middle() -> None:
    whole = soft_render(square(0.1, 0.9, 0.5), QUAD, RED.expand(2, 3), size=32)
    part = soft_render(square(0.1, 0.9, 0.5), QUAD, RED.expand(2, 3), size=32, max_window=6)
    drawn = part.alpha > 0.5
    assert 36 <= drawn.sum() <= 72  # two windows of 6 x 6
    assert (whole.alpha[drawn] > 0.5).all()


def test_batch_equals_single() -> None:
    batch = torch.cat([square(0.1, 0.5, 0.5), square(0.3, 0.95, 0.4)])
    together = soft_render(batch, QUAD, RED.expand(2, 3), size=24)
    for i in range(2):
        alone = soft_render(batch[i : i + 1], QUAD, RED.expand(2, 3), size=24)
        assert torch.allclose(together.rgb[i], alone.rgb[0], atol=1e-3)


def test_gradient_matches_finite_differences() -> None:
    random = torch.Generator().manual_seed(5)
    vertices = torch.rand(1, 6, 3, generator=random, dtype=torch.float64)
    vertices[..., 2] *= 0.01
    faces, colours = torch.tensor([[0, 1, 2], [3, 4, 5]]), torch.stack([RED, BLUE]).double()
    weights = torch.rand(1, 3, 8, 8, generator=random, dtype=torch.float64)

    def f(v: Tensor) -> Tensor:
        image = soft_render(v, faces, colours, size=8, sigma=0.5, gamma=0.02)
        return (image.rgb * weights).sum() + image.alpha.square().sum()

    assert torch.autograd.gradcheck(f, (vertices.requires_grad_(),), eps=1e-7, atol=2e-4)


def test_colours_bring_back_a_mesh_which_is_off() -> None:
    """Two parts side by side: the silhouette alone can't tell them apart, the colours can."""
    faces, colours = torch.cat([QUAD, QUAD + 4]), torch.stack([RED, RED, BLUE, BLUE])
    target_mesh = torch.cat([square(0.2, 0.4, 0.5), square(0.5, 0.7, 0.5)], 1)
    target = soft_render(target_mesh, faces, colours, size=32, sigma=1.0)
    offset = torch.tensor([0.06, -0.05, 0.0], requires_grad=True)
    optimiser = torch.optim.Adam([offset], 0.005)
    errors = []
    for _ in range(60):
        image = soft_render(target_mesh + offset, faces, colours, size=32, sigma=1.0)
        loss = render_loss(image.rgb, target.rgb) + mask_loss(image.alpha, target.alpha)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        errors.append(float(loss.detach()))
    assert errors[-1] < 0.1 * errors[0]
    assert offset.detach()[:2].abs().max() < 0.01


def test_part_colours_follow_regions() -> None:
    colours = face_colours(torch.tensor([1, 1, 1, 0]), torch.tensor([[0, 1, 2], [0, 1, 3]]))
    assert torch.allclose(colours[0], torch.tensor([1.0, 0, 0]))
    assert 0 < colours[1, 1] < colours[1, 0]
