"""Photographed hands, as the encoder sees them in several views, with labels and silhouettes, into a cache.

The label of a hand is made from all its views: the medians of what the encoder's heads and `mobrecon_lm`'s
decoder say, and MediaPipe's own landmark network seen plainly and in the mirror; their depth is shared with
the mesh stage, and the hand model fitted to it. So a decoder that sees one view learns what all of them say.
Silhouettes are of a second generation: GrabCut starts from the mesh that `tang_lm` sees, which lies nearer to
them than the fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from models.geometry import crop_to_frame_px, project, rays, warp_crop
from models.hand.hand_data import HandData
from models.inference.landmark_runtime import INPUT_SIZE, LandmarkRuntime
from models.networks.joint_fit import joints_of
from models.tracking.fitting import HandFit, HandFitter
from models.tracking.reconstruction import FITTED, MEDIAPIPE_DEPTH, learnt_depth
from models.training.maps.cache import Column
from models.training.maps.drawn import MASK_SIDE, SEEN_COLUMNS, seen_columns
from models.training.maps.encoder import EncodedCrops, MapEncoder
from models.training.maps.looks import MeshLooks
from models.training.real.labels import LabelConfig, fixed_views
from models.training.real.photo import AugmentConfig, PhotoAugmenter
from models.training.real.silhouettes import OUTLINE_POINTS, SIDE, Belief, Silhouette, silhouette_of
from models.training.real.views import View, view_camera
from models.types import Camera, Crop, Float32, Float64, Handedness

PLAIN, NOISY = 4, 2
VIEWS = PLAIN + NOISY
"""Rows of a hand, one after the other: views as the camera saw them, which make the label, and noisy ones."""
OUTSIDE_STEP = 1 / 1000
"""What one step of the column `outside` is, in crop widths."""
_MEDIAPIPE = 0.4  # of a label, that is MediaPipe's
_AGREE = (0.03, 0.07)  # of both networks, hand boxes: weight 1 up to it, 0 from it
_FITS = (0.025, 0.05)  # the fitted hand's reprojection error, likewise
_CORNER_PX = 0.25  # as in `models.inference.landmark_runtime`

REAL_COLUMNS = SEEN_COLUMNS | {
    "true_vertices_m": Column((778, 3), "f4"),
    "true_joints_m": Column((21, 3), "f4"),
    "label_2d": Column((21, 2), "f4"),
    "weight": Column((), "f4"),
    "turn": Column((3, 3), "f4"),
    "outside": Column((MASK_SIDE, MASK_SIDE), "u1"),
    "outline": Column((OUTLINE_POINTS, 2), "f4"),
    "silhouette": Column((), "f4"),
    "hand": Column((), "i4"),
}
"""Beside what the encoder saw: the labelled hand in the crop's camera frame (its mesh is the fitted one), the
labelled joints, 0..1 of the crop, and how much the label counts; the photograph's camera axes -> the crop's;
the distance from hand and arm in steps of OUTSIDE_STEP, points of the hand's border, 0..1 of the crop, and
whether both are believed; the hand's number."""


@dataclass(frozen=True, eq=False)
class Photograph:
    """One hand in one picture, roughly known."""

    picture: NDArray[np.uint8]  # (H, W, 3) RGB
    camera: Camera
    joints_px: Float32  # (21, 2)
    handedness: Handedness


@dataclass(frozen=True, eq=False)
class HandLabel:
    """What all views of a hand say together. Camera frame."""

    joints_px: Float32  # (21, 2) in the picture
    fit: HandFit
    agreement: float  # between the two networks, hand boxes

    @property
    def weight(self) -> float:
        """0..1 how much it counts."""
        return _falling(self.agreement, *_AGREE) * _falling(self.fit.error, *_FITS)


class RealLabeller:
    """Makes labels of cached views."""

    def __init__(self, hand: HandData) -> None:
        self._net, self._fitter = LandmarkRuntime(), HandFitter(hand, FITTED["mobrecon_lm"])
        self._depth, self._mediapipe_depth = learnt_depth(), learnt_depth(MEDIAPIPE_DEPTH)
        rest = hand.regressor_21 @ hand.template_m
        self._palm_m = float(np.linalg.norm(rest[9] - rest[0]))

    def label(self, photo: Photograph, crops: list[Crop], seen: EncodedCrops) -> HandLabel:
        """crops, seen: plain views of the hand, and what the encoder says of them."""
        side, camera = photo.handedness, photo.camera
        px, world = torch.from_numpy(seen.joints_px), torch.from_numpy(seen.world_m)
        _, heads = joints_of(px, world, self._palm_m)
        ours_px = np.median([_px(j, c, camera) for j, c in zip(seen.joints_px, crops, strict=False)], 0)
        decoded = seen.joints_m - seen.joints_m[:, :1]
        both = 0.5 * (heads.numpy() + decoded)
        ours_m = np.median([j @ c.A for j, c in zip(both, crops, strict=False)], 0)
        answers = [self._mediapipe(photo, View(mirrored=mirrored)) for mirrored in (False, True)]
        theirs_px, theirs_m = (np.mean([a[k] for a in answers], 0) for k in (0, 1))
        box = float(np.ptp(ours_px, axis=0).max())
        agreement = float(np.linalg.norm(ours_px - theirs_px, axis=1).mean()) / max(box, 1.0)
        ours_m = self._depth(ours_px, ours_m, side, camera)
        theirs_m = self._mediapipe_depth(theirs_px, theirs_m, side, camera)
        joints_px = (1 - _MEDIAPIPE) * ours_px + _MEDIAPIPE * theirs_px
        joints_m = (1 - _MEDIAPIPE) * ours_m + _MEDIAPIPE * theirs_m
        fit = self._fitter.fit(rays(joints_px, camera)[:, :2], joints_m, side)
        return HandLabel(joints_px.astype(np.float32), fit, agreement)

    def _mediapipe(self, photo: Photograph, view: View) -> tuple[Float64, Float64]:
        virtual, R = view_camera(photo.camera, photo.joints_px, INPUT_SIZE, view)
        mirrored = (photo.handedness == "left") != view.mirrored
        crop = warp_crop(photo.picture, photo.camera, virtual, R, mirrored)
        found = self._net(crop.image_rgb)
        world = found.world_m.astype(np.float64) @ crop.A
        return crop_to_frame_px(found.joints_crop_px, crop, photo.camera), world - world[0]


