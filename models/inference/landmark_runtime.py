"""MediaPipe's hand landmark network on our own crops: 21 landmarks of one hand, run by OpenVINO.

The network is `hand_landmarks_detector.tflite` of the detector bundle (Apache-2.0): 224 x 224 RGB in 0..1;
out come 21 image landmarks (pixels, and a relative depth), the chance that there is a hand at all, the chance
that it is a right one, and 21 world landmarks in metres.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.geometry import crop_camera, crop_to_frame_px, rotation_from_axis_angle, warp_crop
from models.inference.bundle import BUNDLE, compile_bundled
from models.inference.exposure import exposed
from models.inference.landmark_scores import shipped_scorer
from models.types import N_JOINTS, Camera, Crop, Detection, Float32, Handedness, HandPose, Sighting

NETWORK = "hand_landmarks_detector.tflite"
INPUT_SIZE = 224
_POOLED = "model_1/model/global_average_pooling2d/Mean"
_SCORES = "landmark_net"  # whose presence and handedness are asked instead of its own

_CORNER_PX = 0.25
"""Its landmarks lie this much right of and below pixel centres at integers: on 200 photographs, each seen in
three rolls and mirrored, 0.22 +- 0.02 and 0.26 +- 0.06 (a picture's and its mirror's x add up to 223.5)."""
_Z_TO_PX = 2.5
"""An image landmark's z, in crop pixels: the network gives it in 0.4 of x's unit."""
_WORLD_DEPTH, _IMAGE_DEPTH = 0.625, 1.25
"""What the two depths count, that of the world landmarks and that of the image landmarks; their errors
differ. Measured by the hand model's bone lengths on 480 photographs, and on a stereo clip, where the fit
comes 1 mm nearer. Their sum is too deep, as the world depth alone is: `HandFitter` shrinks it to 0.8."""

_REACH_M = 1.0
NOT_SEEN = Detection(
    np.zeros((N_JOINTS, 2), np.float32), "right", 0.0, 0.5, np.zeros((N_JOINTS, 3), np.float32)
)
"""No hand at all."""

CROP_SPAN = 2.0
CROP_SHIFT = 0.1
CROP_BOX_JOINTS = (0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18)
"""The crop that the network was trained to track with: twice the box of wrist to middle phalanges, moved by
a tenth towards the fingers. Measured on 250 photos, cropping again and again from the last landmarks: after
eight rounds 0.4 % of the hands were lost. With 1.5 boxes of all joints, as good in one round, it was 14 %."""


@dataclass(frozen=True)
class Landmarks:
    """What the network says about one crop."""

    joints_crop_px: Float32  # (21, 2) in the crop
    world_m: Float32  # (21, 3) metres, the crop's axes, origin of no meaning
    presence: float  # 0..1
    right_score: float  # 0..1, that the hand in the crop is a right one


class LandmarkRuntime:
    """The landmark network, ready to run. Several threads may call it."""

    input_size = INPUT_SIZE

    def __init__(self, bundle: Path = BUNDLE, threads: int = 1) -> None:
        """Compile the network of a bundle. Raises FileNotFoundError or ChangedAsset if it is not whole."""
        self._compiled = compile_bundled(NETWORK, bundle, threads, lambda model: model.add_outputs(_POOLED))
        self._local = threading.local()
        self._scorer = shipped_scorer(_SCORES)

    def __call__(self, crop_rgb: NDArray[np.uint8]) -> Landmarks:
        """Landmarks of a (224, 224, 3) crop, RGB uint8."""
        shape = (INPUT_SIZE, INPUT_SIZE, 3)
        if crop_rgb.shape != shape:
            raise ValueError(f"crop: expected {shape}, got {crop_rgb.shape}")
        request, inputs = self._request()
        np.multiply(exposed(crop_rgb), np.float32(1 / 255), out=inputs[0])
        request.infer({0: inputs}, share_inputs=True)
        image, own_presence, own_right, world, pooled = (request.get_output_tensor(i).data for i in range(5))
        image, world = image.reshape(N_JOINTS, 3), world.reshape(N_JOINTS, 3).copy()
        presence, right = float(own_presence.item()), float(own_right.item())
        if self._scorer is not None:
            presence, right = self._scorer(pooled.ravel(), image, world, presence, right)
        world[:, 2] = _depth(image, world)
        return Landmarks(
            joints_crop_px=image[:, :2] - np.float32(_CORNER_PX),
            world_m=world,
            presence=presence,
            right_score=right,
        )

    def _request(self) -> tuple[Any, Float32]:
        """A thread's own infer request and input (1, 224, 224, 3); the network itself is shared."""
        if not hasattr(self._local, "request"):
            inputs = np.zeros((1, INPUT_SIZE, INPUT_SIZE, 3), np.float32)
            self._local.request = self._compiled.create_infer_request(), inputs
        return self._local.request


