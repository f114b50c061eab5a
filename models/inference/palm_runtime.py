"""MediaPipe's palm network: palms in a square picture of 192 pixels, run by OpenVINO.

The network is `hand_detector.tflite` of the detector bundle (Apache-2.0), a single-shot detector: 2,016
anchors on a grid of 24 x 24 (two a cell) and one of 12 x 12 (six a cell). For each it gives a score's
log-odds, a box around the palm and seven keypoints, relative to the anchor, in pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.inference.bundle import BUNDLE, compile_bundled
from models.inference.openvino_options import Precision
from models.inference.palm_maps import add_head
from models.inference.proposals import NO_PROPOSALS, Proposals, proposals
from models.types import Float32
from models.weights import find_weights

NETWORK = "hand_detector.tflite"
HEAD = "palm_head"  # the weights' name
INPUT_SIZE = 192
N_KEYPOINTS = 7  # wrist, knuckles of index, middle, ring, little finger, root and knuckle of the thumb
_GRIDS = ((8, 2), (16, 6))  # stride, anchors in a cell
_SAME_PALM = 0.3  # boxes that overlap more, intersection over union, are of one palm


@dataclass(frozen=True)
class Palms:
    """N palms in one square picture, in 0..1 from border to border; the surest first."""

    centres: Float32  # (N, 2) of the boxes
    sizes: Float32  # (N, 2) width and height of the boxes
    keypoints: Float32  # (N, 7, 2)
    scores: Float32  # (N,) 0..1

    def __len__(self) -> int:
        return len(self.scores)


def network_input(picture_rgb: NDArray[np.uint8], gain: float, out: Float32) -> None:
    """Write a picture (192, 192, 3), brightened, as the network wants it."""
    np.multiply(picture_rgb, np.float32(gain / 255), out=out)
    if gain > 1:
        np.minimum(out, 1, out=out)


class PalmNet:
    """The palm network, ready to run. Not for use by several threads at once."""

    def __init__(
        self,
        bundle: Path = BUNDLE,
        threads: int = 1,
        head: Mapping[str, Float32] | None = None,
        precision: Precision = "f32",
    ) -> None:
        """Compile the network. head: weights that propose hands; None takes those that are shipped.

        precision: bfloat16 moves palms by half a pixel: near enough, since the hand network looks again.
        Raises FileNotFoundError or ChangedAsset if the bundle is not whole.
        """
        weights = shipped_head() if head is None else head
        change = partial(add_head, weights=weights) if weights else _unchanged
        compiled = compile_bundled(NETWORK, bundle, threads, change, precision)
        self._request = compiled.create_infer_request()
        self._has_head = bool(weights)
        self._input = np.zeros((1, INPUT_SIZE, INPUT_SIZE, 3), np.float32)
        self._anchors = anchors()

    def __call__(self, picture_rgb: NDArray[np.uint8], min_score: float = 0.5, gain: float = 1.0) -> Palms:
        """Palms in a (192, 192, 3) picture, RGB uint8, that score at least min_score, 0..1.

        gain: by which it is brightened, as `exposure_gain` has it of the whole frame.
        """
        if picture_rgb.shape != self._input.shape[1:]:
            raise ValueError(f"picture: expected {self._input.shape[1:]}, got {picture_rgb.shape}")
        network_input(picture_rgb, gain, self._input[0])
        self._request.infer({0: self._input}, share_inputs=True)
        return self._palms(min_score)

    def proposals(self, min_score: float = 0.5) -> Proposals:
        """What the head takes for hands in the last picture; nothing where there is no head."""
        if not self._has_head:
            return NO_PROPOSALS
        return proposals(self._request.get_output_tensor(2).data[0], min_score)

    def _palms(self, min_score: float) -> Palms:
        boxes, logits = (self._request.get_output_tensor(k).data[0] for k in range(2))
        logits = logits[:, 0]
        # What is not a number is not greater.
        rows = np.flatnonzero(logits >= np.float32(np.log(min_score / (1 - min_score))))
        points = boxes[rows].reshape(-1, 2 + N_KEYPOINTS, 2) / np.float32(INPUT_SIZE)
        points[:, 0] += self._anchors[rows]
        points[:, 2:] += self._anchors[rows, None]
        scores = 1 / (1 + np.exp(-np.clip(logits[rows], -80, 80)))
        return merged(points, scores)


def shipped_head() -> dict[str, Float32]:
    """The head's weights as they ship; none where they don't. Raises ChangedAsset."""
    asset = find_weights(HEAD)
    if asset is None:
        return {}
    from safetensors.numpy import load_file

    asset.check()
    return {key: np.asarray(value, np.float32) for key, value in load_file(asset.path).items()}


def _unchanged(model: Any) -> None:
    """Leave a network as it is."""


def anchors() -> Float32:
    """(2016, 2) x, y of the anchors in 0..1, in the network's order."""
    grids = []
    for stride, in_cell in _GRIDS:
        cells = INPUT_SIZE // stride
        at = (np.arange(cells) + 0.5) / cells
        y, x = np.meshgrid(at, at, indexing="ij")
        grids.append(np.repeat(np.stack([x.ravel(), y.ravel()], 1), in_cell, axis=0))
    return np.concatenate(grids).astype(np.float32)


def merged(points: Float32, scores: Float32) -> Palms:
    """Answers of many anchors as palms: overlapping ones are averaged, weighted by their scores.

    points: (N, 9, 2) centre, size and keypoints; scores: (N,). As MediaPipe does it; a palm keeps the
    highest of its scores.
    """
    order = np.argsort(-scores, kind="stable")
    points, scores = points[order], scores[order]
    palms: list[Float32] = []
    best: list[float] = []
    while len(scores):
        same = overlaps(points[0, :2], points[:, :2]) > _SAME_PALM
        same[0] = True
        weights = scores[same] / scores[same].sum()
        palms.append(np.tensordot(weights, points[same], 1))
        best.append(float(scores[0]))
        points, scores = points[~same], scores[~same]
    joined = np.array(palms, np.float32).reshape(-1, 2 + N_KEYPOINTS, 2)
    return Palms(joined[:, 0], joined[:, 1], joined[:, 2:], np.array(best, np.float32))


def overlaps(box: Float32, boxes: Float32) -> NDArray[np.float64]:
    """Intersection over union of a box (2, 2), centre and size, with boxes (N, 2, 2)."""
    low = np.maximum(box[0] - box[1] / 2, boxes[:, 0] - boxes[:, 1] / 2)
    high = np.minimum(box[0] + box[1] / 2, boxes[:, 0] + boxes[:, 1] / 2)
    both = np.clip(high - low, 0, None).prod(1, dtype=np.float64)
    union = np.abs(box[1]).prod() + np.abs(boxes[:, 1]).prod(1) - both
    return both / np.maximum(union, 1e-12)
