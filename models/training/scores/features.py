"""What the scores are taught from: the landmark encoder's answers to crops and to their mirror images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.inference.landmark_runtime import INPUT_SIZE
from models.networks.encoders.landmark_net import LandmarkNet
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
    """N crops, each as it is and mirrored, and what is known of them."""

    inputs: NDArray[np.float32]  # (N, 2, N_INPUTS) of `score_inputs`; the second of the mirror image
    present: NDArray[np.bool_]  # (N,)
    right: NDArray[np.int8]  # (N,) of the first: 1 right, 0 left, -1 unknown
    source: NDArray[np.str_]  # (N,)
    held_out: NDArray[np.bool_]  # (N,)


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


def features_of(
    crops: CropFile, encoder: LandmarkNet, on_crops: Callable[[int], None] = lambda done: None
) -> Features:
    """Run the encoder over all crops and their mirror images: 10 ms each on one core."""
    run = FrozenPart(_Inputs(encoder), (3, INPUT_SIZE, INPUT_SIZE), TrainConfig(steps=1))
    inputs = np.empty((len(crops), 2, N_INPUTS), np.float32)
    for start in range(0, len(crops), _BATCH):
        stop = min(start + _BATCH, len(crops))
        images = np.stack([crops.image(k) for k in range(start, stop)])
        x = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
        inputs[start:stop, 0] = run(x)[0].numpy()
        inputs[start:stop, 1] = run(x.flip(3))[0].numpy()
        on_crops(stop)
    return Features(inputs, crops.present, crops.right, crops.source, crops.held_out)


def joined(parts: list[Features]) -> Features:
    """All in one."""
    return Features(*(np.concatenate([getattr(p, name) for p in parts]) for name in vars(parts[0])))


class _Inputs(nn.Module):
    """(B, 3, 224, 224) -> the scores' inputs (B, N_INPUTS)."""

    def __init__(self, encoder: LandmarkNet) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        return (score_inputs(self.encoder(images)),)
