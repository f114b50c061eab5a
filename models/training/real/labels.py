"""The best label that can be made of a photograph without measuring the hand: many looks, one hand.

The landmark network looks at the hand in several crops, turned, scaled, shifted, every second one mirrored.
The median of what it says is nearer the truth than any one look, and how far the looks differ says how far
to trust it. Image landmarks count on their camera rays, world landmarks for their depth alone, shrunk; the
hand model, fitted to both, brings bone lengths, joint limits and the mesh.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.geometry import Float, crop_to_frame_px, rays, warp_crop
from models.inference.landmark_runtime import INPUT_SIZE, LandmarkNet
from models.tracking.fitting import HandFitter
from models.training.real.views import View, view_camera
from models.types import Array, Camera, Handedness


@dataclass(frozen=True)
class LabelConfig:
    """How often and how differently a hand is looked at."""

    views: int = 8  # half of them mirrored
    roll_deg: float = 15.0  # largest turn either way
    scale: float = 0.12  # largest change of size either way
    shift: float = 0.04  # largest shift, in crop sides
    rounds: int = 1  # plain looks before, each cropped around the last one's joints


@dataclass(frozen=True)
class Looks:
    """What the views said of one hand, and their agreement. Camera frame, true side."""

    joints_px: Array  # (21, 2) median, in the picture
    joints_world_m: Array  # (21, 3) median, camera axes, about its own middle
    spread: float  # typical distance of a view's joint from the median, in hand boxes
    mirror: float  # mean distance of the mirrored views' median from the others', in hand boxes
    depth_spread_m: float  # as spread, along z
    presence: float  # the median of the network's


@dataclass(frozen=True)
class Label:
    """One hand, labelled. Camera frame, metres, true side."""

    looks: Looks
    pose: Array  # (16, 3) axis-angle of the right-hand model (of the mirrored hand, for a left one)
    betas: Array  # (10,)
    root_m: Array  # (3,) the model's translation (of the mirrored hand, for a left one)
    joints_m: Array  # (21, 3) the hand model's joints
    vertices_m: Array  # (778, 3)
    error: float  # root mean square reprojection error of the hand model, in hand boxes


class Labeller:
    """Makes labels. The same picture gives the same label."""

    def __init__(self, net: LandmarkNet, fitter: HandFitter, config: LabelConfig | None = None) -> None:
        self.config = config or LabelConfig()
        self._net, self._fitter = net, fitter
        self._views = fixed_views(self.config)

    def label(
        self, image_rgb: NDArray[np.uint8], camera: Camera, joints_px: Array, handedness: Handedness
    ) -> Label:
        """The hand around (21, 2) joints of a picture (H, W, 3), RGB uint8, whose side is known."""
        looks = self.look(image_rgb, camera, joints_px, handedness)
        return self.fit(looks, camera, handedness)

    def look(
        self, image_rgb: NDArray[np.uint8], camera: Camera, joints_px: Array, handedness: Handedness
    ) -> Looks:
        """The landmark network's answer to all views."""
        for _ in range(self.config.rounds):
            joints_px, _, _ = self._ask(image_rgb, camera, joints_px, handedness, View())
        answers = [self._ask(image_rgb, camera, joints_px, handedness, view) for view in self._views]
        px, world = np.array([a[0] for a in answers]), np.array([a[1] for a in answers])
        mirrored = np.array([view.mirrored for view in self._views])
        middle, depth = np.median(px, 0), np.median(world, 0)
        box = float(np.ptp(middle, axis=0).max())
        halves = [
            np.median(px[mirrored == half], 0) if (mirrored == half).any() else middle for half in (0, 1)
        ]
        return Looks(
            middle.astype(np.float32),
            depth.astype(np.float32),
            spread=float(np.linalg.norm(px - middle, axis=2).mean()) / box,
            mirror=float(np.linalg.norm(halves[0] - halves[1], axis=1).mean()) / box,
            depth_spread_m=float(np.abs(world - depth)[..., 2].mean()),
            presence=float(np.median([a[2] for a in answers])),
        )

    def fit(self, looks: Looks, camera: Camera, handedness: Handedness) -> Label:
        """The hand model in the place that explains the looks best."""
        fit = self._fitter.fit(rays(looks.joints_px, camera)[:, :2], looks.joints_world_m, handedness)
        return Label(
            looks,
            fit.axis_angles,
            fit.betas,
            fit.state.t.astype(np.float32),
            fit.joints_m,
            fit.vertices_m,
            fit.error,
        )

    def _ask(
        self,
        image_rgb: NDArray[np.uint8],
        camera: Camera,
        joints_px: Array,
        handedness: Handedness,
        view: View,
    ) -> tuple[Array, Float, float]:
        """One look: (21, 2) pixels of the picture, (21, 3) camera axes about their middle, presence."""
        virtual, R = view_camera(camera, joints_px, INPUT_SIZE, view)
        crop = warp_crop(image_rgb, camera, virtual, R, mirrored=(handedness == "left") != view.mirrored)
        seen = self._net(crop.image_rgb)
        px = crop_to_frame_px(seen.joints_crop_px, crop, camera).astype(np.float32)
        world = seen.world_m.astype(np.float64) @ crop.A
        return px, world - world.mean(0), seen.presence


def fixed_views(config: LabelConfig) -> list[View]:
    """The views of a configuration, spread evenly over their ranges; the first is the app's own crop."""
    views = [View()]
    steps = np.array([0.754877666, 0.569840291, 0.430159709, 0.324717957])  # of a 4D low-discrepancy sequence
    for k in range(1, config.views):
        roll, scale, x, y = 2 * ((0.5 + k * steps) % 1) - 1
        shift = (config.shift * x, config.shift * y)
        views.append(View(np.radians(config.roll_deg) * roll, 1 + config.scale * scale, shift, k % 2 == 1))
    return views


def joints_on_rays(looks: Looks, camera: Camera, size_from: Array, depth_gain: float) -> Array:
    """(21, 3) joints on the looks' camera rays, at their world depths times a gain, camera frame, metres.

    size_from: (21, 3) a fitted hand, whose mean distance they take.
    """
    r = rays(looks.joints_px, camera)
    sight = r.mean(0) / np.linalg.norm(r.mean(0))
    along = depth_gain * (looks.joints_world_m @ sight)
    distance = (size_from @ sight).mean() + along - along.mean()
    return (r * (distance / (r @ sight))[:, None]).astype(np.float32)
