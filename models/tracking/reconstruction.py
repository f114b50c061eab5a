"""From a crop to a hand mesh: the hand model fitted to a network's joints, or a network's own mesh."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.geometry import blended_rotations, rays
from models.hand.hand_data import load_open_hand
from models.hand.profile import HandProfile, personal_hand
from models.inference import mesh_stage, runtime
from models.inference.autotune import Call, autotune, thread_choices
from models.inference.landmark_runtime import (
    NOT_SEEN,
    LandmarkRuntime,
    Landmarks,
    hand_sized,
    in_frame,
    sighted,
)
from models.inference.mesh_stage import LearntDepth, MeshStageNet
from models.inference.runtime import HandRuntime
from models.tracking.fitting import FitConfig, HandFit, HandFitter
from models.tracking.registration import recover_root
from models.tracking.stillness import smooth_mesh
from models.types import Camera, Crop, CropPrediction, Detection, Float32, Handedness, HandPose, Sighting
from models.weights import find_weights

KNUCKLES = [5, 9, 13, 17]
FROZEN_BETA = 0.03  # one deviation of a shape that is known
SIZE_MEMORY = 300  # frames over which a hand's size is averaged
FIT = FitConfig(depth_gain=1.0, depth_m=0.005)
"""`fit`: depth is shared with the mesh stage, which needs no shrinking, and can be trusted more."""
MEDIAPIPE_DEPTH = 0.8
"""Of MediaPipe's depth, before the mesh stage sees it."""
_NETWORKS_JOINTS = replace(FIT, depth_m=0.003, angle_step_rad=0.15, steps_warm=2)
FITTED = {"mobrecon_lm": _NETWORKS_JOINTS, "mobrecon_lm_192": _NETWORKS_JOINTS}
"""Networks whose joints are better than their meshes, which come of too little training: fingers too thin and
rough to be drawn. The hand model is fitted to their joints."""


class LiftedHand(Protocol):
    """One hand in the camera frame, metres, with what the next frame continues from. Left hands are left."""

    @property
    def handedness(self) -> Handedness: ...
    @property
    def vertices_m(self) -> Float32: ...
    @property
    def joints_m(self) -> Float32: ...
    @property
    def pose(self) -> HandPose | None: ...


class Reconstruction(Protocol):
    """One method. It remembers no hand: continuity comes in by `previous`."""

    stage: str  # what `lift` is called among the pipeline's stages
    input_size: int  # side of the crop, pixels
    mirror_invariant: bool  # whether a crop's mirror image is answered as well as the crop

    def infer(self, crop: Crop, camera: Camera) -> Detection:
        """The hand in a crop, in the frame's pixels and the camera's axes."""

    def infer_pair(self, crops: Sequence[Crop], camera: Camera) -> list[Detection]:
        """The same of two crops, perhaps quicker than one by one."""

    def sight(self, crop: Crop, camera: Camera) -> Sighting:
        """Whether there is one, where, and which: the same as `infer` says, perhaps quicker."""

    def lift(
        self, detection: Detection, handedness: Handedness, camera: Camera, previous: Any = None
    ) -> LiftedHand:
        """The hand in the camera frame. previous: what this returned for the same hand a frame ago."""


class LandmarkSource(Protocol):
    """A network that sees 21 landmarks in a crop."""

    input_size: int

    def __call__(self, crop_rgb: NDArray[np.uint8]) -> Landmarks: ...


