"""What the scores are taught from: landmark encoders' answers to crops, or to their mirror images."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from torch import Tensor, nn

from models.inference.landmark_runtime import INPUT_SIZE
from models.inference.landmark_scores import CHANNELS
from models.networks.encoders.landmark_net import LandmarkFeatures, LandmarkNet
from models.networks.encoders.landmark_scores import N_INPUTS, score_inputs
from models.networks.zoo import build
from models.training.config import TrainConfig
from models.training.frozen import FrozenPart
from models.training.scores.crops import CropFile
from models.weights import find_weights, load_weights

PLAIN = "landmark_net"  # MediaPipe's own encoder, under the name of its weights
_BATCH = 16


@dataclass(frozen=True, eq=False)
class Features:
    """N views of crops, and what is known of them."""

    inputs: NDArray[np.float32]  # (N, N_INPUTS) of `score_inputs`
    present: NDArray[np.bool_]  # (N,)
    right: NDArray[np.int8]  # (N,) of the view: 1 right, 0 left, -1 unknown
    source: NDArray[np.str_]  # (N,)
    held_out: NDArray[np.bool_]  # (N,)


@dataclass(frozen=True, eq=False)
class Seen:
    """Which crops are shown to an encoder, and which of them in the mirror."""

    crop: NDArray[np.int64]  # (N,) numbers of crops
    mirrored: NDArray[np.bool_]  # (N,)


def encoder_named(name: str) -> LandmarkNet:
    """The landmark encoder of a network that has one, or MediaPipe's own: PLAIN. Raises ValueError."""
    if name == PLAIN:
        encoder: object = LandmarkNet()
        weights = find_weights(PLAIN)
        if weights is None:
            raise ValueError("the landmark network's weights are missing; get a full checkout")
        load_weights(encoder, weights)  # type: ignore[arg-type]
    else:
        encoder = getattr(build(name), "encoder", None)
    if not isinstance(encoder, LandmarkNet):
        raise ValueError(f"{name} has no landmark encoder; name {PLAIN} or a network that has one")
    encoder.scores = None  # they are to be taught
    return encoder.eval()


def channels_of(name: str) -> dict[str, str]:
    """What scores taught on PLAIN say beside their weights: the channels of the published network's last map
    that it has, for whoever runs that network itself. Of any other encoder: nothing."""
    weights = find_weights(PLAIN) if name == PLAIN else None
    if weights is None:
        return {}
    with safe_open(weights.path, "np") as file:
        return {CHANNELS: file.metadata()[CHANNELS]}


def encoder_digest(encoder: LandmarkNet) -> str:
    """Which encoder it is: the scores taught for one mean nothing on another."""
    digest = hashlib.sha256()
    for name, value in sorted(encoder.state_dict().items()):
        if not name.startswith("scores."):
            digest.update(name.encode() + value.half().numpy().tobytes())
    return digest.hexdigest()


def views_of(crops: CropFile, most: int, seed: int) -> Seen:
    """`most` of the crops at most, each as it is or in the mirror, by chance; held-out ones both ways.

    The mirror of a right hand is a left one. For the same time another crop teaches more than a mirror image.
    """
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(len(crops))[:most])
    aside = rows[crops.held_out[rows]]
    mirrored = np.where(crops.held_out[rows], False, rng.random(len(rows)) < 0.5)
    return Seen(np.concatenate([rows, aside]), np.concatenate([mirrored, np.ones(len(aside), bool)]))


def features_of(
    crops: CropFile,
    seen: Seen,
    encoders: Mapping[str, LandmarkNet],
    on_crops: Callable[[int], None] = lambda done: None,
) -> dict[str, NDArray[np.float32]]:
    """(N, N_INPUTS) of each encoder: 10 ms a crop on one core, and little more where they share blocks."""
    run = FrozenPart(_Inputs(list(encoders.values())), (3, INPUT_SIZE, INPUT_SIZE), TrainConfig(steps=1))
    n = len(seen.crop)
    inputs = {name: np.empty((n, N_INPUTS), np.float32) for name in encoders}
    for start in range(0, n, _BATCH):
        stop = min(start + _BATCH, n)
        images = np.stack(
            [
                crops.image(int(k))[:, ::-1] if mirrored else crops.image(int(k))
                for k, mirrored in zip(seen.crop[start:stop], seen.mirrored[start:stop], strict=True)
            ]
        )
        answers = run(torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255)
        for kept, answer in zip(inputs.values(), answers, strict=True):
            kept[start:stop] = answer.numpy()
        on_crops(stop)
    return inputs


def known_of(crops: CropFile, seen: Seen, inputs: NDArray[np.float32]) -> Features:
    """Features with what is known of the crops they are of."""
    right = crops.right[seen.crop]
    mirror = np.where(right >= 0, 1 - right, right)
    return Features(
        inputs,
        crops.present[seen.crop],
        np.where(seen.mirrored, mirror, right).astype(np.int8),
        crops.source[seen.crop],
        crops.held_out[seen.crop],
    )


def joined(parts: list[Features]) -> Features:
    """All in one."""
    return Features(*(np.concatenate([getattr(p, name) for p in parts]) for name in vars(parts[0])))


class _Inputs(nn.Module):
    """(B, 3, 224, 224) -> the scores' inputs (B, N_INPUTS) of each encoder."""

    def __init__(self, encoders: list[LandmarkNet]) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(encoders)
        first = encoders[0].early_state()
        self._shares = [
            all(torch.equal(value, first[key]) for key, value in encoder.early_state().items())
            for encoder in encoders
        ]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        f28, f14 = self.encoders[0].early(images)  # type: ignore[operator]
        answers = []
        for encoder, shares in zip(self.encoders, self._shares, strict=True):
            own28, own14 = (f28, f14) if shares else encoder.early(images)  # type: ignore[operator]
            features = LandmarkFeatures(own28, own14, encoder.late(own14))  # type: ignore[operator]
            answers.append(score_inputs(encoder.answer(features)))  # type: ignore[operator]
        return tuple(answers)
