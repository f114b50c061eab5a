"""MediaPipe's palm network: palms in a square picture of 192 pixels, run by OpenVINO.

The network is `hand_detector.tflite` of the detector bundle (Apache-2.0), a single-shot detector: 2,016
anchors on a grid of 24 x 24 (two a cell) and one of 12 x 12 (six a cell). For each it gives a score's
log-odds, a box around the palm and seven keypoints, relative to the anchor, in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.inference.bundle import BUNDLE, compile_bundled
from models.types import Float32

NETWORK = "hand_detector.tflite"
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


class PalmNet:
    """The palm network, ready to run. Not for use by several threads at once."""

    def __init__(self, bundle: Path = BUNDLE, threads: int = 1) -> None:
        """Compile the network. Raises FileNotFoundError or ChangedAsset if the bundle is not whole."""
        self._request = compile_bundled(NETWORK, bundle, threads).create_infer_request()
        self._input = np.zeros((1, INPUT_SIZE, INPUT_SIZE, 3), np.float32)
        self._anchors = anchors()

    def __call__(self, picture_rgb: NDArray[np.uint8], min_score: float = 0.5) -> Palms:
        """Palms in a (192, 192, 3) picture, RGB uint8, that score at least min_score, 0..1."""
        if picture_rgb.shape != self._input.shape[1:]:
            raise ValueError(f"picture: expected {self._input.shape[1:]}, got {picture_rgb.shape}")
        np.multiply(picture_rgb, np.float32(1 / 255), out=self._input[0])
        self._request.infer({0: self._input}, share_inputs=True)
        boxes, logits = (self._request.get_output_tensor(k).data[0] for k in range(2))
        logits = logits[:, 0]
        # What is not a number is not greater.
        rows = np.flatnonzero(logits >= np.float32(np.log(min_score / (1 - min_score))))
        points = boxes[rows].reshape(-1, 2 + N_KEYPOINTS, 2) / np.float32(INPUT_SIZE)
        points[:, 0] += self._anchors[rows]
        points[:, 2:] += self._anchors[rows, None]
        scores = 1 / (1 + np.exp(-np.clip(logits[rows], -80, 80)))
        return merged(points, scores)


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
