"""Loss terms of the four papers, each a mean over the batch, in the unit of its inputs.

Every term against labels takes `weight` (B,): each sample's part is multiplied by the weight of its label
before the mean is taken, so that a sample without the label costs nothing. None weighs all 1.

MobRecon (CVPR 2022, eq. 9-10), Tang et al. (ICCV 2021, eq. 3-8), M3DHMR (2025, eq. 7), HAMR (2019, eq. 6-8).
The papers write some of them as sums; means keep a weight's effect when the mesh or the picture has another
size. Shapes: vertices (B, V, 3), faces (F, 3), joints (B, 21, 2 or 3), heatmaps (B, 21, S, S).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_FINGERS = (5, 9, 13, 17)  # first joint of index, middle, ring, little; the thumb bends in another way (HAMR)
_EPS = 1e-8


def _mean(values: Tensor, weight: Tensor | None) -> Tensor:
    """Mean of (B, ...), each sample's part times its weight (B,)."""
    return values.mean() if weight is None else (values.flatten(1).mean(1) * weight).mean()


def l1(predicted: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean absolute difference: mesh and 2D pose in MobRecon and M3DHMR, mesh and joints in Tang."""
    return _mean((predicted - target).abs(), weight)


def l2(predicted: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean squared distance of points: joints and camera in HAMR."""
    squared = (predicted - target).square().sum(-1)
    return _mean(squared if squared.ndim > 1 else squared[:, None], weight)


def _edges(vertices: Tensor, faces: Tensor) -> Tensor:
    """(B, F, 3, 3): the three edge vectors of every face, head to tail."""
    corners = vertices.index_select(1, faces.flatten()).unflatten(1, faces.shape)
    return corners.roll(-1, 2) - corners


def normal_loss(vertices: Tensor, target: Tensor, faces: Tensor, weight: Tensor | None = None) -> Tensor:
    """|cos| between each face's edges and the true face's normal: 0 where the surface lies as it should."""
    edges, true_edges = _edges(vertices, faces), _edges(target, faces)
    normals = F.normalize(torch.linalg.cross(true_edges[:, :, 0], true_edges[:, :, 1]), dim=-1, eps=_EPS)
    return _mean((F.normalize(edges, dim=-1, eps=_EPS) * normals[:, :, None]).sum(-1).abs(), weight)


def edge_loss(vertices: Tensor, target: Tensor, faces: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean difference in edge length, metres; holds back flying vertices."""
    return _mean((_edges(vertices, faces).norm(dim=-1) - _edges(target, faces).norm(dim=-1)).abs(), weight)


def consistency_3d(
    vertices_1: Tensor, vertices_2: Tensor, R_2_1: Tensor, weight: Tensor | None = None
) -> Tensor:
    """Two views of one picture: root-relative points, the first rotated into the second's frame.

    R_2_1: (B, 3, 3) crop frame of view 1 -> of view 2.
    """
    return l1(torch.einsum("bij,bvj->bvi", R_2_1, vertices_1), vertices_2, weight)


def consistency_2d(joints_1: Tensor, joints_2: Tensor, T_2_1: Tensor, weight: Tensor | None = None) -> Tensor:
    """Two views of one picture: 2D joints, the first moved by the affine map T_2_1 (B, 2, 3)."""
    moved = torch.einsum("bij,bkj->bki", T_2_1[:, :, :2], joints_1) + T_2_1[:, None, :, 2]
    return l1(moved, joints_2, weight)


def silhouette_loss(logits: Tensor, mask: Tensor, weight: Tensor | None = None) -> Tensor:
    """Binary cross-entropy of a segmentation head's logits against a mask (0 or 1) of the same shape."""
    return _mean(F.binary_cross_entropy_with_logits(logits, mask, reduction="none"), weight)


def score_loss(logits: Tensor, chance: Tensor, weight: Tensor | None = None) -> Tensor:
    """Binary cross-entropy of logits (B,) against true chances (B,)."""
    return _mean(F.binary_cross_entropy_with_logits(logits, chance, reduction="none")[:, None], weight)


def gaussian_heatmaps(joints_01: Tensor, size: int, variance: float = 2.5) -> Tensor:
    """(B, 21, 2) joints, 0..1 of the crop -> (B, 21, size, size) Gaussians with peak 1.

    variance: sigma squared in heatmap pixels (HAMR: 2.5 at 64 x 64).
    """
    centre = joints_01 * size - 0.5  # pixel centres at integers
    grid = torch.arange(size, device=joints_01.device, dtype=joints_01.dtype)
    across = torch.exp(-(grid - centre[..., None]).square() / (2 * variance))  # (B, 21, 2, size)
    return across[:, :, 1, :, None] * across[:, :, 0, None, :]


def heatmap_loss(heatmaps: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean squared difference of heatmaps, per pixel (HAMR's L_ht; MobRecon's pre-training)."""
    return _mean((heatmaps - target).square(), weight)


def _bones(joints: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Unit vectors (B, 4, 3) tip -> ... -> knuckle of the four fingers: V_ab, V_bc, V_cd."""
    d, c, b, a = (joints[:, [first + i for first in _FINGERS]] for i in range(4))
    return tuple(F.normalize(v, dim=-1, eps=_EPS) for v in (a - b, b - c, c - d))  # type: ignore[return-value]


def coplanar_loss(joints: Tensor, weight: Tensor | None = None) -> Tensor:
    """HAMR eq. 6: the four joints of a finger lie in one plane. Unit bones, so that it has no scale."""
    V_ab, V_bc, V_cd = _bones(joints)
    return _mean((torch.linalg.cross(V_ab, V_bc) * V_cd).sum(-1).abs(), weight)


def bending_loss(joints: Tensor, weight: Tensor | None = None) -> Tensor:
    """HAMR eq. 7: a finger's two outer joints bend in the same sense."""
    V_ab, V_bc, V_cd = _bones(joints)
    agreement = (torch.linalg.cross(V_ab, V_bc) * torch.linalg.cross(V_bc, V_cd)).sum(-1)
    return _mean(F.relu(-agreement), weight)


def weak_perspective(points: Tensor, camera: Tensor) -> Tensor:
    """HAMR eq. 5: (B, N, 3) metres, camera (B, 3) = s, tx, ty -> (B, N, 2) = s (x + tx), s (y + ty)."""
    return camera[:, None, :1] * (points[..., :2] + camera[:, None, 1:])


def weak_perspective_camera(joints_3d: Tensor, joints_2d: Tensor, bones: Tensor) -> Tensor:
    """HAMR's "true" camera (B, 3) = s, tx, ty from paired joints.

    s is the ratio of mean bone lengths in 2D and in 3D (x and y, as seen by the camera: with the depth
    included, a hand pointing at the camera would get a smaller scale). bones: (N, 2) pairs of joints.
    """
    in_2d, in_3d = (
        (j[:, bones[:, 0], :2] - j[:, bones[:, 1], :2]).norm(dim=-1) for j in (joints_2d, joints_3d)
    )
    s = in_2d.mean(1) / in_3d.mean(1).clamp_min(_EPS)
    t = (joints_2d / s[:, None, None] - joints_3d[..., :2]).mean(1)
    return torch.cat([s[:, None], t], 1)


def render_loss(rendered: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Tang eq. 8: squared colour difference per pixel of two renderings (B, C, H, W)."""
    return _mean((rendered - target).square().sum(1), weight)


def mask_loss(rendered: Tensor, mask: Tensor, weight: Tensor | None = None) -> Tensor:
    """HAMR's L_seg: mean absolute difference of a rendered silhouette and the true mask."""
    return _mean((rendered - mask).abs(), weight)
