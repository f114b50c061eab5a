"""Teach the mesh stage (`models.networks.mesh_stage`) from poses, with an encoder's answers beside them."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from models.evaluation.metrics import aligned_errors
from models.hand.hand_data import HandData
from models.networks.joint_fit import joints_of
from models.networks.mesh.levels import vertices_at
from models.networks.mesh_stage import MeshStage, MeshStageConfig, place, project_uv
from models.networks.network import UNIT_M
from models.training.maps.cache import MapCache
from models.training.maps.pose_pairs import PairSource
from models.weights import load_weights

_CHUNK, _USES = 16, 2  # batches that are drawn at once, and how often each is learnt from
_FAR_UV = 0.3  # an error in the picture beyond this, in crops, counts as this


@dataclass(frozen=True)
class MeshStageTraining:
    """One run."""

    minutes: float = 30.0
    steps: int | None = None  # the run's length in steps, not in time
    batch: int = 128
    encoder_fraction: float = 0.3  # of a batch: the encoder's own answers on drawn crops, where given
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    picture: float = 3.0  # weight of the vertices in the picture
    reprojection: float = 3.0  # of the joints on the said ones, in the picture
    shape: float = 3e-3  # of the betas' squares
    validate_s: float = 120.0
    bank: int = 16384  # poses that pairs are made of at any time
    seed: int = 0


@dataclass(frozen=True)
class _PoseBatch:
    joints_2d: Tensor
    joints_m: Tensor
    focal: Tensor
    vertices: Tensor  # (B, V, 3) true, root-relative, the palm of the mean hand's length
    joints: Tensor  # (B, 21, 3)
    root: Tensor  # (B, 3)


class _Material:
    def __init__(self, hand: HandData, net: MeshStage, config: MeshStageTraining, cache: MapCache | None):
        self.net, self.config, self.cache = net, config, cache
        self.pairs = PairSource(hand, config.seed, bank=config.bank)
        self.rng = np.random.default_rng(config.seed)
        self.pick = vertices_at(hand, 3)  # 98 of them stand for all
        joints = hand.regressor_21 @ hand.template_m
        self.palm_m = float(np.linalg.norm(joints[9] - joints[0]))
        self._drawn: list[_PoseBatch] = []

    def take(self) -> _PoseBatch:
        c = self.config
        own = round(c.batch * c.encoder_fraction) if self.cache is not None else 0
        if not self._drawn:
            n = c.batch - own
            p = self.pairs.draw(n * _CHUNK)
            with torch.no_grad():
                V, J = self.net.skinning(p.R, p.betas, self.pick)
            whole = _PoseBatch(p.joints_2d, p.joints_m, p.focal, V, J, p.root_m)
            self._drawn = _USES * [_rows(whole, slice(k * n, k * n + n)) for k in range(_CHUNK)]
        batch = self._drawn.pop()
        if not own or self.cache is None:
            return batch
        encoded = self.encoded(self.rng.integers(0, len(self.cache), own))
        return _PoseBatch(*(torch.cat(both) for both in zip(_values(batch), _values(encoded), strict=True)))

    def encoded(self, rows: np.ndarray, all_vertices: bool = False) -> _PoseBatch:
        """Drawn crops with the encoder's answers; their hands scaled to the mean palm, place and all."""
        assert self.cache is not None
        names = ("joints_px", "world_m", "focal", "true_vertices_m", "true_joints_m")
        d = {name: torch.from_numpy(v) for name, v in self.cache.read(rows, names).items()}
        V, J = d["true_vertices_m"], d["true_joints_m"]
        V = V if all_vertices else V[:, self.pick]
        size = self.palm_m / (J[:, 9] - J[:, 0]).norm(dim=-1)[:, None, None]
        root = J[:, :1]
        return _PoseBatch(
            *joints_of(d["joints_px"], d["world_m"], self.palm_m),
            d["focal"],
            size * (V - root),
            size * (J - root),
            (size * root)[:, 0],
        )


