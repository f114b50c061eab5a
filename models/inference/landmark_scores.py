"""`models.networks.encoders.landmark_scores` without torch, for the landmark network as MediaPipe has it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.types import Float32
from models.weights import find_weights, scores_of

_MIDDLE_KNUCKLE = 9
_MOST_LOGIT = 10.0
_LAYERS = (1, 4, 6)  # of the answerers that are linear
CHANNELS = "channels"
"""Under which name a file of weights says which of the published network's last channels it reads."""


class LandmarkScorer:
    """Presence and handedness of one crop, from what the landmark network saw in it."""

    def __init__(self, weights: dict[str, NDArray[np.float32]], channels: NDArray[np.intp]) -> None:
        """weights: of `LandmarkScores`. channels: (512,) which of the published network's last it reads."""
        self._channels = channels
        self._mean, self._deviation = weights["mean"], weights["deviation"]
        self._layers = {
            answer: [(weights[f"{answer}.{k}.weight"], weights[f"{answer}.{k}.bias"]) for k in _LAYERS]
            for answer in ("presence", "handedness")
        }

    def __call__(
        self, pooled: Float32, image: Float32, world_m: Float32, presence: float, right: float
    ) -> tuple[float, float]:
        """The chances, 0..1, that there is a hand and that it is a right one.

        pooled: (1152,) mean of the network's last map. image: (21, 3) its image landmarks, crop pixels.
        world_m: (21, 3) its world landmarks. presence, right: its own two answers, 0..1.
        """
        flat, solid = image - image[:1], world_m - world_m[:1]
        box = max(float(np.ptp(image[:, :2], axis=0).max()), 1.0)
        palm = max(float(np.linalg.norm(solid[_MIDDLE_KNUCKLE])), 1e-3)
        own = np.clip(_logit(np.array([presence, right])), -_MOST_LOGIT, _MOST_LOGIT)
        seen = pooled[self._channels]
        inputs = np.concatenate([seen, flat.ravel() / box, solid.ravel() / palm, own]).astype(np.float32)
        x = (inputs - self._mean) / self._deviation
        logits = np.array([self._answer("presence", x), self._answer("handedness", x)])
        chances = 1 / (1 + np.exp(-np.clip(logits, -80, 80)))
        return float(chances[0]), float(chances[1])

    def _answer(self, which: str, x: Float32) -> float:
        (W1, b1), (W2, b2), (W3, b3) = self._layers[which]
        x = np.maximum(W1 @ x + b1, 0)
        x = np.maximum(W2 @ x + b2, 0)
        return float((W3 @ x + b3)[0])


def shipped_scorer(name: str) -> LandmarkScorer | None:
    """The scores taught for an encoder of this name; None where none ship. Raises ChangedAsset."""
    asset = find_weights(scores_of(name))
    if asset is None:
        return None
    from safetensors import safe_open

    asset.check()
    with safe_open(asset.path, "np") as file:
        channels = np.array(file.metadata()[CHANNELS].split(","), np.intp)
        return LandmarkScorer(
            {key: np.asarray(file.get_tensor(key), np.float32) for key in file.keys()},  # noqa: SIM118
            channels,
        )


def _logit(p: NDArray[np.float64]) -> NDArray[np.float64]:
    p = np.clip(p, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(p / (1 - p)))