def _depth(image: Float32, world_m: Float32) -> Float32:
    """(21,) depth, metres, from image landmarks (21, 3), crop pixels, and world landmarks (21, 3)."""
    size_m, size_px = (float(np.linalg.norm(xy - xy.mean(0))) for xy in (world_m[:, :2], image[:, :2]))
    of_image = image[:, 2] * np.float32(_Z_TO_PX * size_m / max(size_px, 1e-6))
    return _WORLD_DEPTH * world_m[:, 2] + _IMAGE_DEPTH * (of_image - of_image.mean())


def crop_hand(
    frame_rgb: NDArray[np.uint8],
    camera: Camera,
    joints_px: ArrayLike,
    handedness: Handedness,
    size: int = INPUT_SIZE,
    roll_rad: float = 0.0,
) -> Crop:
    """A network's view of the hand around (21, 2) joints of the frame; a left hand is mirrored.

    size: the crop's side, pixels. roll_rad: away from fingers up. All networks are trained with this framing.
    """
    virtual, R_crop_cam = crop_camera(camera, joints_px, size, CROP_SPAN, CROP_SHIFT, CROP_BOX_JOINTS)
    if roll_rad:
        R_crop_cam = rotation_from_axis_angle([0, 0, roll_rad]) @ R_crop_cam
    return warp_crop(frame_rgb, camera, virtual, R_crop_cam, mirrored=handedness == "left")


def in_frame(
    landmarks: Landmarks,
    crop: Crop,
    camera: Camera,
    vertices_m: Float32 | None = None,
    pose: HandPose | None = None,
) -> Detection:
    """What the network said about a crop, said of the frame: its pixels, the camera's axes, the true side.

    vertices_m, pose: of a network that sees a mesh, in the camera's axes already. An answer that can't be a
    hand's, such as one that is not a number, is NOT_SEEN.
    """
    seen = _seen(landmarks.joints_crop_px, landmarks.presence, landmarks.right_score, crop, camera)
    # Comparisons with what is not a number are false.
    if seen is None or not hand_sized(landmarks.world_m):
        return NOT_SEEN
    return Detection(*seen, (landmarks.world_m @ crop.A).astype(np.float32), vertices_m, pose)


def sighted(
    joints_crop_px: Float32, presence: float, right_score: float, crop: Crop, camera: Camera
) -> Sighting:
    """The same of joints (21, 2) in a crop and its two scores alone."""
    seen = _seen(joints_crop_px, presence, right_score, crop, camera)
    return NOT_SEEN if seen is None else Sighting(*seen)


def _seen(
    joints_crop_px: Float32, presence: float, right_score: float, crop: Crop, camera: Camera
) -> tuple[Float32, Handedness, float, float] | None:
    """What a `Sighting` holds; None for what is not numbers."""
    right = 1 - right_score if crop.mirrored else right_score
    with np.errstate(all="ignore"):  # what overflows here is found out below
        joints_px = crop_to_frame_px(joints_crop_px, crop, camera).astype(np.float32)
    if not (math.isfinite(presence) and math.isfinite(right) and np.isfinite(joints_px).all()):
        return None
    return joints_px, "right" if right >= 0.5 else "left", presence, max(right, 1 - right)


def hand_sized(points_m: Float32) -> bool:
    """Whether (N, 3) points around a hand's origin, metres, can be a hand's at all."""
    return bool(np.abs(points_m).max() < _REACH_M)
