"""What the rooms hand to each other: frozen dataclasses, checked once, where they are made.

Conventions (OpenCV): camera frame x right, y down, z forward, metres; images RGB uint8 (H, W, 3);
pixel centres at integer coordinates. The 21 joints are the wrist, then thumb, index, middle, ring,
little finger, each from palm to tip.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Handedness = Literal["right", "left"]
_SIDES = get_args(Handedness)
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
UInt8 = NDArray[np.uint8]

N_JOINTS = 21
N_VERTICES = 778


def _check(name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise ValueError(f"{name}: expected shape {shape}, got {array.shape}")
    # The product tells in a third of the time; that it is infinite, though, may be for large numbers.
    if not (math.isfinite(np.vdot(array, array)) or np.isfinite(array).all()):
        raise ValueError(f"{name}: holds values that are not finite")


def _check_handedness(handedness: str) -> None:
    if handedness not in _SIDES:
        raise ValueError(f"handedness: expected 'right' or 'left', got {handedness!r}")


@dataclass(frozen=True)
class Camera:
    """A pinhole camera without distortion. Focal lengths and principal point in pixels."""

    fx: float
    fy: float
    cx: float
    cy: float
    width: int
    height: int

    def __post_init__(self) -> None:
        if not (self.width > 0 and self.height > 0):
            raise ValueError(f"camera: size must be positive, got {self.width}x{self.height}")
        known = all(map(math.isfinite, (self.fx, self.fy, self.cx, self.cy)))
        if not (known and self.fx > 0 and self.fy > 0):
            raise ValueError(f"camera: focal lengths must be positive, got fx={self.fx}, fy={self.fy}")

    @property
    def K(self) -> NDArray[np.float64]:
        """(3, 3) intrinsic matrix."""
        return np.array([[self.fx, 0, self.cx], [0, self.fy, self.cy], [0, 0, 1]], np.float64)

    def scaled(self, width: int, height: int) -> Camera:
        """The same camera for the same picture at another size."""
        sx, sy = width / self.width, height / self.height
        return Camera(
            self.fx * sx, self.fy * sy, (self.cx + 0.5) * sx - 0.5, (self.cy + 0.5) * sy - 0.5, width, height
        )


@dataclass(frozen=True)
class Crop:
    """What a network sees: the picture of a virtual camera at the real camera's centre.

    A point p of the camera frame is `A @ p` in the crop's frame; A = M R, with R a rotation and M a
    mirror in x where `mirrored` (networks see right hands only).
    """

    image_rgb: NDArray[np.uint8]  # (S, S, 3)
    camera: Camera  # the virtual camera, S x S
    R_crop_cam: NDArray[np.float64]  # (3, 3) rotation, camera frame -> crop frame before mirroring
    mirrored: bool

    @property
    def A(self) -> NDArray[np.float64]:
        """(3, 3) camera frame -> crop frame, mirror included; orthogonal."""
        return self.R_crop_cam * [[-1.0], [1], [1]] if self.mirrored else self.R_crop_cam


@dataclass(frozen=True)
class HandPose:
    """The hand model's parameters of a mesh; of a left hand, those of its mirror image in x."""

    rotations: Float32  # (16, 3, 3) of each bone in its parent's frame, the wrist's in the camera frame
    betas: Float32  # (10,) shape
    translation_m: Float32  # (3,) where the wrist joint is

    def __post_init__(self) -> None:
        _check("rotations", self.rotations, (16, 3, 3))
        _check("betas", self.betas, (10,))
        _check("translation_m", self.translation_m, (3,))

    def moved(self, offset_m: np.ndarray) -> HandPose:
        """The same pose, its wrist moved by (3,) metres."""
        return replace(self, translation_m=self.translation_m + np.asarray(offset_m, np.float32))


@dataclass(frozen=True)
class CropSight:
    """Whether one crop shows a hand, where, and which one."""

    joints_2d_px: Float32  # (21, 2) pixels of the crop
    presence: float  # 0..1
    right_score: float  # 0..1, that the hand in the crop is a right one


