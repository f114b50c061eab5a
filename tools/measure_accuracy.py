"""Print how near `fit` comes to measured 3D joints, beside MediaPipe on the same frames.

    python -m tools.measure_accuracy STEREO

STEREO holds cam0.mp4 and reference.npz: `frame` (N,), `joints_3d` (N, 21, 3) metres in camera 0's frame,
`reprojection_px` (N, 21), `K0` (3, 3). PA-MPJPE over the joints that both cameras agree on within 4 px, in
frames with at least 8 of them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from models.geometry import pa_mpjpe
from models.landmarks import BUNDLE
from models.pipeline import Pipeline, PipelineConfig
from models.types import Camera

AGREE_PX, ENOUGH = 4.0, 8


def errors_mm(folder: Path, every: int = 1, mediapipe: bool = True) -> dict[str, NDArray[np.float64]]:
    """PA-MPJPE of each frame, millimetres: "fit", and "mediapipe" (its world joints) if asked for.

    A frame in which no hand was found counts as NaN.
    """
    reference = np.load(folder / "reference.npz", allow_pickle=False)
    row = {int(f): i for i, f in enumerate(reference["frame"])}
    K = reference["K0"]
    errors: dict[str, list[float]] = {name: [] for name in (["fit", "mediapipe"] if mediapipe else ["fit"])}
    peer = _mediapipe() if mediapipe else None
    with av.open(str(folder / "cam0.mp4")) as container:
        stream = container.streams.video[0]
        camera = Camera(K[0, 0], K[1, 1], K[0, 2], K[1, 2], stream.width, stream.height)
        pipeline = Pipeline(PipelineConfig(max_hands=1, smoothing=None), camera)
        for k, frame in enumerate(container.decode(stream)):
            if k % every or k not in row:
                continue
            rgb = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            agreed = reference["reprojection_px"][row[k]] < AGREE_PX
            truth = reference["joints_3d"][row[k]][agreed]
            hands = pipeline.process(rgb, k / 30).hands
            world = peer(rgb, k) if peer else None
            if agreed.sum() < ENOUGH:
                continue
            errors["fit"].append(1e3 * pa_mpjpe(hands[0].joints_m[agreed], truth) if hands else np.nan)
            if peer:
                errors["mediapipe"].append(np.nan if world is None else 1e3 * pa_mpjpe(world[agreed], truth))
    pipeline.close()
    return {name: np.array(e) for name, e in errors.items()}


def _mediapipe():
    import mediapipe as mp
    from mediapipe.tasks.python import BaseOptions, vision

    landmarker = vision.HandLandmarker.create_from_options(
        vision.HandLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(BUNDLE)), running_mode=vision.RunningMode.VIDEO
        )
    )

    def world_joints(rgb: NDArray[np.uint8], k: int) -> NDArray[np.float64] | None:
        image = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(rgb))
        found = landmarker.detect_for_video(image, 33 * k).hand_world_landmarks
        return np.array([[p.x, p.y, p.z] for p in found[0]]) if found else None

    return world_joints


def main() -> int:
    parser = argparse.ArgumentParser(description="Accuracy on a calibrated two-camera clip.")
    parser.add_argument("stereo", type=Path)
    folder = parser.parse_args().stereo
    if not all((folder / name).is_file() for name in ("cam0.mp4", "reference.npz")):
        print(f"palmistry: {folder} needs cam0.mp4 and reference.npz", file=sys.stderr)
        return 2
    print("model       frames  missed   PA-MPJPE mm: mean  median  95th percentile")
    for name, e in errors_mm(folder).items():
        found = e[np.isfinite(e)]
        print(f"{name:10s} {len(e):7d} {len(e) - len(found):7d}{np.mean(found):19.2f}", end="")
        print(f"{np.median(found):8.2f}{np.percentile(found, 95):17.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
