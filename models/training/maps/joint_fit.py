"""Teach the learnt fit (`models.networks.joint_fit`) from poses, and from an encoder's joints on crops.

Its loss is what `models.tracking.fitting` makes small: how far the hand's joints are from those that it
should have, in the picture and in depth, each over its own deviation. A little of the true mesh is added, for
what joints don't tell; and fingers may bend only as fingers do, for joints are met as well by twisted ones.
A mesh stage can be taught by the same loss, so that it needs no fit behind it (`rounds` 0).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from models.evaluation.metrics import aligned_errors
from models.hand.hand_data import HandData
from models.networks.joint_fit import JointFit, JointFitConfig, goal_of, joints_of
from models.networks.layers.anatomy import Anatomy
from models.networks.mesh.levels import vertices_at
from models.networks.mesh_stage import MeshStage, MeshStageConfig, Pose, place, project_uv
from models.networks.network import UNIT_M
from models.training.maps.cache import MapCache
from models.training.maps.factors import factored, inputs_of
from models.training.maps.pose_pairs import PairSource
from models.weights import load_weights

_ONE = torch.zeros(1, dtype=torch.long)  # any vertex: joints are what is asked for
_CHUNK, _USES = 16, 2  # batches that are drawn at once, and how often each is learnt from


@dataclass(frozen=True)
class JointFitTraining:
    """One run."""

    minutes: float = 12.0
    steps: int | None = None  # the run's length in steps, not in time
    batch: int = 128
    cached_fraction: float = 0.35  # of a batch: the encoder's own joints on crops, where given
    learning_rate: float = 1e-3
    weight_decay: float = 1e-5
    aside_m: float = 0.0012  # one deviation of a joint across the line of sight
    depth_m: float = 0.003  # and along it
    mesh: float = 8.0  # weight of the true mesh, over UNIT_M
    shape: float = 0.02  # of the betas' squares
    anatomy: float = 4.0  # of what no finger can do: twist, bending sideways, beyond its joints' limits
    say_s: float = 120.0
    bank: int = 16384  # poses that pairs are made of at any time
    seed: int = 0


@dataclass(frozen=True)
class Posed:
    """Joints as said, and the true hand: root-relative, metres, of the mean palm's length."""

    joints_2d: Tensor  # (B, 21, 2) 0..1 of the crop
    joints_m: Tensor  # (B, 21, 3)
    focal: Tensor  # (B,)
    vertices: Tensor  # (B, V, 3)


class _Material:
    def __init__(
        self, hand: HandData, stage: MeshStage, config: JointFitTraining, caches: Sequence[MapCache]
    ):
        self.stage, self.config, self.caches = stage, config, caches
        self.pairs = PairSource(hand, config.seed, bank=config.bank)
        self.rng = np.random.default_rng(config.seed)
        self.pick = vertices_at(hand, 3)  # 98 of them stand for all
        joints = hand.regressor_21 @ hand.template_m
        self.palm_m = float(np.linalg.norm(joints[9] - joints[0]))
        self._drawn: list[Posed] = []

    def take(self) -> Posed:
        c = self.config
        cached = round(c.batch * c.cached_fraction / max(len(self.caches), 1)) if self.caches else 0
        n = c.batch - cached * len(self.caches)
        if not self._drawn:
            p = self.pairs.draw(n * _CHUNK)
            with torch.no_grad():
                V, _ = self.stage.skinning(p.R, p.betas, self.pick)
            whole = (p.joints_2d, p.joints_m, p.focal, V)
            for k in range(_CHUNK):
                self._drawn.append(Posed(*(x[k * n : k * n + n] for x in whole)))
            self._drawn *= _USES
        parts = [self._drawn.pop()]
        for cache in self.caches:
            parts.append(self.encoded(cache, self.rng.integers(0, len(cache), cached)))
        return Posed(*(torch.cat(x) for x in zip(*(vars(p).values() for p in parts), strict=True)))

    def encoded(self, cache: MapCache, rows: np.ndarray) -> Posed:
        """Cached crops; their hands scaled to the mean palm."""
        names = ("joints_px", "world_m", "focal", "true_vertices_m", "true_joints_m")
        d = {name: torch.from_numpy(v) for name, v in cache.read(rows, names).items()}
        J = d["true_joints_m"]
        size = self.palm_m / (J[:, 9] - J[:, 0]).norm(dim=-1)[:, None, None]
        said = joints_of(d["joints_px"], d["world_m"], self.palm_m)
        return Posed(*said, d["focal"], size * (d["true_vertices_m"][:, self.pick] - J[:, :1]))


