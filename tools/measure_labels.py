"""Print what the ways to label a photograph are worth, on a hand measured by two cameras.

    python -m tools.measure_labels --stereo DIR [--every 5]

DIR is what `evaluate --data stereo:DIR` takes. Labels are made as `tools.label_crops` makes them, each frame
on its own: from one view or several, each depth gain, joints on their camera rays or those of the fitted
hand. Errors are PA-MPJPE in mm, mean / median over frames, then the mean without joints' constant offsets.
Last, whether the labels' own agreement tells good ones: the error's rank correlation with each measure.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from models.datasets.samples import Sample
from models.datasets.sets.stereo import stereo
from models.evaluation.metrics import aligned_errors, errors_without_offsets, mean_errors
from models.hand.hand_data import load_open_hand
from models.inference.landmark_runtime import LandmarkRuntime
from models.tracking.fitting import FitConfig, HandFitter
from models.training.real.labels import Label, LabelConfig, Labeller, joints_on_rays
from models.types import Camera
from tools.command import command

VIEWS = (1, 2, 8)
GAINS = (0.6, 0.8, 1.0)


@command
def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="what labels are worth")
    parser.add_argument("--stereo", type=Path, required=True, metavar="DIR")
    parser.add_argument("--every", type=int, default=5, metavar="N", help="only every Nth frame")
    options = parser.parse_args(arguments)
    samples = [s for s in stereo(options.stereo, max(1, options.every)).read() if _counts(s)]
    cameras = [_camera(sample) for sample in samples]
    net, hand = LandmarkRuntime(), load_open_hand()
    print(f"{len(samples)} frames; PA-MPJPE, mm: mean / median / without offsets")
    print(f"{'views':>5}  {'depth gain':>10}  {'on rays':>21}  {'fitted hand':>21}")
    labels: list[Label] = []
    for views in VIEWS:
        of_views = Labeller(net, HandFitter(hand), LabelConfig(views=views))
        landmarks = [
            of_views.infer(np.asarray(s.image), camera, s.joints_2d_px, s.handedness)  # type: ignore[arg-type]
            for s, camera in zip(samples, cameras, strict=True)
        ]
        for gain in GAINS:
            labeller = Labeller(net, HandFitter(hand, replace(FitConfig(), depth_gain=gain)))
            found = [
                labeller.fit(k, c, s.handedness) for k, c, s in zip(landmarks, cameras, samples, strict=True)
            ]
            on_rays = [
                joints_on_rays(x.landmarks, c, x.joints_m, gain) for x, c in zip(found, cameras, strict=True)
            ]
            of_fit = [x.joints_m for x in found]
            print(f"{views:5}  {gain:10.1f}  {_summary(on_rays, samples)}  {_summary(of_fit, samples)}")
            if gain == FitConfig().depth_gain:
                labels = found
    errors_mm = _errors(np.array([x.joints_m for x in labels]), samples)
    for name, values in {
        "spread": [x.landmarks.spread for x in labels],
        "mirror": [x.landmarks.mirror for x in labels],
        "fit error": [x.error for x in labels],
        "presence": [-x.landmarks.presence for x in labels],
    }.items():
        print(f"rank correlation of the error with {name}: {spearmanr(values, errors_mm).statistic:.2f}")


def _counts(sample: Sample) -> bool:
    return sample.joints_counted is not None and bool(sample.joints_counted.any())


def _camera(sample: Sample) -> Camera:
    if sample.intrinsics is None:
        raise ValueError(f"{sample.name}: expected a known camera")
    height, width = np.asarray(sample.image).shape[:2]
    return Camera(*sample.intrinsics, width, height)


def _weights(samples: list[Sample]) -> np.ndarray:
    return np.array([s.joints_counted for s in samples], np.float64)


def _errors(joints: np.ndarray, samples: list[Sample]) -> np.ndarray:
    """(N,) PA-MPJPE of each frame, mm."""
    weights, true = _weights(samples), np.array([s.joints_3d_m for s in samples])
    return 1e3 * mean_errors(aligned_errors(joints, true, weights), weights)


def _summary(joints: list[np.ndarray], samples: list[Sample]) -> str:
    points, weights = np.array(joints), _weights(samples)
    errors = _errors(points, samples)
    true, sides = np.array([s.joints_3d_m for s in samples]), [s.handedness for s in samples]
    without = 1e3 * mean_errors(errors_without_offsets(points, true, sides, weights), weights)
    return f"{errors.mean():5.2f} / {np.median(errors):5.2f} / {np.nanmean(without):5.2f}"


if __name__ == "__main__":
    raise SystemExit(main())
