"""Synthetic hands: crops as the app cuts them from a webcam's picture, with labels that have no noise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from models.geometry import rotation_from_axis_angle
from models.hand.hand_data import N_BETAS, N_BONES, HandData
from models.training.batch import Batch, on_device
from models.training.synthetic.accessories import add_accessories
from models.training.synthetic.appearance import write_appearance, write_backgrounds
from models.training.synthetic.atlas import N_CAPSULES, ROW_TEXELS, TEXELS, Atlas
from models.training.synthetic.atlas_mesh import N_ALL_BONES, PART_FOREARM
from models.training.synthetic.backgrounds import background_bank
from models.training.synthetic.camera_effects import webcam_effects
from models.training.synthetic.crops import SyntheticCrops
from models.training.synthetic.poses import MeasuredPoses, PoseSource
from models.training.synthetic.posing import PosedHands, Poser
from models.training.synthetic.viewpoints import USUAL_VIEWS, crop_cameras, sample_viewpoints
from models.types import Float32, Float64

UInt8 = NDArray[np.uint8]

NO_HAND, LEFT = 0.10, 0.05
"""Fractions of the crops that show no hand, and a left one unmirrored."""
_NEAREST_M = 0.06
_FINGER_RADIUS_M = np.concatenate([[0.012, 0.0095, 0.008], np.tile([0.0085, 0.0075, 0.0065], 4)])
_PALM_RADIUS_M, _ARM_RADIUS_M = 0.011, 0.026


class SyntheticHands:
    """Draws batches by number: one seed gives the same hands whenever and in whatever order they are asked.

    The OpenGL context is made by the first batch and belongs to its thread.
    """

    def __init__(
        self,
        hand: HandData,
        *,
        side_px: int,
        backgrounds: Path | Sequence[Path] | None = None,
        seed: int = 0,
        device: torch.device | str = "cpu",
        effects: bool = True,
        views: tuple[float, float] = USUAL_VIEWS,
    ) -> None:
        """side_px: of the crops. backgrounds: a folder of pictures, or files, to lay hands over, beside the
        drawn ones. device: where pictures get the webcam's faults (`effects`), and where batches come from.
        views: from where hands are seen, as `sample_viewpoints` takes it.

        Raises ValueError where the folder holds no picture, or the hand model has pose correctives.
        """
        self._hand, self._side_px, self._seed = hand, side_px, seed
        self._device, self._effects, self._views = device, effects, views
        self._poses, self._poser = PoseSource(hand, MeasuredPoses.shipped()), Poser(hand)
        self._bank = background_bank(backgrounds)
        self._atlas: Atlas | None = None

    def batch(self, number: int, count: int) -> Batch:
        """As `Source.batch`. Raises NoGraphics where OpenGL can't start."""
        return on_device(self.crops(number, count).batch(), self._device)

    def crops(
        self, number: int, count: int, labelled: bool = False, side_px: int | None = None
    ) -> SyntheticCrops:
        """The same with the cameras; `labelled`: with parts, depth and what is visible.

        side_px: of these crops; None: of every crop. The hands don't depend on it.
        """
        rng = np.random.default_rng([self._seed, number])
        n, size = count, side_px or self._side_px
        if self._atlas is None:
            self._atlas = Atlas(self._hand, self._bank)
        angles = self._poses.draw(rng, n)
        betas = np.clip(rng.standard_normal((n, N_BETAS)), -2.5, 2.5)
        viewpoints = sample_viewpoints(rng, n, self._views)
        posed = self._poser(angles, betas, viewpoints.R_wrist)
        translation = self._wrist_translation(posed, viewpoints.distance_m)
        joints: Float32 = self._hand.regressor_21 @ posed.vertices_m + translation.astype(np.float32)
        R, focal = crop_cameras(joints.astype(np.float64), viewpoints)

        rows = np.zeros((n, ROW_TEXELS, 4), np.float32)
        self._write_shape(rows, rng, posed, betas, R, translation)
        rows[:, TEXELS["CAMERA"], 0] = focal
        write_appearance(rows, rng, viewpoints.gravity_rad)
        write_backgrounds(rows, rng, len(self._bank), viewpoints.gravity_rad)
        kind = rng.random(n)
        present, mirrored = kind >= NO_HAND, kind >= 1 - LEFT
        rows, draw_list = add_accessories(rows, rng, present)
        drawn = self._atlas.draw(rows, draw_list, n, size, labelled)

        R_t = R.transpose(0, 2, 1).astype(np.float32)
        _mirror(drawn.rgb, mirrored)
        _mirror(drawn.coverage, mirrored)
        images = torch.from_numpy(drawn.rgb).to(self._device).float().mul_(1 / 255)
        parts = depth_m = visible = None
        if drawn.labels is not None:
            depth_m, part, visible = np.moveaxis(drawn.labels, -1, 0).copy()
            parts = part.astype(np.uint8)
            for shown in (parts, depth_m, visible):
                shown[mirrored] = shown[mirrored, :, ::-1]
        resolution_ratio = viewpoints.frame_px_per_rad / (focal * size)
        if self._effects:
            images = webcam_effects(images, [self._seed, number, 1], resolution_ratio)
        return SyntheticCrops(
            images=images,
            vertices_m=(posed.vertices_m + translation.astype(np.float32)) @ R_t,
            joints_m=np.asarray(joints @ R_t, np.float32),
            focal=focal.astype(np.float32),
            mask=drawn.coverage * np.float32(1 / 255),
            resolution_ratio=resolution_ratio.astype(np.float32),
            present=present,
            mirrored=mirrored,
            parts=parts,
            depth_m=depth_m,
            visible=visible,
        )

    @property
    def graphics(self) -> str:
        """What draws: the OpenGL driver's name, once a batch was drawn."""
        return self._atlas.renderer if self._atlas is not None else "nothing drawn yet"

    def close(self) -> None:
        """Free the OpenGL context."""
        if self._atlas is not None:
            self._atlas.close()
            self._atlas = None

    def _wrist_translation(self, posed: PosedHands, distance_m: Float64) -> Float64:
        """(B, 1, 3) where the wrists go, so that the hands' middles lie ahead, at arm's length or nearer."""
        middle = 0.5 * (posed.vertices_m.min(1) + posed.vertices_m.max(1))
        translation = -middle.astype(np.float64)
        translation[:, 2] = np.maximum(
            distance_m - middle[:, 2], _NEAREST_M - posed.vertices_m[..., 2].min(1)
        )
        return translation[:, None]

    def _write_shape(
        self,
        rows: Float32,
        rng: np.random.Generator,
        posed: PosedHands,
        betas: Float64,
        R: Float64,
        translation: Float64,
    ) -> None:
        n = len(rows)
        bones = np.zeros((n, N_ALL_BONES, 3, 4))
        bones[:, :N_BONES] = posed.bones
        bones[:, N_BONES:] = self._forearm(rng, posed, betas)
        bones[..., 3] += translation
        bones = R[:, None] @ bones
        rows[:, : TEXELS["CAPSULES"]] = bones.reshape(n, -1, 4)
        rows[:, TEXELS["BETAS"] : TEXELS["BETAS"] + 3] = np.pad(betas, ((0, 0), (0, 2))).reshape(n, 3, 4)

        R_t = R.transpose(0, 2, 1)
        centres, tips = (posed.centres_m + translation) @ R_t, (posed.tips_m + translation) @ R_t
        heads = centres[:, 1:].reshape(n, 5, 3, 3)
        ends = np.concatenate([heads[:, :, 1:], tips[:, :, None]], 2).copy()
        ends[:, :, 2] -= 0.35 * (ends[:, :, 2] - heads[:, :, 2])  # the last is as round as it is long
        knuckles, wrist = heads[:, 1:, 0], centres[:, :1]
        arm_axis = self._atlas_axis()
        elbow = wrist + 0.2 * (bones[:, -1, :, :3] @ arm_axis)[:, None]
        starts = np.concatenate([heads.reshape(n, 15, 3), wrist + 0.3 * (knuckles - wrist), wrist], 1)
        stops = np.concatenate([ends.reshape(n, 15, 3), knuckles, elbow], 1)
        radius = np.concatenate([_FINGER_RADIUS_M, np.full(4, _PALM_RADIUS_M), [_ARM_RADIUS_M]])
        part = np.concatenate([np.repeat(np.arange(1.0, 6), 3), np.zeros(4), [PART_FOREARM]])
        capsules = np.zeros((n, N_CAPSULES, 2, 4))
        capsules[:, :, 0, :3], capsules[:, :, 0, 3] = starts, radius
        capsules[:, :, 1, :3], capsules[:, :, 1, 3] = stops, part
        at = TEXELS["CAPSULES"]
        rows[:, at : at + 2 * N_CAPSULES] = capsules.reshape(n, -1, 4)

    def _atlas_axis(self) -> Float64:
        assert self._atlas is not None
        return self._atlas.arm_axis

    def _forearm(self, rng: np.random.Generator, posed: PosedHands, betas: Float64) -> Float64:
        """(B, 2, 3, 4) the arm's two bones: the wrist bent half way and all the way."""
        assert self._atlas is not None
        n = len(betas)
        bend = np.stack([rng.normal(0, 0.42, n), rng.normal(0, 0.08, n), rng.normal(0, 0.16, n)], 1)
        bend = np.clip(bend, [-1.1, -0.2, -0.4], [1.1, 0.2, 0.4])
        start = self._atlas.arm_start
        out = np.empty((n, 2, 3, 4))
        for k, fraction in enumerate((0.5, 1.0)):
            R_bend = rotation_from_axis_angle(fraction * bend)
            local = np.concatenate([R_bend, (start - R_bend @ start)[..., None]], -1)
            out[:, k] = posed.bones[:, 0, :, :3] @ local
            out[:, k, :, 3] += posed.bones[:, 0, :, 3]
        return out


def _mirror(planes: UInt8, mirrored: NDArray[np.bool_]) -> None:
    """Mirror some of B pictures (B, ..., S, S), in place."""
    width = planes.shape[-1]
    for k in np.flatnonzero(mirrored):
        picture = planes[k].reshape(-1, width)
        picture[:] = cv2.flip(picture, 1)
