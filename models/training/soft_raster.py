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


def _signed_squared_distance(points: Tensor, corners: Tensor) -> Tensor:
    """Points (..., P, 2) to triangles (..., 3, 2): (..., P) squared distance to the border, positive inside.

    Edge by edge, x and y apart: several times faster than with short trailing axes.
    """
    x, y = points.unbind(-1)
    squared, side = [], []
    for i in range(3):
        a, b = corners[..., i, None, :], corners[..., (i + 1) % 3, None, :]
        ex, ey = (b - a).unbind(-1)  # (..., 1)
        px, py = x - a[..., 0], y - a[..., 1]  # (..., P)
        t = ((px * ex + py * ey) / (ex * ex + ey * ey).clamp_min(1e-12)).clamp(0, 1)
        squared.append((px - t * ex).square() + (py - t * ey).square())
        side.append(ex * py - ey * px)
    nearest = torch.minimum(torch.minimum(squared[0], squared[1]), squared[2])
    left = (side[0] > 0) & (side[1] > 0) & (side[2] > 0)
    right = (side[0] < 0) & (side[1] < 0) & (side[2] < 0)
    return torch.where(left | right, nearest, -nearest)


def soft_render(
    vertices_uvz: Tensor,
    faces: Tensor,
    colours: Tensor,
    size: int = 64,
    sigma: float = 0.3,
    gamma: float = 2e-3,
    max_window: int | None = None,
) -> SoftImage:
    """Render meshes softly.

    vertices_uvz: (B, V, 3): u, v in 0..1 of the picture, z metres (smaller is nearer). faces: (F, 3).
    colours: (F, C). size: the picture's side, pixels. sigma: softness of borders, pixels squared.
    gamma: depth, metres, over which a nearer face wins by a factor of e. max_window: pixels; a face that
    needs a wider window is drawn round its middle alone. None: as wide as the largest face needs. A trained
    mesh has small faces; an untrained one's may span the picture: time and memory would grow a hundredfold.
    """
    B, device, dtype = len(vertices_uvz), vertices_uvz.device, vertices_uvz.dtype
    corners = vertices_uvz.index_select(1, faces.flatten()).unflatten(1, faces.shape)  # (B, F, 3, 3)
    xy, depth = corners[..., :2] * size - 0.5, corners[..., 2].mean(-1)

    with torch.no_grad():  # which pixels a face may touch: a choice, not something to differentiate
        margin = 3 * sigma**0.5
        extent = (xy.amax(2) - xy.amin(2)).clamp_max(size)
        window = int(torch.ceil(extent.max() + 2 * margin).item()) + 1
        window = min(window, max_window or window)
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
        coloured = weight * colours[:, c].to(dtype).expand(B, -1)[:, :, None].expand_as(D).flatten()
        channels.append(torch.zeros_like(alpha).index_add(0, index, coloured) / total.clamp_min(1e-8) * alpha)
    picture = (B, 1, size, size)
    return SoftImage(torch.cat([c.view(picture) for c in channels], 1), alpha.view(picture))
