"""Print the figures that tracking was tuned by.

    python -m tools.measure_tracking clip FILE.mp4      speed and steadiness, beside MediaPipe's video mode
    python -m tools.measure_tracking crops FOLDER       which crop the landmark network likes, in its own loop

FOLDER holds photos and labels.npz with `image` (file names), `side` and `joints_2d` (N, 21, 2).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from time import perf_counter

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import camera_from_fov, crop_camera, crop_to_frame_px, warp_crop
from models.inference.landmark_runtime import (
    CROP_BOX_JOINTS,
    CROP_SHIFT,
    CROP_SPAN,
    INPUT_SIZE,
    LandmarkRuntime,
)
from models.inference.mediapipe.landmarker import HandLandmarker
from models.tracking.pipeline import Pipeline, PipelineConfig
from tools.command import command

ROUNDS = 8
CROPS = {  # name: (span, shift, joints of the box)
    "as used": (CROP_SPAN, CROP_SHIFT, CROP_BOX_JOINTS),
    "as used, 10 % wider": (1.1 * CROP_SPAN, CROP_SHIFT, CROP_BOX_JOINTS),
    "1.5 boxes of all joints": (1.5, 0.0, None),
    "1.7 boxes of all joints": (1.7, 0.0, None),
}


def read(clip: Path) -> Iterator[tuple[NDArray[np.uint8], float]]:
    """Frames (H, W, 3) RGB and their times, seconds."""
    with av.open(str(clip)) as container:
        for frame in container.decode(video=0):
            yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8), float(frame.time or 0.0)


def read_image(path: Path) -> NDArray[np.uint8]:
    """(H, W, 3) RGB of an image file."""
    bgr = cv2.imread(str(path))
    if bgr is None:
        raise SystemExit(f"{path}: not an image")
    return np.ascontiguousarray(bgr[..., ::-1], np.uint8)


def measure_clip(clip: Path) -> None:
    """Speed, hands found and shake of the pipeline and of MediaPipe, frame by frame in turn."""
    frames = list(read(clip))
    pipelines = {
        "pipeline, one hand": Pipeline(PipelineConfig(max_hands=1)),
        "pipeline, two hands": Pipeline(PipelineConfig(max_hands=2)),
        "pipeline, not smoothed": Pipeline(PipelineConfig(max_hands=1, smoothing=None)),
    }
    stack = ExitStack()
    landmarkers = {f"MediaPipe video mode, {n} hand(s)": landmarker(n, stack) for n in (1, 2)}
    for pipeline in pipelines.values():
        stack.callback(pipeline.close)
        pipeline.process(*frames[0])  # loads the detector
        pipeline.reset()
    took_s: dict[str, list[float]] = {name: [] for name in (*pipelines, *landmarkers)}
    tracks: dict[str, list[NDArray | None]] = {name: [] for name in took_s}
    stages: dict[str, list[list[float]]] = {name: [] for name in pipelines}
    for frame, time_s in frames:
        for name, pipeline in pipelines.items():
            start = perf_counter()
            result = pipeline.process(frame, time_s)
            took_s[name].append(perf_counter() - start)
            stages[name].append([result.stages_ms[s] for s in pipeline.stages])
            tracks[name].append(result.hands[0].joints_2d_px if result.hands else None)
        for name, find in landmarkers.items():
            start = perf_counter()
            joints = find(frame, time_s)
            took_s[name].append(perf_counter() - start)
            tracks[name].append(joints)
    for name in took_s:
        report(name, took_s[name], tracks[name])
        if name in stages:
            middle, mean = np.median(stages[name], axis=0), np.mean(stages[name], axis=0)
            table = zip(pipelines[name].stages, middle, mean, strict=True)
            print("    median (mean) ms: " + ", ".join(f"{s} {a:.2f} ({b:.2f})" for s, a, b in table))
    stack.close()


def landmarker(max_hands: int, stack: ExitStack) -> Callable[[NDArray[np.uint8], float], NDArray | None]:
    """MediaPipe's own tracking: frame, time -> the first hand's joints (21, 2), pixels, or None."""
    task = stack.enter_context(closing(HandLandmarker(True, max_hands)))

    def find(frame_rgb: NDArray[np.uint8], time_s: float) -> NDArray | None:
        h, w = frame_rgb.shape[:2]
        joints = task(frame_rgb, time_s).hand_landmarks[:1]
        return np.array([[p.x * w, p.y * h] for p in joints[0]]) if joints else None

    return find


def report(name: str, took_s: list[float], tracks: list[NDArray | None]) -> None:
    """One line: speed, how often there was a hand, and how its joints shake."""
    runs = [t for t in zip(tracks, tracks[1:], tracks[2:], strict=False) if all(x is not None for x in t)]
    shake = [np.linalg.norm(a - 2 * b + c, axis=1).mean() for a, b, c in runs]  # type: ignore[operator]
    found = sum(t is not None for t in tracks)
    print(
        f"{name}: {len(took_s) / sum(took_s):.0f} frames/s, median {1e3 * np.median(took_s):.2f} ms, "
        f"p95 {1e3 * np.percentile(took_s, 95):.1f} ms, "
        f"hand in {found} of {len(tracks)} frames, {np.median(shake):.2f} px/frame²"
    )


def measure_crops(folder: Path, photos: int) -> None:
    """Error against the labels, in hand boxes, after cropping again and again from the last landmarks."""
    rng = np.random.default_rng(0)
    net = LandmarkRuntime()
    with np.load(folder / "labels.npz") as labels:
        chosen = rng.choice(len(labels["image"]), photos, replace=False)
        items = [(str(labels["image"][k]), str(labels["side"][k]), labels["joints_2d"][k]) for k in chosen]
    errors: dict[str, list[list[float]]] = {name: [] for name in CROPS}
    for file, handedness, truth in items:
        frame = read_image(folder / file)
        camera, box = camera_from_fov(frame.shape[1], frame.shape[0], 40), np.ptp(truth, axis=0).max()
        start = truth + rng.normal(0, 0.05 * box, 2) + rng.normal(0, 0.02 * box, (21, 2))
        for name, (span, shift, joints) in CROPS.items():
            px, rounds = start, []
            for _ in range(ROUNDS):
                virtual, R = crop_camera(camera, px, INPUT_SIZE, span, shift, joints)
                crop = warp_crop(frame, camera, virtual, R, handedness == "left")
                px = crop_to_frame_px(net(crop.image_rgb).joints_crop_px, crop, camera)
                rounds.append(float(np.linalg.norm(px - truth, axis=1).mean() / box))
            errors[name].append(rounds)
    for name, e in errors.items():
        first, last = np.array(e)[:, 0], np.array(e)[:, -1]
        print(
            f"{name}: median error {100 * np.median(first):.2f} % of the box in one round, "
            f"{100 * np.median(last):.2f} % after {ROUNDS}; "
            f"then lost (over 10 %): {100 * np.mean(last > 0.1):.1f} %"
        )


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    kinds = parser.add_subparsers(dest="what", required=True)
    kinds.add_parser("clip").add_argument("clip", type=Path)
    crops = kinds.add_parser("crops")
    crops.add_argument("folder", type=Path)
    crops.add_argument("--photos", type=int, default=250)
    options = parser.parse_args()
    if options.what == "clip":
        measure_clip(options.clip)
    else:
        measure_crops(options.folder, options.photos)


if __name__ == "__main__":
    raise SystemExit(main())