def train_joint_fit(
    hand: HandData,
    mesh_stage: Path,
    out: Path,
    config: JointFitTraining,
    caches: Sequence[MapCache] = (),
    validation: MapCache | None = None,
    say: Callable[[str], None] = print,
    start: Path | None = None,
    rounds: int = JointFitConfig.rounds,
    rank: int | None = None,
) -> None:
    """Write `out` (safetensors) every so often and at the end. mesh_stage: its weights, which stay.

    rounds: of the fit. 0: what learns is another mesh stage, which from the start keeps to its joints as a
    fit would; it begins as the one of `mesh_stage`. rank: of its layers, made from full ones.
    caches: crops whose joints, as the encoder says them, join the pairs. validation: crops to validate on.
    start: weights to go on from, of that rank, or those of a system that holds them.
    """
    torch.manual_seed(config.seed)
    stage = MeshStage(MeshStageConfig(), hand)
    load_weights(stage, mesh_stage)
    stage.eval().requires_grad_(False)
    thin = None if start is None else rank  # what is gone on from has its rank already
    net = JointFit(JointFitConfig(rounds=rounds)) if rounds else MeshStage(MeshStageConfig(rank=thin), hand)
    anatomy = Anatomy(hand)
    if start is not None:
        load_weights(net, start, part="joint_fit." if rounds else "mesh_stage.")
    elif not rounds:
        load_weights(net, mesh_stage)
    material = _Material(hand, stage, config, caches)
    if rank is not None and start is None and isinstance(net, MeshStage):
        net = _thinned(net, material, rank)
    optimiser = torch.optim.AdamW(net.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    began = said = time.monotonic()
    step, done = 0, 0.0
    means: dict[str, float] = {}
    while done < 1:
        factor = min(1.0, (step + 1) / 200) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))
        optimiser.param_groups[0]["lr"] = config.learning_rate * factor
        terms = _terms(net, stage, anatomy, material.take(), material.pick, config)
        loss = torch.stack(list(terms.values())).sum()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        step += 1
        for name, value in terms.items():
            means[name] = means.get(name, 0.0) + (value.item() - means.get(name, 0.0)) / min(step, 200)
        done = (time.monotonic() - began) / (60 * config.minutes)
        if config.steps is not None:
            done = step / config.steps
        if done >= 1 or step == 20 or time.monotonic() - said > config.say_s:
            said = time.monotonic()
            save_file({name: value.half() for name, value in net.state_dict().items()}, out)
            lost = " ".join(f"{name} {value:.3f}" for name, value in means.items())
            figures = {} if validation is None else _validate(net, material, validation)
            say(f"{(said - began) / 60:.1f} min, step {step}: {figures} | {lost}")


def _thinned(net: MeshStage, material: _Material, rank: int) -> MeshStage:
    """The stage with layers of a lower rank, as it answers the material's joints."""

    def run() -> None:
        for _ in range(64):
            d = material.take()
            net(d.joints_2d, d.joints_m, d.focal)

    for name in ("a", "b", "c"):
        layer = net.get_submodule(name)
        setattr(net, name, factored(layer, inputs_of(layer, run), rank))
    return net


def fitted(net: JointFit | MeshStage, stage: MeshStage, d: Posed) -> tuple[Pose, Tensor]:
    """The pose, and the joints that it was to have."""
    with torch.no_grad():
        pose = stage(d.joints_2d, d.joints_m, d.focal)
        _, J = stage.mesh(pose, _ONE)
        goal = goal_of(J, d.joints_2d, d.joints_m, d.focal)
    if isinstance(net, MeshStage):
        return net(d.joints_2d, d.joints_m, d.focal), goal
    return net(stage, pose, goal, d.joints_2d, d.focal), goal


def _terms(
    net: JointFit | MeshStage,
    stage: MeshStage,
    anatomy: Anatomy,
    d: Posed,
    pick: Tensor,
    config: JointFitTraining,
) -> dict[str, Tensor]:
    pose, goal = fitted(net, stage, d)
    V, J = stage.mesh(pose, pick)
    t = place(J, d.joints_2d, d.focal)[:, None]
    away = (t[..., 2:] + J[..., 2:]).detach() / d.focal[:, None, None]  # metres in a crop's width
    aside = (project_uv(J + t, d.focal) - d.joints_2d) * away / config.aside_m
    depth = J[..., 2] - goal[..., 2]
    depth = (depth - depth.mean(1, keepdim=True)) / config.depth_m
    off = aside.square().sum(-1) + depth.square()
    return {
        "joints": ((1 + off).sqrt() - 1).mean(),
        "mesh": config.mesh * (V - d.vertices).abs().mean() / UNIT_M,
        "shape": config.shape * pose.betas.square().mean(),
        "anatomy": config.anatomy * anatomy.unlike(pose.R[:, 1:]).mean(),
    }


@torch.no_grad()
def _validate(net: JointFit | MeshStage, material: _Material, validation: MapCache) -> dict[str, float]:
    """On crops: aligned errors, mm, of the mesh, and how far joints stay from what they should be."""
    d = material.encoded(validation, np.arange(len(validation)))
    pose, goal = fitted(net, material.stage, d)
    V, J = material.stage.mesh(pose, material.pick)
    return {
        "pa_mpvpe": round(float(1e3 * aligned_errors(V.numpy(), d.vertices.numpy()).mean()), 3),
        "from_goal": round(float(1e3 * aligned_errors(J.numpy(), goal.numpy()).mean()), 3),
    }
