"""Print how well a model agrees with itself: several inferences of each photographed hand.

    python -m tools.train.measure_views --closeups PHOTOS [--model fit,mobrecon_lm] [--every 1]

PHOTOS holds photographs of single hands with boxes.json; taken are those of true proportions that no training
may see. Each hand is cropped eight times, a little turned, shifted and larger or smaller. A model's hand is
projected into the photograph: joints, and vertices of the mesh, in the mean distance from the median of the
eight, in hundredths of the hand's box. Beside it the distance of the model's median from that of all models.
The first column is what MediaPipe's landmark network says, fitted to nothing.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from models.geometry import crop_to_frame_px, project, warp_crop
from models.inference.landmark_runtime import LandmarkRuntime
from models.tracking.pipeline import MODELS
from models.tracking.reconstruction import Reconstruction, make_reconstruction
from models.training.maps.real import Photograph
from models.training.real.labels import LabelConfig, fixed_views
from models.training.real.views import View, view_camera
from models.types import Crop, Float64
from tools.build.real_map_cache import closeups_of
from tools.command import command

NETWORK = "landmark network"


@command
def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="agreement of several inferences of the same hand")
    parser.add_argument("--closeups", type=Path, required=True, metavar="PHOTOS")
    parser.add_argument("--model", default=",".join(MODELS), metavar="NAME,…")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth hand")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    models = {name: make_reconstruction(name) for name in options.model.split(",")}
    photographs = list(closeups_of(options.closeups, held_out=True))[:: max(1, options.every)]
    views = [replace(view, mirrored=False) for view in fixed_views(LabelConfig())]
    network = LandmarkRuntime()
    spread: dict[str, list[float]] = {name: [] for name in (NETWORK, *models)}
    mesh: dict[str, list[float]] = {name: [] for name in models}
    from_all: dict[str, list[float]] = {name: [] for name in spread}
    for photo in photographs:
        crops = {size: [_crop(photo, v, size) for v in views] for size in _sizes(network, models)}
        joints = {NETWORK: _network_joints(network, crops[network.input_size], photo)}
        for name, model in models.items():
            joints[name], vertices = _hands(model, crops[model.input_size], photo)
            mesh[name].append(_spread(vertices, joints[name]))
        middle = np.mean([np.median(j, 0) for j in joints.values()], 0)
        for name, of_model in joints.items():
            spread[name].append(_spread(of_model, of_model))
            off = np.linalg.norm(np.median(of_model, 0) - middle, axis=1).mean()
            from_all[name].append(off / _box(middle))
    print(f"{len(photographs)} hands, {len(views)} inferences each; hundredths of the hand's box")
    print(f"{'':18} {'joints':>14} {'mesh':>14} {'from all':>14}")
    for name in spread:
        cells = [_cell(column) for column in (spread[name], mesh.get(name, []), from_all[name])]
        print(f"{name:18} " + " ".join(f"{cell:>14}" for cell in cells))


def _sizes(network: LandmarkRuntime, models: dict[str, Reconstruction]) -> set[int]:
    return {network.input_size, *(m.input_size for m in models.values())}


def _crop(photo: Photograph, view: View, size: int) -> Crop:
    virtual, R = view_camera(photo.camera, photo.joints_px, size, view)
    return warp_crop(photo.picture, photo.camera, virtual, R, photo.handedness == "left")


def _network_joints(network: LandmarkRuntime, crops: list[Crop], photo: Photograph) -> Float64:
    """(views, 21, 2) in the photograph."""
    seen = [network(c.image_rgb).joints_crop_px for c in crops]
    return np.array([crop_to_frame_px(j, c, photo.camera) for j, c in zip(seen, crops, strict=True)])


def _hands(model: Reconstruction, crops: list[Crop], photo: Photograph) -> tuple[Float64, Float64]:
    """Joints (views, 21, 2) and vertices (views, 778, 2) in the photograph."""
    joints, vertices = [], []
    for crop in crops:
        hand = model.lift(model.infer(crop, photo.camera), photo.handedness, photo.camera)
        joints.append(project(hand.joints_m, photo.camera))
        vertices.append(project(hand.vertices_m, photo.camera))
    return np.array(joints), np.array(vertices)


def _spread(points: Float64, joints: Float64) -> float:
    """Mean distance of each view's points from the median, in boxes."""
    middle = np.median(points, 0)
    return float(np.linalg.norm(points - middle, axis=2).mean()) / _box(np.median(joints, 0))


def _box(joints: Float64) -> float:
    return float(max(np.ptp(joints, axis=0).max(), 1.0))


def _cell(values: list[float]) -> str:
    """Mean and its standard error, hundredths."""
    if not values:
        return "–"
    v = 100 * np.array(values)
    return f"{v.mean():.2f} ± {v.std() / np.sqrt(len(v)):.2f}"


if __name__ == "__main__":
    raise SystemExit(main())
