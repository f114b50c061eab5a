"""Labels for a folder of real crops, made once by `labels.Labeller` and kept in one npz file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from models.datasets.real_crops import RealCrops, read_arrays
from models.datasets.samples import read_rgb
from models.evaluation.benchmark import UNKNOWN_FOV_DEG
from models.geometry import camera_from_fov
from models.hand.hand_data import HandData
from models.hand.skinning import pose_hand
from models.inference.landmark_runtime import LandmarkRuntime
from models.tracking.fitting import MIRROR, HandFitter
from models.training.real.labels import Label, LabelConfig, Labeller
from models.types import Camera, Float32, Handedness
from models.whole_file import whole_file


@dataclass(frozen=True, eq=False)
class RealLabels:
    """Labels of N crops; hands as the hand model's parameters, in the frame of each crop's camera."""

    image: NDArray[np.str_]  # (N,) the crops' file names, to tell whose labels these are
    joints_px: Float32  # (N, 21, 2) pixels of the crop
    pose: Float32  # (N, 16, 3) axis-angle, of the mirrored hand for a left one
    betas: Float32  # (N, 10)
    root_m: Float32  # (N, 3) the model's translation, of the mirrored hand for a left one
    presence: Float32  # (N,) the landmark network's, 0..1
    spread: Float32  # (N,) of the views in the picture, hand boxes
    mirror: Float32  # (N,) between plain and mirrored views, hand boxes
    depth_spread_m: Float32  # (N,) of the views along the line of sight
    error: Float32  # (N,) reprojection error of the fitted hand, hand boxes

    def __post_init__(self) -> None:
        n = len(self.image)
        shapes = {"joints_px": (n, 21, 2), "pose": (n, 16, 3), "betas": (n, 10), "root_m": (n, 3)}
        for field in fields(self)[1:]:
            array, shape = getattr(self, field.name), shapes.get(field.name, (n,))
            if array.shape != shape or not np.isfinite(array).all():
                raise ValueError(f"labels: {field.name} expected finite numbers {shape}, got {array.shape}")


def crop_camera_of(width: int, height: int) -> Camera:
    """The camera taken for a crop. It is unknown, and matters little: fits on 240 crops left 1.47 % of the
    box at 25 degrees across the diagonal, 1.44 % at 35 and at 45."""
    return camera_from_fov(width, height, UNKNOWN_FOV_DEG)


def make_labels(
    crops: RealCrops,
    hand: HandData,
    config: LabelConfig | None = None,
    on_crop: Callable[[int], None] = lambda done: None,
) -> RealLabels:
    """Label every crop: about 0.1 s each with eight views. on_crop: told how many are done."""
    labeller = Labeller(LandmarkRuntime(), HandFitter(hand), config)
    labels: list[Label] = []
    for name, joints_px, side_name in zip(crops.image, crops.joints_2d_px, crops.handedness, strict=True):
        picture = read_rgb(crops.folder / str(name))
        handedness: Handedness = "left" if side_name == "left" else "right"
        camera = crop_camera_of(picture.shape[1], picture.shape[0])
        labels.append(labeller.label(picture, camera, joints_px, handedness))
        on_crop(len(labels))

    def column(get: Callable[[Label], object]) -> Float32:
        return np.array([get(label) for label in labels], np.float32)

    return RealLabels(
        crops.image,
        column(lambda x: x.landmarks.joints_px),
        column(lambda x: x.pose),
        column(lambda x: x.betas),
        column(lambda x: x.root_m),
        column(lambda x: x.landmarks.presence),
        column(lambda x: x.landmarks.spread),
        column(lambda x: x.landmarks.mirror),
        column(lambda x: x.landmarks.depth_spread_m),
        column(lambda x: x.error),
    )


def write_labels(labels: RealLabels, path: Path) -> None:
    """Keep labels in an npz file. Raises OSError."""
    with whole_file(path) as draft, draft.open("wb") as file:
        np.savez_compressed(file, **vars(labels))


def read_labels(path: Path, crops: RealCrops) -> RealLabels:
    """The labels of these crops. Raises ValueError in one line when they are damaged or of other crops."""
    names = tuple(field.name for field in fields(RealLabels))
    try:
        labels = RealLabels(*read_arrays(path, names))
    except ValueError as error:
        raise ValueError(f"{path}: {error}; delete it, and labels are made again") from error
    if not np.array_equal(labels.image, crops.image):
        raise ValueError(f"{path}: made for other crops than {crops.folder}'s; delete it, or name another")
    return labels


def vertices_of(labels: RealLabels, crops: RealCrops, hand: HandData) -> Float32:
    """(N, 778, 3) the labelled hands, in the frames of the crops' cameras, metres, true sides."""
    result = np.empty((len(labels.image), *hand.template_m.shape), np.float32)
    for k in range(len(result)):
        rotations = Rotation.from_rotvec(labels.pose[k]).as_matrix()
        result[k], _ = pose_hand(hand, rotations, labels.betas[k], labels.root_m[k])
    result[crops.handedness == "left"] *= MIRROR.astype(np.float32)
    return result