@dataclass(frozen=True)
class CropPrediction(CropSight):
    """What a network says about one crop. The crop shows a right hand (a left one's crop is mirrored)."""

    # (778, 3) from the wrist, the crop's axes, metres; None where the hand model is fitted to the joints
    vertices_m: Float32 | None
    joints_m: Float32  # (21, 3) from the wrist, the crop's axes, metres
    pose: HandPose | None = None  # of the hand model near the mesh, from the wrist, the crop's axes

    def in_camera_axes(self, crop: Crop) -> tuple[Float32, Float32]:
        """Vertices (778, 3) and joints (21, 3) from the wrist in the camera's axes, the mirror undone.

        A left hand's mesh comes back as a true left hand. Raises ValueError where there is no mesh.
        """
        if self.vertices_m is None:
            raise ValueError("in_camera_axes: expected a network that sees a mesh")
        A = crop.A.astype(np.float32)
        return self.vertices_m @ A, self.joints_m @ A  # p_cam = A^T p_crop

    def pose_in_camera_axes(self, crop: Crop) -> HandPose | None:
        """The hand model's pose there; of a left hand, that of its mirror image in x, as everywhere."""
        if self.pose is None:
            return None
        turn = crop.A.T.astype(np.float32)
        if crop.mirrored:
            turn = turn * np.array([[-1], [1], [1]], np.float32)
        rotations = self.pose.rotations.copy()
        rotations[0] = turn @ rotations[0]
        return HandPose(rotations, self.pose.betas, turn @ self.pose.translation_m)


@dataclass(frozen=True)
class Sighting:
    """That there is a hand in a picture, where, and which one."""

    joints_2d_px: Float32  # (21, 2) in the frame
    handedness: Handedness
    presence: float  # of a hand, 0..1
    handedness_score: float  # how sure the side is, 0.5..1

    def __post_init__(self) -> None:
        _check("joints_2d_px", self.joints_2d_px, (N_JOINTS, 2))
        _check_handedness(self.handedness)


@dataclass(frozen=True)
class Detection(Sighting):
    """One hand in one picture: 21 landmarks, and the mesh where a network saw one."""

    joints_world_m: Float32  # (21, 3) metres, camera axes, origin of no meaning; depth is weak
    vertices_m: Float32 | None = None  # (778, 3) in the same axes and origin, where a network saw the mesh
    pose: HandPose | None = None  # of the open hand, likewise: near that mesh

    def __post_init__(self) -> None:
        super().__post_init__()
        _check("joints_world_m", self.joints_world_m, (N_JOINTS, 3))
        if self.vertices_m is not None:
            _check("vertices_m", self.vertices_m, (N_VERTICES, 3))


@dataclass(frozen=True)
class HandMesh:
    """One hand in one frame, in the camera frame, metres. Left hands are true left hands."""

    handedness: Handedness
    vertices_m: Float32  # (778, 3)
    joints_m: Float32  # (21, 3); joints_m[0], the wrist, is the root
    joints_2d_px: Float32  # (21, 2) in the frame, as seen, but for trembling (not joints_m projected)
    presence: float  # of a hand, 0..1
    track_id: int  # stays with a hand until it is lost
    time_s: float  # capture time of the frame, seconds, monotonic
    # of the open hand, where it is known: of a fit it is the mesh; of a network that moves single vertices
    # besides, it is where its bones are, and the mesh lies about it
    pose: HandPose | None = None

    def __post_init__(self) -> None:
        _check("vertices_m", self.vertices_m, (N_VERTICES, 3))
        _check("joints_m", self.joints_m, (N_JOINTS, 3))
        _check("joints_2d_px", self.joints_2d_px, (N_JOINTS, 2))
        _check_handedness(self.handedness)

    @property
    def root_m(self) -> Float32:
        """(3,) the wrist in the camera frame, metres."""
        return self.joints_m[0]

    def moved(self, offset_m: np.ndarray) -> HandMesh:
        """The same hand, translated by (3,) metres."""
        o = np.asarray(offset_m, np.float32)
        pose = self.pose
        if pose is not None:
            pose = pose.moved(o * np.array([-1.0 if self.handedness == "left" else 1, 1, 1], np.float32))
        return replace(self, vertices_m=self.vertices_m + o, joints_m=self.joints_m + o, pose=pose)
