"""Every model on the same samples in one run; what each answered, beside the truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.datasets.samples import Prediction, Sample, SampleSet, read_rgb
from models.evaluation.predictors import Predictor
from models.evaluation.silhouettes import PARTS, SIZE, draw_parts, hausdorff_95, iou, mean_iou
from models.geometry import camera_from_fov
from models.hand.hand_data import load_open_hand
from models.types import Camera

WINDOW_BOXES = 2.0
"""A still is cut to this many hand boxes around the hand before any model sees it: finding one hand in a
large picture is another question, and every model gets the same picture."""
UNKNOWN_FOV_DEG = 35.0
"""Diagonal field of view taken for a picture of no known camera: crops of hands at arm's length."""


@dataclass(frozen=True)
class Silhouette:
    """How a drawn mesh covers the true mask, at silhouettes.SIZE; NaN where the truth has no parts."""

    iou: float
    hd95_px: float
    finger_miou: float
    finger_hd95_px: float


@dataclass(frozen=True, eq=False)
class Run:
    """What every model answered to the samples of one set."""

    samples: SampleSet
    truths: list[Sample]  # without pictures and masks
    answers: dict[str, list[Prediction | None]]  # by model, one for each truth
    silhouettes: dict[str, list[Silhouette | None]]  # by model, where there were mask, camera and mesh


def run(
    samples: SampleSet,
    predictors: Mapping[str, Predictor],
    on_sample: Callable[[int], None] = lambda done: None,
) -> Run:
    """Show every sample to every model. on_sample: told how many are done.

    Raises ValueError where a sample's files are unfit.
    """
    result = Run(samples, [], {name: [] for name in predictors}, {name: [] for name in predictors})
    for sample in samples.read():
        image = read_rgb(sample.image) if isinstance(sample.image, Path) else sample.image
        for name, predictor in predictors.items():
            answer = answer_to(sample, image, predictor)
            result.answers[name].append(answer)
            result.silhouettes[name].append(silhouette(sample, answer))
        result.truths.append(replace(sample, image=Path(sample.name), mask=None, parts=None))
        on_sample(len(result.truths))
    return result


def answer_to(sample: Sample, image_rgb: NDArray[np.uint8], predictor: Predictor) -> Prediction | None:
    """What a model says of a sample whose picture is (H, W, 3) RGB, in that picture's pixels."""
    height, width = image_rgb.shape[:2]
    camera = (
        camera_from_fov(width, height, UNKNOWN_FOV_DEG)
        if sample.intrinsics is None
        else Camera(*sample.intrinsics, width, height)
    )
    if sample.time_s is not None:
        return predictor.track(image_rgb, camera, sample.time_s)
    x0, y0, x1, y1 = _window(sample, width, height)
    seen = np.ascontiguousarray(image_rgb[y0:y1, x0:x1])
    part = Camera(camera.fx, camera.fy, camera.cx - x0, camera.cy - y0, x1 - x0, y1 - y0)
    answer = predictor.still(seen, part, sample.handedness)
    if answer is None:
        return None
    return replace(answer, joints_2d_px=answer.joints_2d_px + np.array([x0, y0], np.float32))


def silhouette(sample: Sample, answer: Prediction | None) -> Silhouette | None:
    """How an answer's mesh covers the sample's mask; None where either, or the camera, is missing."""
    if answer is None or answer.vertices_m is None or not answer.placed:
        return None
    if sample.mask is None or sample.intrinsics is None or sample.box_px is None:
        return None
    x, y, w, h = sample.box_px
    scale = SIZE / (WINDOW_BOXES * max(w, h, 1.0))
    shift = (SIZE - 1) / 2 - scale * np.array([x + w / 2, y + h / 2])
    fx, fy, cx, cy = sample.intrinsics
    camera = Camera(scale * fx, scale * fy, scale * cx + shift[0], scale * cy + shift[1], SIZE, SIZE)
    hand = load_open_hand()
    drawn = draw_parts(answer.vertices_m, hand.faces, hand.regions, camera)
    mask = _at_size(sample.mask.astype(np.uint8), scale, shift) > 0
    whole = (iou(drawn > 0, mask), hausdorff_95(drawn > 0, mask))
    if sample.parts is None:
        return Silhouette(*whole, float("nan"), float("nan"))
    parts = _at_size(sample.parts, scale, shift)
    fingers = [PARTS[name] for name in PARTS if name != "palm"]
    shown = [f for f in fingers if (parts == f).any()]
    outlines = [hausdorff_95(drawn == f, parts == f) for f in shown]
    return Silhouette(
        *whole, mean_iou(drawn, parts, fingers), float(np.mean(outlines)) if outlines else float("nan")
    )


def _at_size(picture: NDArray[np.uint8], scale: float, shift: np.ndarray) -> NDArray[np.uint8]:
    warp = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    return np.asarray(cv2.warpAffine(picture, warp, (SIZE, SIZE), flags=cv2.INTER_NEAREST), np.uint8)


def _window(sample: Sample, width: int, height: int) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 of the square around the hand, as far as the picture goes; all of it if unknown."""
    if sample.box_px is None:
        return 0, 0, width, height
    x, y, w, h = sample.box_px
    half = max(WINDOW_BOXES * max(w, h) / 2, 8.0)
    x0, x1 = np.clip([round(x + w / 2 - half), round(x + w / 2 + half) + 1], 0, width)
    y0, y1 = np.clip([round(y + h / 2 - half), round(y + h / 2 + half) + 1], 0, height)
    if x1 - x0 < 8 or y1 - y0 < 8:
        raise ValueError(f"{sample.name}: its joints lie outside its picture of {width} x {height}")
    return int(x0), int(y0), int(x1), int(y1)
