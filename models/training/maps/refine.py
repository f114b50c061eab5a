"""What a decoder is taught by on cached maps of drawn hands: each step's terms, and how good it is."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from models.evaluation.metrics import aligned_errors
from models.hand.hand_data import HandData
from models.networks.declaration import MapTeaching
from models.networks.landmark_system import LandmarkSystem, Stage, Stages
from models.networks.layers.skinning import rotations_from_6d
from models.networks.mesh.levels import vertices_at
from models.networks.mesh.topology import pyramid_of
from models.networks.mesh_stage import Pose, project_uv
from models.networks.network import UNIT_M
from models.training import losses
from models.training.maps.batch import MapBatch

_VALIDATED = 2
"""The level of the mesh pyramid at which every system is judged: 195 vertices."""


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
    geometry: float = 0.0  # HAMR's eq. 6 and 7: fingers lie in a plane and bend one way


class RefineObjective:
    """Terms of one step for a system of which what its declaration names learns, and nothing else."""

    def __init__(self, net: LandmarkSystem, hand: HandData, teaching: MapTeaching) -> None:
        """Raises ValueError where the declaration names a weight that there is not."""
        self.net, self.w = net, refine_weights(teaching)
        self.pick, self.validated = vertices_at(hand, teaching.level), vertices_at(hand, _VALIDATED)
        self.faces = torch.from_numpy(pyramid_of(hand).levels[teaching.level].faces.astype(np.int64))
        self.edges = edges_of(self.faces)
        self._learns = []
        for name, parameter in net.named_parameters():
            taught = name.split(".")[0] in teaching.learns
            parameter.requires_grad_(taught)
            self._learns += [parameter] * taught

    def learns(self) -> list[torch.nn.Parameter]:
        """What is taught."""
        return self._learns

    def __call__(self, d: MapBatch) -> dict[str, Tensor]:
        net, w = self.net, self.w
        with torch.no_grad():
            start = self._noisy(net.start(d.joints_2d, d.joints_m, d.focal))
        found = net.decode(d.maps, d.joints_2d, d.joints_m, d.focal, start, self.pick)
        true = d.vertices[:, self.pick]
        terms = self._mesh(found.final, d, true)
        if found.posed is not None:
            terms |= {f"posed_{k}": v for k, v in self._mesh(found.posed, d, true).items()}
        V = found.final.vertices

        def side(X: Tensor) -> Tensor:
            return X[:, self.edges[:, 0]] - X[:, self.edges[:, 1]]

        terms["edges"] = w.edges * (side(V).norm(dim=-1) - side(true).norm(dim=-1)).abs().mean() / UNIT_M
        if found.offset is not None:
            terms["alike"] = w.alike * side(found.offset).abs().mean() / UNIT_M
            terms["small"] = w.small * found.offset.abs().mean() / UNIT_M
        terms["normals"] = w.normals * losses.normal_loss(V, true, self.faces)
        return terms | geometry_terms(found.final.joints, w.geometry)

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
        found = net.decode(d.maps, d.joints_2d, d.joints_m, d.focal, vertices=self.validated)
        net.train(training)
        true, out = d.vertices[:, self.validated], {}
        shown = project_uv(true + d.root[:, None], d.focal)
        for name, stage in named_stages(found).items():
            mesh = aligned_errors(stage.vertices.numpy(), true.numpy())
            seen = project_uv(stage.vertices + stage.root[:, None], d.focal)
            out[f"{name}_pa_mpvpe"] = float(1e3 * mesh.mean())
            out[f"{name}_px"] = float(224 * (seen - shown).norm(dim=-1).mean())
        joints = aligned_errors(found.final.joints.numpy(), d.joints.numpy())
        return out | {"pa_mpjpe": float(1e3 * joints.mean())}


def refine_weights(teaching: MapTeaching) -> RefineWeights:
    """A declaration's weights. Raises ValueError for a name that there is not."""
    known = {f.name for f in fields(RefineWeights)}
    unknown = teaching.weights.keys() - known
    if unknown:
        raise ValueError(f"weights: expected names among {', '.join(sorted(known))}, got {min(unknown)!r}")
    return RefineWeights(**teaching.weights)


def named_stages(found: Stages) -> dict[str, Stage]:
    """The stages that a system has, in order."""
    stages = {"rough": found.rough, "posed": found.posed, "final": found.final}
    return {name: stage for name, stage in stages.items() if stage is not None}


def geometry_terms(joints: Tensor, weight: float) -> dict[str, Tensor]:
    """HAMR eq. 6 and 7 of joints (B, 21, 3), where they weigh anything."""
    if weight == 0:
        return {}
    return {"geometry": weight * (losses.coplanar_loss(joints) + losses.bending_loss(joints))}


def edges_of(faces: Tensor) -> Tensor:
    """(E, 2) of triangles (F, 3), each once."""
    sides = torch.cat([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    return torch.unique(sides.sort(1)[0], dim=0)