class FittedLandmarks:
    """A network's 21 joints, and the hand model fitted to them: smooth whatever the network says."""

    stage = "fit"

    def __init__(
        self,
        network: LandmarkSource,
        profile: HandProfile | None = None,
        config: FitConfig | None = None,
        mirror_invariant: bool = True,
        depth: LearntDepth | None = None,
    ) -> None:
        """profile: whose hand it is; its shape is then known, not guessed. config: how joints are trusted.

        depth: the mesh stage, which shares in the joints' depth; None: it is the network's own.
        """
        hand, config, betas = load_open_hand(), config or FitConfig(), None
        if profile is not None:
            hand, config = personal_hand(hand, profile), replace(config, beta=FROZEN_BETA)
            betas = profile.betas
        self._network, self._fitter = network, HandFitter(hand, config, betas)
        self.input_size, self.mirror_invariant, self._depth = network.input_size, mirror_invariant, depth

    def infer(self, crop: Crop, camera: Camera) -> Detection:
        return in_frame(self._network(crop.image_rgb), crop, camera)

    def infer_pair(self, crops: Sequence[Crop], camera: Camera) -> list[Detection]:
        return [self.infer(crop, camera) for crop in crops]

    def sight(self, crop: Crop, camera: Camera) -> Sighting:
        return self.infer(crop, camera)

    def lift(
        self, detection: Detection, handedness: Handedness, camera: Camera, previous: HandFit | None = None
    ) -> HandFit:
        joints_m = detection.joints_world_m
        if self._depth is not None:
            joints_m = self._depth(detection.joints_2d_px, joints_m, handedness, camera)
        return self._fitter.fit(rays(detection.joints_2d_px, camera)[:, :2], joints_m, handedness, previous)


class NetworkLandmarks:
    """The joints of a network that also sees a mesh."""

    def __init__(self, network: HandRuntime) -> None:
        self._network, self.input_size = network, network.input_size

    def __call__(self, crop_rgb: NDArray[np.uint8]) -> Landmarks:
        return _landmarks(self._network(crop_rgb))


def _landmarks(answer: CropPrediction) -> Landmarks:
    return Landmarks(answer.joints_2d_px, answer.joints_m, answer.presence, answer.right_score)


@dataclass(frozen=True)
class NetworkHand:
    """A network's hand, in the camera frame, metres."""

    handedness: Handedness
    vertices_m: Float32  # (778, 3)
    joints_m: Float32  # (21, 3)
    palm_m: float  # mean distance of the knuckles from the wrist, over all frames so far
    frames: int  # how many frames that is, SIZE_MEMORY at most
    root_m: Float32  # (3,) what vertices and joints are seen from, camera frame
    pose: HandPose | None = None  # of the open hand, where the network says it


class NetworkMesh:
    """A network of the zoo: everything in one pass; its root is recovered from its own 2D joints."""

    stage = "root"
    mirror_invariant = False  # it learnt from right hands alone

    def __init__(self, network: HandRuntime, profile: HandProfile | None = None) -> None:
        """profile: whose hand it is; its size is then known, not guessed."""
        self._network = network
        self._known_palm_m = None
        if profile is not None:
            personal = personal_hand(load_open_hand(), profile)
            self._known_palm_m = _palm_m(personal.regressor_21 @ personal.template_m)
        self.input_size = network.input_size

    def infer(self, crop: Crop, camera: Camera) -> Detection:
        return _in_frame(self._network(crop.image_rgb, _focal(crop)), crop, camera)

    def infer_pair(self, crops: Sequence[Crop], camera: Camera) -> list[Detection]:
        answers = self._network.pair([crop.image_rgb for crop in crops], [_focal(crop) for crop in crops])
        return [_in_frame(answer, crop, camera) for answer, crop in zip(answers, crops, strict=True)]

    def sight(self, crop: Crop, camera: Camera) -> Sighting:
        seen = self._network.sight(crop.image_rgb, _focal(crop))
        return sighted(seen.joints_2d_px, seen.presence, seen.right_score, crop, camera)

    def lift(
        self,
        detection: Detection,
        handedness: Handedness,
        camera: Camera,
        previous: NetworkHand | None = None,
    ) -> NetworkHand:
        """As `Reconstruction.lift`.

        A picture can't tell a small near hand from a large far one, so the network's guess at the size, and
        with it the depth, jitters. A hand keeps the mean of all guesses: that moves it along its rays only.
        And a network sees each frame anew, where the fit goes on from the last one: `smooth_mesh`.
        """
        if detection.vertices_m is None:
            raise ValueError("lift: expected a detection with vertices_m, as a network gives it")
        joints, vertices = detection.joints_world_m, detection.vertices_m
        last = previous if previous is not None and previous.handedness == handedness else None
        palm_m = _palm_m(joints)
        frames, mean_m = 1, palm_m
        if self._known_palm_m is not None:
            mean_m = self._known_palm_m
        elif last is not None:
            frames = min(last.frames + 1, SIZE_MEMORY)
            mean_m = last.palm_m + (palm_m - last.palm_m) / frames
        size, gain = np.float32(mean_m / palm_m), 1.0
        vertices, joints = size * vertices, size * joints
        if last is not None:
            from_root = (last.vertices_m - last.root_m, last.joints_m - last.root_m)
            vertices, joints, gain = smooth_mesh((vertices, joints), from_root)
        root = recover_root(joints, detection.joints_2d_px, camera).astype(np.float32)
        pose = None if detection.pose is None else _posed(detection.pose, size, root, last, gain, handedness)
        return NetworkHand(handedness, vertices + root, joints + root, mean_m, frames, root, pose)


