"""Print and draw what the steady ↔ responsive slider does, and what prediction does.

    python -m tools.measure_smoothing [--out assets/pictures/smoothing.png]

Lag: on the demo clip's own motion, known exactly. Jitter: on the demo's first hand, held still, under white
noise of the sizes below, which are those of `fit` on a webcam (`main.py jitter`); the filtered hand's
acceleration over the raw hand's. Prediction: how far the joints in the picture are from where they truly are
a little later, with and without it, on the same motion under the same noise.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from models.evaluation.filter_lag import FilterLag, filter_lag, moving_hands
from models.evaluation.jitter import HandTrack, figures
from models.tracking.prediction import HandPredictor
from models.tracking.smoothing import HandFilter, hand_filter_config
from models.types import HandMesh
from tools.command import command

FPS = 30.0
STILL_FRAMES = 600
NOISE_PX = 0.15  # of each joint in the picture
NOISE_XY_MM = 0.1  # of the whole hand, across
NOISE_Z_MM = 0.3  # of the whole hand, in depth
NOISE_SHAPE_MM = 0.15  # of each joint and vertex
SETTINGS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
AHEAD_MS = (10, 20, 33, 50, 67, 83, 100)


@dataclass(frozen=True)
class Setting:
    """What one place of the slider does."""

    smoothing: float
    lag: FilterLag
    jitter: dict[str, float]  # filtered over raw, by part


def noisy(hands: Sequence[HandMesh], rng: np.random.Generator) -> list[HandMesh]:
    """The hands under white noise."""
    result = []
    for hand in hands:
        shift = rng.normal(size=3) * np.array([NOISE_XY_MM, NOISE_XY_MM, NOISE_Z_MM]) / 1e3
        result.append(
            replace(
                hand,
                vertices_m=_shaken(hand.vertices_m, shift, rng),
                joints_m=_shaken(hand.joints_m, shift, rng),
                joints_2d_px=(hand.joints_2d_px + rng.normal(0, NOISE_PX, (21, 2))).astype(np.float32),
            )
        )
    return result


def measure(smoothing: float) -> Setting:
    """Lag and jitter of one place of the slider."""
    hands, camera = moving_hands(FPS)
    still = [replace(hands[0], time_s=k / FPS) for k in range(STILL_FRAMES)]
    raw = noisy(still, np.random.default_rng(0))
    steady = HandFilter(hand_filter_config(smoothing))
    before, after = (figures(_track(h)) for h in (raw, [steady(hand, camera) for hand in raw]))
    parts = {"picture": "joints_2d_px", "articulation": "joints_3d_mm", "depth": "root_mm"}
    jitter = {
        part: _last(after[f"{key}_per_frame2"]) / _last(before[f"{key}_per_frame2"])
        for part, key in parts.items()
    }
    return Setting(smoothing, filter_lag(hand_filter_config(smoothing), FPS), jitter)


def _last(figure: float | list[float] | None) -> float:
    """A figure; of one for each axis, the depth's."""
    if figure is None:
        raise ValueError("too few frames to measure jitter on")
    return figure[-1] if isinstance(figure, list) else figure


def measure_prediction(ahead_ms: float, smoothing: float = 0.5) -> tuple[float, float]:
    """Mean distance of the 2D joints from the truth `ahead_ms` later, pixels: predicted, and as filtered."""
    hands, camera = moving_hands(FPS)
    truth = CubicSpline([h.time_s for h in hands], [h.joints_2d_px for h in hands])
    steady, predictor = HandFilter(hand_filter_config(smoothing)), HandPredictor()
    predicted, filtered = [], []
    for hand in noisy(hands, np.random.default_rng(0)):
        later_s = hand.time_s + ahead_ms / 1e3
        now = steady(hand, camera)
        predictor.update([now])
        (ahead,) = predictor.at(later_s)
        if hand.time_s > 0.5 and later_s < hands[-1].time_s:
            predicted.append(np.linalg.norm(ahead.joints_2d_px - truth(later_s), axis=1).mean())
            filtered.append(np.linalg.norm(now.joints_2d_px - truth(later_s), axis=1).mean())
    return float(np.mean(predicted)), float(np.mean(filtered))


def draw(settings: Sequence[Setting], ahead: dict[int, tuple[float, float]], out: Path) -> None:
    """The chart of the README."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"font.size": 8}):
        figure = Figure(figsize=(8.4, 2.7), dpi=150, layout="constrained")
        lag, jitter, future = figure.subplots(1, 3)
        colours = {"picture": "#1b6ca8", "articulation": "#3b8f5a", "depth": "#d1762a"}
        x = [s.smoothing for s in settings]
        for part, colour in colours.items():
            key = "joints_2d_ms" if part == "picture" else f"{part}_ms"
            lag.plot(x, [getattr(s.lag, key) for s in settings], color=colour, label=part, marker=".")
            jitter.plot(x, [100 * s.jitter[part] for s in settings], color=colour, label=part, marker=".")
        lag.set(title="Lag of a moving hand, ms", ylim=(0, None))
        jitter.set(title="Jitter of a still hand, % of unfiltered", ylim=(0, None))
        for axes in (lag, jitter):
            axes.set_xlabel("steady   ↔   responsive")
            axes.legend(frameon=False)
        future.plot(list(ahead), [b for _, b in ahead.values()], color="#888888", label="without", marker=".")
        future.plot(
            list(ahead), [a for a, _ in ahead.values()], color="#b03a48", label="predicted", marker="."
        )
        future.set(title="Error of the joints ahead of time, px", xlabel="ahead, ms", ylim=(0, None))
        future.legend(frameon=False)
        for axes in (lag, jitter, future):
            axes.grid(alpha=0.25)
            axes.spines[["top", "right"]].set_visible(False)
        out.parent.mkdir(parents=True, exist_ok=True)
        FigureCanvasAgg(figure).print_png(str(out))


def _shaken(
    points: NDArray[np.float32], shift: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float32]:
    return (points + shift + rng.normal(0, NOISE_SHAPE_MM / 1e3, points.shape)).astype(np.float32)


def _track(hands: Sequence[HandMesh]) -> HandTrack:
    return HandTrack(
        np.array([h.time_s for h in hands]),
        np.array([h.joints_2d_px for h in hands], np.float64),
        np.array([h.joints_m for h in hands], np.float64),
        None,
    )


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="also draw the chart, as a PNG")
    options = parser.parse_args()
    settings = [measure(s) for s in SETTINGS]
    print("smoothing   lag, ms: picture  articulation  depth   jitter left, %: picture  articulation  depth")
    for s in settings:
        lag, left = s.lag, {part: 100 * fraction for part, fraction in s.jitter.items()}
        print(
            f"{s.smoothing:9.1f}   {lag.joints_2d_ms:16.1f}  {lag.articulation_ms:12.1f}  {lag.depth_ms:5.1f}"
            f"   {left['picture']:23.0f}  {left['articulation']:12.0f}  {left['depth']:5.0f}"
        )
    ahead = {ms: measure_prediction(ms) for ms in AHEAD_MS}
    print("\nahead, ms   error, px: predicted   not predicted")
    for ms, (predicted, filtered) in ahead.items():
        print(f"{ms:9d}   {predicted:20.1f}   {filtered:13.1f}")
    if options.out is not None:
        draw(settings, ahead, options.out)


if __name__ == "__main__":
    raise SystemExit(main())
