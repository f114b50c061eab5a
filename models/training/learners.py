"""What a step minimises: a network with its objective as one module, samples in, loss terms out.

One module, so that a run looks the same on one GPU or several (`DistributedDataParallel` wraps it), and so
that what a schedule needs beside the network (a head for heatmaps, a teacher) is saved with it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map_only

from models.hand.hand_data import HandData
from models.networks.layers.heads import HeatmapHead
from models.networks.network import NetworkOutput
from models.networks.systems.m3dhmr import M3dhmr
from models.networks.systems.mobrecon import MobRecon
from models.networks.zoo import declared
from models.training import losses
from models.training.config import TrainConfig
from models.training.feed import TrainBatch
from models.training.objectives import PAPER_OBJECTIVES, Objectives


def encoder_autocast(config: TrainConfig) -> torch.autocast:
    """The precision in which encoders run, bfloat16 on a GPU; all else is in 32 bits."""
    gpu = torch.device(config.device).type
    return torch.autocast(gpu, torch.bfloat16, enabled=gpu == "cuda" if config.bf16 is None else config.bf16)


def autocast_encoders(network: nn.Module, config: TrainConfig) -> None:
    """Let the encoders that the network declares, nearly all of its work, run in `encoder_autocast`.

    They alone: bfloat16 knows a vertex to half a millimetre and a joint to half a pixel, which would drown
    the normals of faces and the last steps of a training.
    """
    running: list[torch.autocast] = []

    def begin(encoder: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        running.append(encoder_autocast(config))
        running[-1].__enter__()

    def end(encoder: nn.Module, inputs: tuple[Tensor, ...], answer: object) -> object:
        running.pop().__exit__(None, None, None)
        return tree_map_only(Tensor, Tensor.float, answer)

    for name in declared(config.network).encoders:
        encoder = network.get_submodule(name)
        encoder.register_forward_pre_hook(begin)
        encoder.register_forward_hook(end, always_call=True)


def rows_of(output: NetworkOutput, rows: slice) -> NetworkOutput:
    """What a network says of some of its crops."""
    return NetworkOutput(**{name: value[rows] for name, value in output.named().items()})


def consistency_terms(
    objectives: Objectives, output: NetworkOutput, train_batch: TrainBatch, weight: float
) -> dict[str, Tensor]:
    """The terms of two views, where there are any; a left or missing hand has no mesh to agree on."""
    if train_batch.pairs is None:
        return {}
    pairs = train_batch.pairs
    shown = (train_batch.batch.presence * train_batch.batch.right)[pairs.first]
    terms = objectives.consistency(
        rows_of(output, pairs.first), rows_of(output, pairs.second), pairs.R_2_1, pairs.T_2_1, shown
    )
    return {name: weight * value for name, value in terms.items()}


def _objective(objectives: Objectives, config: TrainConfig) -> Callable[..., dict[str, Tensor]]:
    """(output, labels, label weights) -> terms. Raises ValueError for a name that is unknown."""
    if callable(config.objective):
        return partial(config.objective, objectives)
    if config.objective not in PAPER_OBJECTIVES:
        known = ", ".join(PAPER_OBJECTIVES)
        raise ValueError(f"schedule {config.schedule}: expected one of {known}, got {config.objective!r}")
    found: Callable[..., dict[str, Tensor]] = getattr(objectives, config.objective)
    return found


class PaperLearner(nn.Module):
    """A published system by its paper's objective, and the two scores that the app needs."""

    def __init__(self, config: TrainConfig, network: nn.Module, hand: HandData) -> None:
        super().__init__()
        self.config, self.network = config, network
        autocast_encoders(network, config)
        self.objectives = Objectives(hand, config.device)
        self.objective = _objective(self.objectives, config)

    def forward(self, train_batch: TrainBatch) -> dict[str, Tensor]:
        batch = train_batch.batch
        output = self.network(batch.images)
        terms = self.objective(output, batch.labels, batch.weights)
        terms |= self.objectives.scores(output, batch.presence, batch.right)
        return terms | consistency_terms(self.objectives, output, train_batch, self.config.consistency)


class EncoderLearner(nn.Module):
    """MobRecon's pre-training of the 2D half: heatmaps of both stacks and positions, both supervised."""

    def __init__(self, config: TrainConfig, network: MobRecon | M3dhmr) -> None:
        super().__init__()
        self.config, self.network = config, network
        autocast_encoders(network, config)
        network.decoder.requires_grad_(False)
        network.lifting.lift.requires_grad_(False)
        self.heatmaps = HeatmapHead(network.lifting.encoder, soft=False)

    def forward(self, train_batch: TrainBatch) -> dict[str, Tensor]:
        batch, lifting = train_batch.batch, self.network.lifting
        encoding = lifting.encoder(batch.images)
        L_p, _ = lifting.joints(encoding)
        maps = lifting.early(encoding.first), self.heatmaps(encoding)[1]
        presence, right = lifting.scores(encoding.F_e.mean((2, 3)))
        weight = batch.weights.joints_2d
        target = losses.gaussian_heatmaps(batch.labels.joints_2d, maps[0].shape[-1], variance=1.0)
        return {
            "pose2D": losses.l1(L_p, batch.labels.joints_2d, weight),
            "early": losses.heatmap_loss(maps[0], target, weight),
            "heat": losses.heatmap_loss(maps[1], target, weight),
            "presence": 0.1 * losses.score_loss(presence, batch.presence),
            "right": 0.1 * losses.score_loss(right, batch.right, batch.presence),
        }
