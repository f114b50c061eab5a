"""One person's hand: its shape, measured over some seconds and kept, and its size where a length is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.hand.hand_data import N_BETAS, HandData
from models.hand.inverse_skinning import InverseSkinning
from models.types import Float64, HandMesh

FEWEST_MESHES = 20
BREADTH_M = (0.055, 0.115)
"""Palms across the knuckles, from a small child's to the largest man's, metres."""

_MIRROR = np.array([-1.0, 1.0, 1.0])
_SLAB = 0.09  # half of what counts as "at the knuckles", along the fingers, over the palm's length
_THUMB = 1  # of HandData.regions


@dataclass(frozen=True)
class HandProfile:
    """A hand by name. Both of a person's hands are taken for alike."""

    name: str
    betas: tuple[float, ...]  # (10,) of the open hand
    scale: float = 1.0  # its true size over what the betas alone give
    measured: bool = False  # whether the scale comes from a known length

    def __post_init__(self) -> None:
        if len(self.betas) != N_BETAS or not all(abs(b) <= 5 for b in self.betas):
            raise ValueError(f"profile: expected {N_BETAS} betas within ± 5, got {self.betas}")
        if not 0.5 <= self.scale <= 1.7:
            raise ValueError(f"profile: expected a scale of 0.5 to 1.7, got {self.scale}")


def personal_hand(hand: HandData, profile: HandProfile) -> HandData:
    """The hand model with this person's hand for its mean."""
    betas, scale = np.asarray(profile.betas, np.float32), np.float32(profile.scale)
    template_m = scale * (hand.template_m + np.tensordot(betas, hand.shape_dirs, 1))
    shape_dirs = scale * hand.shape_dirs
    pose_dirs = None if hand.pose_dirs is None else scale * hand.pose_dirs
    return replace(
        hand,
        template_m=template_m.astype(np.float32),
        shape_dirs=shape_dirs.astype(np.float32),
        pose_dirs=pose_dirs,
    )


def palm_breadth_m(hand: HandData) -> float:
    """The palm's breadth as a ruler measures it: across the four knuckles, without the thumb, metres."""
    joints = (hand.regressor_21 @ hand.template_m).astype(np.float64)
    across = joints[17] - joints[5]
    across /= np.linalg.norm(across)
    along = joints[9] - joints[0]
    along -= (along @ across) * across
    length_m = float(np.linalg.norm(along))
    along /= length_m
    from_knuckles = (hand.template_m - (joints[5] + joints[17]) / 2) @ along
    slab = (np.abs(from_knuckles) < _SLAB * length_m) & (hand.regions != _THUMB)
    return float(np.ptp(hand.template_m[slab] @ across))


def estimate_betas(hand: HandData, meshes: Sequence[HandMesh]) -> tuple[Float64, Float64]:
    """(10,) the median shape of a hand's meshes, by any model, and (10,) how far they spread about it.

    Raises ValueError with fewer than FEWEST_MESHES.
    """
    if len(meshes) < FEWEST_MESHES:
        raise ValueError(f"{len(meshes)} meshes of the hand are too few, {FEWEST_MESHES} are needed")
    inverse, found, previous = InverseSkinning(hand), [], None
    handedness = None
    for mesh in meshes:
        points = mesh.vertices_m * (_MIRROR if mesh.handedness == "left" else 1.0)
        previous = inverse.fit(points, previous if mesh.handedness == handedness else None)
        handedness = mesh.handedness
        found.append(previous.betas)
    betas = np.clip(np.median(found, axis=0), -5, 5)
    return betas, np.asarray(np.median(np.abs(np.array(found) - betas), axis=0))


def with_breadth(hand: HandData, profile: HandProfile, breadth_m: float) -> HandProfile:
    """The same hand with a palm of this breadth across the knuckles. Raises ValueError for no hand's."""
    low, high = BREADTH_M
    if not low <= breadth_m <= high:
        raise ValueError(
            f"a palm of {1e3 * breadth_m:.0f} mm across the knuckles is no hand's; expected "
            f"{1e3 * low:.0f} to {1e3 * high:.0f} mm"
        )
    shape = palm_breadth_m(personal_hand(hand, replace(profile, scale=1.0)))
    return replace(profile, scale=breadth_m / shape, measured=True)