def train_mesh_stage(
    hand: HandData,
    out: Path,
    config: MeshStageTraining,
    cache: MapCache | None = None,
    validation: MapCache | None = None,
    start: Path | None = None,
) -> None:
    """Write `out` (safetensors) every so often and at the end. start: weights to go on from.

    cache: drawn crops whose answers join the pairs. validation: drawn crops to validate on.
    """
    torch.manual_seed(config.seed)
    net = MeshStage(MeshStageConfig(), hand)
    if start is not None:
        load_weights(net, start)
    material = _Material(hand, net, config, cache)
    optimiser = torch.optim.AdamW(net.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    began = said = time.monotonic()
    step, loss_mean = 0, 0.0
    while True:
        done = (time.monotonic() - began) / (60 * config.minutes)
        if config.steps is not None:
            done = step / config.steps
        if done >= 1:
            break
        factor = min(1.0, (step + 1) / 200) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))
        optimiser.param_groups[0]["lr"] = config.learning_rate * factor
        terms = _terms(net, material.take(), material.pick, config)
        loss = torch.stack(list(terms.values())).sum()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        step += 1
        loss_mean += (loss.item() - loss_mean) / min(step, 200)
        if time.monotonic() - said > config.validate_s or step == 20:
            said = time.monotonic()
            _save(net, out)
            figures = _validate(net, validation, material)
            print(f"{(said - began) / 60:.1f} min, step {step}, {loss_mean:.4f} {figures}")
    _save(net, out)
    print(f"end: step {step}, {loss_mean:.4f} {_validate(net, validation, material)}")


def _terms(net: MeshStage, d: _PoseBatch, pick: Tensor, config: MeshStageTraining) -> dict[str, Tensor]:
    pose = net(d.joints_2d, d.joints_m, d.focal)
    V, J = net.mesh(pose, pick)
    t = place(J, d.joints_2d, d.focal)[:, None]
    seen, true = project_uv(V + t, d.focal), project_uv(d.vertices + d.root[:, None], d.focal)
    said = project_uv(J + t, d.focal) - d.joints_2d
    return {
        "mesh": (V - d.vertices).abs().mean() / UNIT_M,
        "joints": (J - d.joints).abs().mean() / UNIT_M,
        "mesh2D": config.picture * (seen - true).clamp(-_FAR_UV, _FAR_UV).abs().mean(),
        "pose2D": config.reprojection * said.clamp(-_FAR_UV / 3, _FAR_UV / 3).abs().mean(),
        "shape": config.shape * pose.betas.square().mean(),
    }


@torch.no_grad()
def _validate(net: MeshStage, validation: MapCache | None, material: _Material) -> dict[str, float]:
    """On drawn crops: aligned errors of mesh and joints, and of the joints that came in, mm."""
    if validation is None:
        return {}
    kept, material.cache = material.cache, validation
    d = material.encoded(np.arange(len(validation)), all_vertices=True)
    material.cache = kept
    V, J = net.mesh(net(d.joints_2d, d.joints_m, d.focal))
    pairs = {"pa_mpvpe": (V, d.vertices), "pa_mpjpe": (J, d.joints), "came_in": (d.joints_m, d.joints)}
    return {
        name: round(float(1e3 * aligned_errors(a.numpy(), b.numpy()).mean()), 3)
        for name, (a, b) in pairs.items()
    }


def _save(net: MeshStage, out: Path) -> None:
    """As 16-bit floats, which change a joint by less than a tenth of a millimetre."""
    save_file({name: value.half() for name, value in net.state_dict().items()}, out)


def _values(batch: _PoseBatch) -> tuple[Tensor, ...]:
    return tuple(vars(batch).values())


def _rows(batch: _PoseBatch, rows: slice) -> _PoseBatch:
    return _PoseBatch(*(value[rows] for value in _values(batch)))
