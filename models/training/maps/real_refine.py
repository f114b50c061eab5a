"""What a decoder is taught by on photographs, whose hands nobody measured.

Where a silhouette is believed, vertices lie in it and its border is reached; joints lie where all views of
the hand see them; depth stays the label's; and two views of a hand agree, in the mesh and in the offsets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from models.hand.hand_data import HandData
from models.networks.declaration import MapTeaching
from models.networks.landmark_system import LandmarkSystem, Stage
from models.networks.mesh.levels import vertices_at
from models.networks.mesh.topology import pyramid_of
from models.networks.mesh_stage import project_uv
from models.networks.network import UNIT_M
from models.training.maps.real_batch import RealBatch
from models.training.maps.refine import edges_of, geometry_terms, named_stages, refine_weights

_WRIST = 0.12  # as in `models.training.real.silhouettes`
_GAP = 0.1  # a border farther from the mesh than this, in crops, counts as this


@dataclass(frozen=True)
class RealWeights:
    """Of the terms; lengths count in UNIT_M, places in the picture in crops."""

    all: float = 0.5
    inside: float = 4.0
    cover: float = 4.0
    joints_2d: float = 2.0
    label: float = 1.0  # mesh and joints, of the posed stage; joints and depth, of the final one
    alike: float = 1.0  # neighbouring offsets
    agree: float = 1.0  # two views


class RealRefineObjective:
    """Terms of one step on photographs. What learns, RefineObjective has settled."""

    def __init__(
        self,
        net: LandmarkSystem,
        hand: HandData,
        teaching: MapTeaching,
        weights: RealWeights | None = None,
    ) -> None:
        self.net, self.w = net, weights or RealWeights()
        self.geometry = refine_weights(teaching).geometry
        level = pyramid_of(hand).levels[1]  # 389 vertices: their edges' middles lie close enough to a border
        self.pick = vertices_at(hand, 1)
        self.edges = edges_of(torch.from_numpy(level.faces.astype(np.int64)))
        taught = pyramid_of(hand).levels[teaching.level]
        self.offset_edges = edges_of(torch.from_numpy(taught.faces.astype(np.int64)))

    def __call__(self, d: RealBatch) -> dict[str, Tensor]:
        net, w = self.net, self.w
        with torch.no_grad():
            start = net.start(d.joints_2d, d.joints_m, d.focal)
        found = net.decode(d.maps, d.joints_2d, d.joints_m, d.focal, start, self.pick)
        true = d.vertices[:, self.pick]
        final = found.final
        terms = self._seen(final, d)
        agree = _apart(final.vertices @ d.rotation)
        label = (final.joints - d.joints).abs().mean((1, 2))
        label = label + 0.5 * (final.vertices - true)[..., 2].abs().mean(1)
        terms["label"] = w.label * (label * d.weight).mean() / UNIT_M
        if found.posed is not None:
            posed = found.posed
            terms |= {f"posed_{k}": v for k, v in self._seen(posed, d).items()}
            label = (posed.vertices - true).abs().mean((1, 2)) + (posed.joints - d.joints).abs().mean((1, 2))
            terms["posed_label"] = w.label * (label * d.weight).mean() / UNIT_M
            agree = agree + _apart(posed.vertices @ d.rotation)
        if found.offset is not None:
            off = found.offset[:, self.offset_edges[:, 0]] - found.offset[:, self.offset_edges[:, 1]]
            terms["alike"] = w.alike * off.abs().mean() / UNIT_M
            agree = agree + _apart(found.offset @ d.rotation)
        terms["agree"] = w.agree * agree / UNIT_M
        terms |= geometry_terms(final.joints, self.geometry)
        return {f"real_{name}": w.all * value for name, value in terms.items()}

    def _seen(self, stage: Stage, d: RealBatch) -> dict[str, Tensor]:
        """What the picture says of a mesh."""
        w = self.w
        uv = project_uv(stage.vertices + stage.root[:, None], d.focal)
        out, gap = self.silhouette_distances(uv, d)
        J = project_uv(stage.joints + stage.root[:, None], d.focal)
        off = (J - 0.5 * (d.joints_2d + d.label_2d)).clamp(-_GAP, _GAP).abs().mean((1, 2))
        return {
            "inside": w.inside * (out * d.silhouette).mean(),
            "cover": w.cover * (gap * d.silhouette).mean(),
            "joints2D": w.joints_2d * (off * d.weight).mean(),
        }

    def silhouette_distances(self, uv: Tensor, d: RealBatch) -> tuple[Tensor, Tensor]:
        """Of vertices (B, 389, 2) in the picture: how far they are outside the hand in the mean, and how far
        its border is from the mesh, (B,) crops."""
        wrist, ahead = d.label_2d[:, :1], d.label_2d[:, 9:10] - d.label_2d[:, :1]
        along = ((uv - wrist) * ahead).sum(-1) / ahead.square().sum(-1).clamp_min(1e-6)
        out = F.grid_sample(
            d.outside[:, None], uv[:, None] * 2 - 1, align_corners=False, padding_mode="border"
        )[:, 0, 0]
        points = torch.cat([uv, 0.5 * (uv[:, self.edges[:, 0]] + uv[:, self.edges[:, 1]])], 1)
        with torch.no_grad():
            near = torch.cdist(d.outline, points).argmin(-1)[..., None].expand(-1, -1, 2)
        gap = (points.gather(1, near) - d.outline).norm(dim=-1).clamp(max=_GAP)
        return (out * (along > _WRIST)).mean(1), gap.mean(1)

    @torch.no_grad()
    def validate(self, d: RealBatch) -> dict[str, float]:
        """In the picture, px of 224: vertices outside, border not reached, joints off the label; views apart,
        mm; the label's joints against the mesh's, aligned by nothing, mm."""
        net = self.net
        training = net.training
        net.eval()
        found = net.decode(d.maps, d.joints_2d, d.joints_m, d.focal, vertices=self.pick)
        net.train(training)
        out: dict[str, float] = {}
        cut = d.silhouette > 0
        for name, stage in named_stages(found).items():
            uv = project_uv(stage.vertices + stage.root[:, None], d.focal)
            outside, gap = self.silhouette_distances(uv, d)
            J = project_uv(stage.joints + stage.root[:, None], d.focal)
            out[f"real_{name}_out"] = 224 * float(outside[cut].mean())
            out[f"real_{name}_gap"] = 224 * float(gap[cut].mean())
            out[f"real_{name}_px"] = 224 * float((J - d.label_2d).norm(dim=-1).mean())
            out[f"real_{name}_apart"] = 1e3 * float(_apart(stage.vertices @ d.rotation))
            out[f"real_{name}_label"] = 1e3 * float((stage.joints - d.joints).norm(dim=-1).mean())
        return out


def _apart(points: Tensor) -> Tensor:
    """Mean distance, per axis, of points (B, N, 3) of rows 2k from those of rows 2k + 1."""
    return (points[0::2] - points[1::2]).abs().mean()