class RealViews:
    """Turns photographs into rows of a cache."""

    def __init__(self, hand: HandData, encode: MapEncoder, seed: int, belief: Belief | None = None) -> None:
        self._hand, self._encode, self._belief = hand, encode, belief or Belief()
        self._labeller, self._looks = RealLabeller(hand), MeshLooks()
        self._rng = np.random.default_rng(seed)
        self._augment = PhotoAugmenter(replace(AugmentConfig(), occluder=0.0))
        views = fixed_views(LabelConfig(views=VIEWS))
        self._views = [replace(view, mirrored=False) for view in views]

    def rows(self, photographs: Iterable[Photograph]) -> Iterator[dict[str, NDArray]]:
        """The VIEWS rows of each hand in turn, by column; a hand whose label is worth nothing is left out."""
        for number, photo in enumerate(photographs):
            crops = [self._crop(photo, view) for view in self._views]
            images = [c.image_rgb for c in crops[:PLAIN]]
            images += [self._augment(c.image_rgb, _nothing, self._rng) for c in crops[PLAIN:]]
            batch = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float().div_(255)
            seen = self._encode(batch)
            plain = EncodedCrops(**{k: v[:PLAIN] for k, v in vars(seen).items()})
            label = self._labeller.label(photo, crops, plain)
            if label.weight > 0:
                yield self._columns(photo, crops, seen, label, number)

    def silhouette(self, crops: list[Crop]) -> Silhouette | None:
        """Of the hand, in the first of its plain crops, cut out from what `tang_lm` sees in all of them."""
        mesh_uv, joints_uv = self._looks(crops)
        return silhouette_of(crops[0].image_rgb, mesh_uv, self._hand.faces, joints_uv)

    def _crop(self, photo: Photograph, view: View) -> Crop:
        virtual, R = view_camera(photo.camera, photo.joints_px, INPUT_SIZE, view)
        return warp_crop(photo.picture, photo.camera, virtual, R, photo.handedness == "left")

    def _columns(
        self, photo: Photograph, crops: list[Crop], seen: EncodedCrops, label: HandLabel, number: int
    ) -> dict[str, NDArray]:
        cut = self.silhouette(crops[:PLAIN])
        believed = cut is not None and cut.believed(self._belief)
        sight = rays(label.joints_px, photo.camera)
        outside = np.zeros((VIEWS, MASK_SIDE, MASK_SIDE), np.uint8)
        outline = np.full((VIEWS, OUTLINE_POINTS, 2), 0.5, np.float32)
        if cut is not None and believed:
            for k, crop in enumerate(crops):
                outside[k] = np.round(np.clip(_seen_from(cut.outside, crops[0], crop) / OUTSIDE_STEP, 0, 255))
                points = rays(cut.outline * INPUT_SIZE - 0.5, crops[0].camera) @ crops[0].A @ crop.A.T
                outline[k] = _unit(project(points, crop.camera))
        each = np.ones(VIEWS, np.float32)
        A = np.array([c.A for c in crops], np.float32)
        labelled = [_unit(project(sight @ c.A.T, c.camera)) for c in crops]
        return seen_columns(seen) | {
            "focal": np.array([c.camera.fx / c.camera.width for c in crops], np.float32),
            "true_vertices_m": np.array([label.fit.vertices_m @ a.T for a in A], np.float32),
            "true_joints_m": np.array([label.fit.joints_m @ a.T for a in A], np.float32),
            "label_2d": np.array(labelled, np.float32),
            "weight": each * label.weight,
            "turn": A,
            "outside": outside,
            "outline": outline,
            "silhouette": each * believed,
            "hand": np.full(VIEWS, number, np.int32),
        }


def _seen_from(outside: Float32, first: Crop, crop: Crop) -> Float32:
    """Distances (SIDE, SIDE) from a hand in its first crop, as another crop sees them, MASK_SIDE wide."""
    K_1, K = first.camera.scaled(SIDE, SIDE).K, crop.camera.scaled(MASK_SIDE, MASK_SIDE).K
    H = K @ crop.A @ first.A.T @ np.linalg.inv(K_1)
    size = crop.camera.fx / first.camera.fx
    seen = cv2.warpPerspective(outside, H, (MASK_SIDE, MASK_SIDE), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen * size, np.float32)


def _nothing() -> NDArray[np.uint8]:
    raise AssertionError("nothing comes in the way of these hands")


def _px(joints_px: Float32, crop: Crop, camera: Camera) -> Float64:
    return crop_to_frame_px(joints_px[:, :2] - _CORNER_PX, crop, camera)


def _unit(points_px: Float64) -> Float64:
    """Crop pixels -> 0..1 from border to border."""
    return (points_px + 0.5) / INPUT_SIZE


def _falling(x: float, good: float, bad: float) -> float:
    return float(np.clip((bad - x) / (bad - good), 0, 1))