def _posed(
    pose: HandPose,
    size: np.float32,
    root: Float32,
    last: NetworkHand | None,
    gain: float,
    handedness: Handedness,
) -> HandPose:
    """A pose from the wrist as its mesh is taken: of the same size and place, as much of it new."""
    flip = np.array([-1 if handedness == "left" else 1, 1, 1], np.float32)
    R, betas, wrist = pose.rotations, pose.betas, size * pose.translation_m
    if last is not None and last.pose is not None:
        R = blended_rotations(last.pose.rotations, R, gain).astype(np.float32)
        before, weight = last.pose.translation_m - flip * last.root_m, np.float32(gain)
        betas = last.pose.betas + weight * (betas - last.pose.betas)
        wrist = before + weight * (wrist - before)
    return HandPose(R, betas, wrist + flip * root)


def _focal(crop: Crop) -> float:
    """In crop widths."""
    return crop.camera.fx / crop.camera.width


def _in_frame(answer: CropPrediction, crop: Crop, camera: Camera) -> Detection:
    """What a network said about a crop, mesh included, as `in_frame` does."""
    vertices_m, _ = answer.in_camera_axes(crop)
    if not hand_sized(vertices_m):
        return NOT_SEEN
    return in_frame(_landmarks(answer), crop, camera, vertices_m, answer.pose_in_camera_axes(crop))


def _palm_m(joints_m: Float32) -> float:
    """Mean distance of the knuckles from the wrist."""
    wrist, *knuckles = joints_m[[0, *KNUCKLES]].tolist()  # numbers: NumPy takes as long for one as for ten
    return max(sum(math.dist(knuckle, wrist) for knuckle in knuckles) / len(knuckles), 1e-6)


def make_reconstruction(model: str, profile: HandProfile | None = None) -> Reconstruction:
    """`fit`, or a network whose weights ship. Raises ValueError, FileNotFoundError where one can't be had."""
    if model == "fit":
        landmarks = LandmarkRuntime(threads=_landmark_threads())
        return FittedLandmarks(landmarks, profile, FIT, depth=learnt_depth(MEDIAPIPE_DEPTH))
    network = runtime.load(model)
    if model in FITTED:
        joints = NetworkLandmarks(network)
        return FittedLandmarks(joints, profile, FITTED[model], mirror_invariant=False, depth=learnt_depth())
    return NetworkMesh(network, profile)


def learnt_depth(gain: float = 1.0) -> LearntDepth:
    """The shipped mesh stage. gain: as `LearntDepth` takes it. Raises FileNotFoundError without it."""
    weights = find_weights(mesh_stage.NAME)
    if weights is None:
        raise FileNotFoundError("the mesh stage's weights are missing; get a full checkout")
    return LearntDepth(MeshStageNet(weights, load_open_hand()), gain)


def _landmark_threads() -> int:
    """With how many the landmark network is fastest here."""
    size = LandmarkRuntime.input_size
    noise = np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8)

    def start(threads: int) -> Call:
        return partial(LandmarkRuntime(threads=threads), noise)

    candidates = {str(threads): partial(start, threads) for threads in thread_choices()}
    return int(autotune("landmarks", candidates, runtime.cache_dir()))
