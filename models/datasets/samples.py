"""What is judged: one picture and what is truly in it, a set of them, and a model's answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.types import N_JOINTS, N_VERTICES, Float32, Handedness

Box = tuple[float, float, float, float]
"""x, y of the upper left corner, width, height; pixels."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One hand in one picture. What a data set does not know is None."""

    name: str  # unlike any other of its set
    image: Path | NDArray[np.uint8]  # a file, or (H, W, 3) RGB
    handedness: Handedness
    intrinsics: tuple[float, float, float, float] | None  # fx, fy, cx, cy, pixels of the picture
    joints_2d_px: Float32 | None  # (21, 2) in the picture
    joints_3d_m: Float32 | None  # (21, 3) camera frame, metres
    vertices_m: Float32 | None = None  # (778, 3) camera frame, metres
    vertices_are_open: bool = False  # they come in the open hand's order, not in MANO's
    mask: NDArray[np.bool_] | None = None  # (H, W) where this hand is seen
    parts: NDArray[np.uint8] | None = None  # (H, W) its palm and fingers, numbers of silhouettes.PARTS
    joints_counted: NDArray[np.bool_] | None = None  # (21,) joints that may be judged; None: all
    time_s: float | None = None  # in a video, whose samples come in order; None: a still
    seen_by: str | None = None  # which of several cameras saw it, where a set has several
    box: Box | None = None  # around the hand, where its joints are not known

    def __post_init__(self) -> None:
        shapes = {
            "joints_2d_px": (N_JOINTS, 2),
            "joints_3d_m": (N_JOINTS, 3),
            "vertices_m": (N_VERTICES, 3),
            "joints_counted": (N_JOINTS,),
        }
        for field, shape in shapes.items():
            array = getattr(self, field)
            if array is not None and (array.shape != shape or not np.isfinite(array).all()):
                raise ValueError(f"{self.name}: {field} expected {shape} finite numbers, got {array.shape}")

    @property
    def box_px(self) -> Box | None:
        """The box around the true joints, or around the hand where these are not known."""
        if self.joints_2d_px is None:
            return self.box
        low, high = self.joints_2d_px.min(0), self.joints_2d_px.max(0)
        return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])


@dataclass(frozen=True)
class SampleSet:
    """The samples of one data set, read one by one. Reading raises ValueError where a file is unfit."""

    name: str
    count: int
    read: Callable[[], Iterator[Sample]]
    fps: float | None = None  # of a video; None: stills
    metric: bool = True  # its scale was measured; False: compare only after alignment
    get: Callable[[int], Sample] | None = None  # any of the stills by its place; None: a video
    # samples from one place up to another, for stills that must be read in order; None: by `get`, or a video
    between: Callable[[int, int], Iterator[Sample]] | None = None
    only_boxes: bool = False  # neither joints nor handedness are known: judge only whether hands are found


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says of a sample."""

    joints_2d_px: Float32  # (21, 2) in the picture, as observed
    joints_m: Float32  # (21, 3) camera axes, metres
    vertices_m: Float32 | None = None  # (778, 3) beside the joints, in the open hand's order; None: no mesh
    placed: bool = True  # whether joints_m are in the camera frame, not just in its axes
    presence: float | None = None  # how sure the model is that a hand is there, 0..1; None: it does not say
    handedness: Handedness = "right"  # of the hand that was found, where the model tells
    track_id: int = 0  # the same while the model follows one hand, where it tells


def stills(name: str, count: int, get: Callable[[int], Sample], every: int = 1) -> SampleSet:
    """A set whose k-th sample is get(k); only every `every`-th is taken."""
    chosen = range(0, count, every)
    return SampleSet(name, len(chosen), lambda: (get(k) for k in chosen), get=lambda k: get(chosen[k]))


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """A picture as (H, W, 3) RGB. Raises ValueError when it is missing or no picture."""
    return np.asarray(cv2.cvtColor(_decoded(path, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB), np.uint8)


def read_labels(path: Path) -> NDArray[np.uint8]:
    """A one-channel picture as (H, W). Raises ValueError when it is missing or no picture."""
    return np.asarray(_decoded(path, cv2.IMREAD_GRAYSCALE), np.uint8)


def read_json_points(path: Path, shape: tuple[int, ...], advice: str) -> Float32:
    """A JSON list of arrays of one shape, (N, *shape). Raises ValueError, ending in the advice, otherwise."""
    try:
        content = json.loads(require(path, advice).read_bytes())
        if not isinstance(content, list):
            raise ValueError(f"it holds a {type(content).__name__}")
        return points(content, (len(content), *shape), "its entries")
    except (OSError, ValueError) as error:
        if not path.exists():
            raise
        raise ValueError(f"{path} can't be used ({error}); {advice}") from error


def require(path: Path, advice: str) -> Path:
    """The same path. Raises ValueError, ending in the advice, unless it exists."""
    if not path.exists():
        raise ValueError(f"{path} is missing; {advice}")
    return path


def points(values: ArrayLike, shape: tuple[int, ...], what: str) -> Float32:
    """Numbers of a data set as a float32 array. Raises ValueError, naming `what`, if the shape is another."""
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what}: expected numbers of shape {shape}") from error
    if array.shape != shape or not np.isfinite(array).all():
        raise ValueError(f"{what}: expected finite numbers of shape {shape}, got shape {array.shape}")
    return array.astype(np.float32)


def intrinsics_of(K: Float32) -> tuple[float, float, float, float]:
    """fx, fy, cx, cy of a (3, 3) matrix."""
    return float(K[0, 0]), float(K[1, 1]), float(K[0, 2]), float(K[1, 2])


def _decoded(path: Path, kind: int) -> np.ndarray:
    try:
        picture = cv2.imdecode(np.fromfile(path, np.uint8), kind)
    except OSError as error:
        raise ValueError(f"{path} can't be read ({error.strerror}); is the data set whole?") from error
    except cv2.error:
        picture = None
    if picture is None:
        raise ValueError(f"{path} is not a picture that can be read; is the data set whole?")
    return picture
