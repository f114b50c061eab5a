"""From an encoding to vertex features: pose pooling and lifting (MobRecon, section 3.2)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.types import N_JOINTS


def _hat(x: Tensor, size: int) -> Tensor:
    """(...,) places 0..1 -> (..., size) weights of linear interpolation between pixel centres."""
    place = (x * size - 0.5).clamp(0, size - 1)
    centres = torch.arange(size, device=x.device, dtype=x.dtype)
    return F.relu(1 - (place[..., None] - centres).abs())


def grid_pooling(F_e: Tensor, L_p: Tensor) -> Tensor:
    """Eq. 2: F^p = [F^e(L^p_i)], bilinear, clamped at the border.

    F_e (B, C, H, W), L_p (B, N, 2) in 0..1 -> (B, N, C). Written as one small matrix product: on a 4 x 4 map
    faster than a grid sampler, and every engine has it.
    """
    H, W = F_e.shape[2:]
    weights = _hat(L_p[..., 1], H)[..., :, None] * _hat(L_p[..., 0], W)[..., None, :]  # (B, N, H, W)
    return weights.flatten(2) @ F_e.flatten(2).transpose(1, 2)


def joint_pooling(F_e: Tensor, H_p: Tensor, reduction: Literal["max", "sum"] = "max") -> Tensor:
    """Eq. 1: F^p = [Psi(F^e * interpolation(H^p_i))], Psi the maximum or the sum over the map.

    F_e (B, C, H, W), heatmaps H_p (B, N, h, w) -> (B, N, C).
    """
    H_p = F.interpolate(H_p, size=F_e.shape[2:], mode="bilinear", align_corners=False)
    if reduction == "sum":
        return H_p.flatten(2) @ F_e.flatten(2).transpose(1, 2)
    return (F_e[:, None] * H_p[:, :, None]).amax((3, 4))


class PVL(nn.Module):
    """Pose-to-vertex lifting, eq. 3: F^mini_v = M^l F^p, M^l (49, 21) learnt, the same for every feature."""

    def __init__(self, v_mini: int, n_joints: int = N_JOINTS) -> None:
        super().__init__()
        self.M_l = nn.Parameter(torch.full((v_mini, n_joints), 0.01))

    def forward(self, F_p: Tensor) -> Tensor:
        """(B, 21, C) -> (B, 49, C)."""
        return self.M_l @ F_p

    def own_mult_adds(self, output: Tensor) -> int:
        """One row of M^l for every number of the answer."""
        return output.numel() * self.M_l.shape[1]


class LatentLifting(nn.Module):
    """What PVL replaces (CMR): the pooled encoding, a fully connected layer, cut into vertex features."""

    def __init__(self, c_latent: int, v_mini: int) -> None:
        super().__init__()
        self.fc = nn.Linear(c_latent, v_mini * c_latent)
        self.v_mini = v_mini

    def forward(self, F_e: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, 49, C)."""
        return self.fc(F_e.mean((2, 3))).unflatten(1, (self.v_mini, -1))
