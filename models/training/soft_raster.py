"""A differentiable renderer for hand meshes, in plain PyTorch, on CPU and GPU.

After Soft Rasterizer (Liu et al., ICCV 2019): every face spreads over the pixels near it with a probability
D = sigmoid(signed squared distance / sigma); the silhouette is 1 - prod(1 - D); colours are mixed by D and by
depth. A hand has 1538 small faces, so each is evaluated only in a window of pixels round its middle and the
windows are summed into the picture: the cost grows with the hand's area, not with faces x pixels.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

PART_COLOURS = (
    (0.5, 0.5, 0.5),
    (1.0, 0.0, 0.0),
    (0.0, 1.0, 0.0),
    (0.0, 0.0, 1.0),
    (1.0, 1.0, 0.0),
    (0.0, 1.0, 1.0),
)
"""Palm, thumb, index, middle, ring, little: far apart, so that one finger taken for another costs much."""


class SoftImage(NamedTuple):
    """A soft rendering."""

    rgb: Tensor  # (B, C, S, S), black background
    alpha: Tensor  # (B, 1, S, S) silhouette, 0..1


def face_colours(regions: Tensor, faces: Tensor) -> Tensor:
    """(V,) region of each vertex, 0..5 -> (F, 3) colours, mixed where a face spans two regions."""
    palette = torch.tensor(PART_COLOURS, device=regions.device)
    return palette[regions.long()][faces].mean(1)


def _cross(a: Tensor, b: Tensor) -> Tensor:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _signed_squared_distance(points: Tensor, corners: Tensor) -> Tensor:
    """Points (..., P, 2) to triangles (..., 3, 2): squared distance to the border, positive inside."""
    a, b = corners, corners.roll(-1, -2)
    edge = (b - a)[..., None, :, :]  # (..., 1, 3, 2)
    to_point = points[..., :, None, :] - a[..., None, :, :]  # (..., P, 3, 2)
    t = ((to_point * edge).sum(-1) / edge.square().sum(-1).clamp_min(1e-12)).clamp(0, 1)
    squared = (to_point - t[..., None] * edge).square().sum(-1).amin(-1)
    side = _cross(edge, to_point)
    inside = (side > 0).all(-1) | (side < 0).all(-1)
    return torch.where(inside, squared, -squared)


def soft_render(
    vertices_uvz: Tensor,
    faces: Tensor,
    colours: Tensor,
    size: int = 64,
    sigma: float = 0.3,
    gamma: float = 2e-3,
) -> SoftImage:
    """Render meshes softly.

    vertices_uvz: (B, V, 3): u, v in 0..1 of the picture, z metres (smaller is nearer). faces: (F, 3).
    colours: (F, C). size: the picture's side, pixels. sigma: softness of borders, pixels squared.
    gamma: depth, metres, over which a nearer face wins by a factor of e.
    """
    B, device, dtype = len(vertices_uvz), vertices_uvz.device, vertices_uvz.dtype
    corners = vertices_uvz[:, faces]  # (B, F, 3, 3)
    xy, depth = corners[..., :2] * size - 0.5, corners[..., 2].mean(-1)

    with torch.no_grad():  # which pixels a face may touch: a choice, not something to differentiate
        margin = 3 * sigma**0.5
        extent = (xy.amax(2) - xy.amin(2)).clamp_max(size)
        window = int(torch.ceil(extent.max() + 2 * margin).item()) + 1
        first = torch.ceil((xy.amax(2) + xy.amin(2)) / 2 - window / 2)  # (B, F, 2)
        step = torch.arange(window, device=device, dtype=dtype)
        offsets = torch.stack(torch.meshgrid(step, step, indexing="xy"), -1).reshape(-1, 2)
        pixels = first[:, :, None] + offsets  # (B, F, P, 2)
        seen = ((pixels >= 0) & (pixels < size)).all(-1)
        index = (pixels[..., 1] * size + pixels[..., 0]).long().clamp(0, size * size - 1)
        index = (index + torch.arange(B, device=device)[:, None, None] * size * size).flatten()

    D = torch.sigmoid(_signed_squared_distance(pixels, xy) / sigma) * seen
    D = D.clamp(0, 1 - 1e-6)
    clear = torch.zeros(B * size * size, device=device, dtype=dtype)
    clear = clear.index_add(0, index, torch.log1p(-D).flatten())
    alpha = 1 - torch.exp(clear)

    # Colours: softmax over the faces at a pixel of log D + nearness; the maximum is taken out for range only.
    nearness = (-depth / gamma)[:, :, None].expand_as(D)
    with torch.no_grad():
        present = torch.where(D > 1e-4, nearness, torch.full_like(nearness, -torch.inf)).flatten()
        top = torch.full_like(alpha, -torch.inf).scatter_reduce(0, index, present, "amax")
        top = torch.where(top.isfinite(), top, torch.zeros_like(top))
    weight = D.flatten() * torch.exp((nearness.flatten() - top[index]).clamp(max=0))
    total = torch.zeros_like(alpha).index_add(0, index, weight)
    channels = []
    for c in range(colours.shape[1]):
        share = weight * colours[:, c].to(dtype).expand(B, -1)[:, :, None].expand_as(D).flatten()
        channels.append(torch.zeros_like(alpha).index_add(0, index, share) / total.clamp_min(1e-8) * alpha)
    picture = (B, 1, size, size)
    return SoftImage(torch.cat([c.view(picture) for c in channels], 1), alpha.view(picture))
