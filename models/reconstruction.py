"""From a crop to a hand mesh: the hand model fitted to landmarks, or a network that sees the mesh."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from models import runtime
from models.fitting import FitConfig, HandFit, HandFitter
from models.geometry import rays
from models.hand_data import load_open_hand
from models.hand_profile import HandProfile, personal_hand
from models.landmark_pull import pull_onto_landmarks
from models.landmarks import INPUT_SIZE, NOT_SEEN, LandmarkNet, Landmarks, hand_sized, in_frame
from models.registration import recover_root
from models.runtime import HandRuntime
from models.types import Array, Camera, Crop, Detection, Side

KNUCKLES = [5, 9, 13, 17]
FROZEN_BETA = 0.03  # one deviation of a shape that is known
SIZE_MEMORY = 300  # frames over which a hand's size is averaged


class PlacedHand(Protocol):
    """One hand in the camera frame, metres, and what its next frame needs to know. Left hands are left."""

    @property
    def side(self) -> Side: ...
    @property
    def vertices_m(self) -> Array: ...
    @property
    def joints_m(self) -> Array: ...


class Reconstruction(Protocol):
    """One way. It remembers no hand: continuity comes in by `before`."""

    stage: str  # what `place` is called among the pipeline's stages
    input_size: int  # side of the crop, pixels
    sees_both_sides: bool  # whether a hand in the mirror of its crop is seen as well as in the crop

    def look(self, crop: Crop, camera: Camera) -> Detection:
        """The hand in a crop, said of the frame."""

    def place(self, seen: Detection, side: Side, camera: Camera, before: Any = None) -> PlacedHand:
        """The hand in the camera frame. before: what this returned for the same hand a frame ago."""


class FittedLandmarks:
    """`fit`: MediaPipe's landmark network, then the hand model fitted to its 21 joints."""

    stage = "fit"
    input_size = INPUT_SIZE
    sees_both_sides = True

    def __init__(self, profile: HandProfile | None = None) -> None:
        """profile: whose hand it is; its shape is then known, not guessed."""
        hand = load_open_hand()
        if profile is None:
            self._fitter = HandFitter(hand)
        else:
            self._fitter = HandFitter(personal_hand(hand, profile), FitConfig(beta=FROZEN_BETA))
        self._net = LandmarkNet()

    def look(self, crop: Crop, camera: Camera) -> Detection:
        return in_frame(self._net(crop.image_rgb), crop, camera)

    def place(self, seen: Detection, side: Side, camera: Camera, before: HandFit | None = None) -> HandFit:
        return self._fitter.fit(rays(seen.joints_2d_px, camera)[:, :2], seen.joints_world_m, side, before)


@dataclass(frozen=True)
class NetworkHand:
    """A network's hand, in the camera frame, metres."""

    side: Side
    vertices_m: Array  # (778, 3)
    joints_m: Array  # (21, 3)
    palm_m: float  # mean distance of the knuckles from the wrist, over all frames so far
    frames: int  # how many frames that is, SIZE_MEMORY at most


class NetworkMesh:
    """A network of the zoo: joints, presence, side and mesh in one pass; its root from its own 2D joints."""

    stage = "root"
    sees_both_sides = False  # it learnt from right hands alone

    def __init__(self, network: HandRuntime, profile: HandProfile | None = None) -> None:
        """profile: whose hand it is; its size is then known, not guessed."""
        self._network = network
        self._known_palm_m = None
        if profile is not None:
            personal = personal_hand(load_open_hand(), profile)
            self._known_palm_m = _palm_m(personal.regressor_21 @ personal.template_m)
        self.input_size = network.input_size

    def look(self, crop: Crop, camera: Camera) -> Detection:
        answer = self._network(crop.image_rgb)
        landmarks = Landmarks(answer.joints_2d_px, answer.joints_m, answer.presence, answer.right_score)
        seen, (vertices_m, _) = in_frame(landmarks, crop, camera), answer.in_camera_axes(crop)
        return replace(seen, vertices_m=vertices_m) if hand_sized(vertices_m) else NOT_SEEN

    def place(
        self, seen: Detection, side: Side, camera: Camera, before: NetworkHand | None = None
    ) -> NetworkHand:
        """As `Reconstruction.place`.

        A picture can't tell a small near hand from a large far one, so the network's guess at the size, and
        with it the depth, shakes. A hand keeps the mean of all guesses: that moves it along its rays only.
        """
        if seen.vertices_m is None:
            raise ValueError("place: expected a detection with vertices_m, as a network gives it")
        joints, vertices = seen.joints_world_m, seen.vertices_m
        palm_m = _palm_m(joints)
        frames, mean_m = 1, palm_m
        if self._known_palm_m is not None:
            mean_m = self._known_palm_m
        elif before is not None and before.side == side:
            frames = min(before.frames + 1, SIZE_MEMORY)
            mean_m = before.palm_m + (palm_m - before.palm_m) / frames
        size = mean_m / palm_m
        root = size * recover_root(joints, seen.joints_2d_px, camera)
        vertices_m, joints_m = ((size * p + root).astype(np.float32) for p in (vertices, joints))
        vertices_m, joints_m = pull_onto_landmarks(vertices_m, joints_m, seen.joints_2d_px, camera)
        return NetworkHand(side, vertices_m, joints_m, mean_m, frames)


def _palm_m(joints_m: Array) -> float:
    """Mean distance of the knuckles from the wrist."""
    return max(float(np.linalg.norm(joints_m[KNUCKLES] - joints_m[0], axis=1).mean()), 1e-6)


def make_reconstruction(model: str, profile: HandProfile | None = None) -> Reconstruction:
    """`fit`, or a network whose weights ship. Raises ValueError, FileNotFoundError where one can't be had."""
    return FittedLandmarks(profile) if model == "fit" else NetworkMesh(runtime.load(model), profile)
