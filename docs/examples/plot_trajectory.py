"""Plot where the index finger's tip goes: python docs/examples/plot_trajectory.py VIDEO OUT.png [FRAMES]."""

import sys
from itertools import islice
from pathlib import Path

import matplotlib
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))  # the project's folder, wherever this is run from
import palmistry

matplotlib.use("Agg")
from matplotlib import pyplot as plt

INDEX_TIP = 8


def main(video: str, out: str, frames: int | None = None) -> None:
    times, tips = [], []
    with palmistry.HandTracker(max_hands=1, smoothing=0.5) as tracker:
        for frame in islice(tracker.video(video), frames):
            times.append(frame.time_s)
            tips.append(frame.hands[0].joints_m[INDEX_TIP] if frame.hands else [np.nan] * 3)
    path_mm = 1e3 * np.array(tips)
    figure, axes = plt.subplots(3, sharex=True, figsize=(7, 5), layout="constrained")
    for axis, name, values in zip(axes, ("right", "down", "away"), path_mm.T, strict=True):
        axis.plot(times, values)
        axis.set_ylabel(f"{name}, mm")
    axes[-1].set_xlabel("seconds")
    figure.suptitle("The index finger's tip in the camera's frame")
    figure.savefig(out, dpi=120)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else None)
