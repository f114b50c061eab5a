"""Labels of photographs whose hands nobody measured: test-time augmentation, then one fit of the hand model.

The landmark network sees the hand in several crops: rotated, scaled, shifted, every second one mirrored. The
median of its predictions is nearer the truth than any single one, and their spread says how much weight the
label deserves. Image landmarks count on their camera rays, world landmarks for their depth alone, shrunk; the
hand model, fitted to both, brings bone lengths, joint limits and the mesh.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.geometry import crop_to_frame_px, rays, warp_crop
from models.inference.landmark_runtime import INPUT_SIZE, LandmarkRuntime
from models.tracking.fitting import HandFitter
from models.training.real.views import View, view_camera
from models.types import Camera, Float32, Float64, Handedness


@dataclass(frozen=True)
class LabelConfig:
    """How many views there are of a hand, and how different."""

    views: int = 8  # half of them mirrored
    roll_deg: float = 15.0  # largest rotation either way
    scale: float = 0.12  # largest change of size either way
    shift: float = 0.04  # largest shift, in crop sides
    rounds: int = 1  # plain views before these, each cropped around the last one's joints


@dataclass(frozen=True)
class MultiViewLandmarks:
    """The median of the views' predictions, and their agreement. Camera frame, true side."""

    joints_px: Float32  # (21, 2) median, in the picture
    joints_world_m: Float32  # (21, 3) median, camera axes, about its own middle
    spread: float  # typical distance of a view's joint from the median, in hand boxes
    mirror: float  # mean distance of the mirrored views' median from the others', in hand boxes
    depth_spread_m: float  # as spread, along z
    presence: float  # the median of the network's


@dataclass(frozen=True)
class Label:
    """One hand, labelled. Camera frame, metres, true side."""

    landmarks: MultiViewLandmarks
    pose: Float32  # (16, 3) axis-angle of the right-hand model (of the mirrored hand, for a left one)
    betas: Float32  # (10,)
    root_m: Float32  # (3,) the model's translation (of the mirrored hand, for a left one)
    joints_m: Float32  # (21, 3) the hand model's joints
    vertices_m: Float32  # (778, 3)
    error: float  # root mean square reprojection error of the hand model, in hand boxes


class Labeller:
    """Makes labels. The same picture gives the same label."""

    def __init__(self, net: LandmarkRuntime, fitter: HandFitter, config: LabelConfig | None = None) -> None:
        self.config = config or LabelConfig()
        self._net, self._fitter = net, fitter
        self._views = fixed_views(self.config)

    def label(
        self, image_rgb: NDArray[np.uint8], camera: Camera, joints_px: Float32, handedness: Handedness
    ) -> Label:
        """The hand around (21, 2) joints of a picture (H, W, 3), RGB uint8, whose side is known."""
        landmarks = self.infer(image_rgb, camera, joints_px, handedness)
        return self.fit(landmarks, camera, handedness)

    def infer(
        self, image_rgb: NDArray[np.uint8], camera: Camera, joints_px: Float32, handedness: Handedness
    ) -> MultiViewLandmarks:
        """The landmark network's prediction from all views."""
        for _ in range(self.config.rounds):
            joints_px, _, _ = self._infer_view(image_rgb, camera, joints_px, handedness, View())
        answers = [self._infer_view(image_rgb, camera, joints_px, handedness, view) for view in self._views]
        px, world = np.array([a[0] for a in answers]), np.array([a[1] for a in answers])
        mirrored = np.array([view.mirrored for view in self._views])
        middle, depth = np.median(px, 0), np.median(world, 0)
        box = float(np.ptp(middle, axis=0).max())
        halves = [
            np.median(px[mirrored == half], 0) if (mirrored == half).any() else middle for half in (0, 1)
        ]
        return MultiViewLandmarks(
            middle.astype(np.float32),
            depth.astype(np.float32),
            spread=float(np.linalg.norm(px - middle, axis=2).mean()) / box,
            mirror=float(np.linalg.norm(halves[0] - halves[1], axis=1).mean()) / box,
            depth_spread_m=float(np.abs(world - depth)[..., 2].mean()),
            presence=float(np.median([a[2] for a in answers])),
        )

    def fit(self, landmarks: MultiViewLandmarks, camera: Camera, handedness: Handedness) -> Label:
        """The hand model fitted to the landmarks."""
        fit = self._fitter.fit(rays(landmarks.joints_px, camera)[:, :2], landmarks.joints_world_m, handedness)
        return Label(
            landmarks,
            fit.axis_angles,
            fit.betas,
            fit.state.t.astype(np.float32),
            fit.joints_m,
            fit.vertices_m,
            fit.error,
        )

    def _infer_view(
        self,
        image_rgb: NDArray[np.uint8],
        camera: Camera,
        joints_px: Float32,
        handedness: Handedness,
        view: View,
    ) -> tuple[Float32, Float64, float]:
        """One view: (21, 2) pixels of the picture, (21, 3) camera axes about their middle, presence."""
        virtual, R = view_camera(camera, joints_px, INPUT_SIZE, view)
        crop = warp_crop(image_rgb, camera, virtual, R, mirrored=(handedness == "left") != view.mirrored)
        found = self._net(crop.image_rgb)
        px = crop_to_frame_px(found.joints_crop_px, crop, camera).astype(np.float32)
        world = found.world_m.astype(np.float64) @ crop.A
        return px, world - world.mean(0), found.presence


def fixed_views(config: LabelConfig) -> list[View]:
    """The views of a configuration, spread evenly over their ranges; the first is the app's own crop."""
    views = [View()]
    steps = np.array([0.754877666, 0.569840291, 0.430159709, 0.324717957])  # of a 4D low-discrepancy sequence
    for k in range(1, config.views):
        roll, scale, x, y = 2 * ((0.5 + k * steps) % 1) - 1
        shift = (config.shift * x, config.shift * y)
        views.append(View(np.radians(config.roll_deg) * roll, 1 + config.scale * scale, shift, k % 2 == 1))
    return views


def joints_on_rays(
    landmarks: MultiViewLandmarks, camera: Camera, size_from: Float32, depth_gain: float
) -> Float32:
    """(21, 3) joints on the landmarks' camera rays, at their world depths times a gain, camera frame, metres.

    size_from: (21, 3) a fitted hand, whose mean distance they take.
    """
    r = rays(landmarks.joints_px, camera)
    sight = r.mean(0) / np.linalg.norm(r.mean(0))
    along = depth_gain * (landmarks.joints_world_m @ sight)
    distance = (size_from @ sight).mean() + along - along.mean()
    return (r * (distance / (r @ sight))[:, None]).astype(np.float32)
