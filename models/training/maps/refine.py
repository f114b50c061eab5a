"""What Tang's refine stage is taught by on cached maps: each step's terms, and how good it is."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from models.evaluation.metrics import aligned_errors
from models.networks.layers.skinning import rotations_from_6d
from models.networks.mesh_stage import Pose, project_uv
from models.networks.network import UNIT_M
from models.networks.systems.tang_lm import Stage, TangLm
from models.training.maps.batch import MapBatch


@dataclass(frozen=True)
class RefineWeights:
    """Of the terms; lengths count in UNIT_M, places in the picture in crops."""

    picture: float = 3.0
    edges: float = 1.0
    normals: float = 0.1
    alike: float = 1.0  # neighbouring offsets
    small: float = 0.05  # the offsets themselves
    noise: float = 0.06  # on the pose that the stage starts from
    noisy: float = 0.6  # of the crops that have it


class RefineObjective:
    """Terms of one step for a TangLm whose encoder, mesh stage and fit are frozen."""

    def __init__(self, net: TangLm, weights: RefineWeights | None = None) -> None:
        self.net, self.w = net, weights or RefineWeights()
        self.faces = net.parameter_step.faces  # of the 195 vertices
        sides = torch.cat([self.faces[:, [0, 1]], self.faces[:, [1, 2]], self.faces[:, [2, 0]]])
        self.edges = torch.unique(sides.sort(1)[0], dim=0)
        net.encoder.requires_grad_(False)
        net.mesh_stage.requires_grad_(False)
        net.joint_fit.requires_grad_(False)

    def learns(self) -> list[torch.nn.Parameter]:
        """What is taught."""
        return [*self.net.parameter_step.parameters(), *self.net.offset_step.parameters()]

    def __call__(self, d: MapBatch) -> dict[str, Tensor]:
        net, w = self.net, self.w
        with torch.no_grad():
            start = self._noisy(net.start(d.joints_2d, d.joints_m, d.focal))
        found = net.decode(d.maps, d.joints_2d, d.joints_m, d.focal, start, net.pick)
        true = d.vertices[:, net.pick]
        terms = {f"posed_{k}": v for k, v in self._mesh(found.posed, d, true).items()}
        terms |= self._mesh(found.final, d, true)
        V = found.final.vertices

        def side(X: Tensor) -> Tensor:
            return X[:, self.edges[:, 0]] - X[:, self.edges[:, 1]]

        terms["edges"] = w.edges * (side(V).norm(dim=-1) - side(true).norm(dim=-1)).abs().mean() / UNIT_M
        terms["alike"] = w.alike * side(found.offset).abs().mean() / UNIT_M
        terms["small"] = w.small * found.offset.abs().mean() / UNIT_M
        a, b, c = (true[:, self.faces[:, k]] for k in range(3))
        normal = F.normalize(torch.linalg.cross(b - a, c - a), dim=-1, eps=1e-9)
        a, b, c = (V[:, self.faces[:, k]] for k in range(3))
        along = [(F.normalize(x, dim=-1, eps=1e-9) * normal).sum(-1).abs() for x in (b - a, c - b, a - c)]
        terms["normals"] = w.normals * torch.stack(along).mean()
        return terms

    def _mesh(self, stage: Stage, d: MapBatch, true: Tensor) -> dict[str, Tensor]:
        def mean(x: Tensor) -> Tensor:
            return (x.flatten(1).mean(1) * d.label_weight).mean()

        seen = project_uv(stage.vertices + stage.root[:, None], d.focal)
        shown = project_uv(true + d.root[:, None], d.focal)
        return {
            "mesh": mean((stage.vertices - true).abs()) / UNIT_M,
            "joints": mean((stage.joints - d.joints).abs()) / UNIT_M,
            "mesh2D": self.w.picture * mean((seen - shown).clamp(-0.3, 0.3).abs()),
        }

    def _noisy(self, pose: Pose) -> Pose:
        n = len(pose.betas)
        size = self.w.noise * torch.rand(n, 1) * (torch.rand(n, 1) < self.w.noisy)
        six = torch.cat([pose.R[..., 0], pose.R[..., 1]], -1)
        amount = torch.ones(16, 1)
        amount[0] = 0.5
        R = rotations_from_6d(six + size[..., None] * amount * torch.randn_like(six))
        return Pose(R, pose.betas + 5 * size * torch.randn_like(pose.betas))

    @torch.no_grad()
    def validate(self, d: MapBatch) -> dict[str, float]:
        """Aligned errors (mm) of every stage's mesh, of joints, and errors in the picture (px of 224)."""
        net = self.net
        training = net.training
        net.eval()
        found = net.decode(d.maps, d.joints_2d, d.joints_m, d.focal, vertices=net.pick)
        net.train(training)
        true, out = d.vertices[:, net.pick], {}
        shown = project_uv(true + d.root[:, None], d.focal)
        for name, stage in (("rough", found.rough), ("posed", found.posed), ("final", found.final)):
            mesh = aligned_errors(stage.vertices.numpy(), true.numpy())
            seen = project_uv(stage.vertices + stage.root[:, None], d.focal)
            out[f"{name}_pa_mpvpe"] = float(1e3 * mesh.mean())
            out[f"{name}_px"] = float(224 * (seen - shown).norm(dim=-1).mean())
        joints = aligned_errors(found.final.joints.numpy(), d.joints.numpy())
        return out | {"pa_mpjpe": float(1e3 * joints.mean())}
