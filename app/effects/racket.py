"""A table tennis racket in the hand: fingers in front of the grip, the palm behind."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from app.effects.declaration import EffectType, NoSettings
from app.effects.gestures import PalmFrame, held_by, palm_frame
from app.effects.shapes import bar, ellipse, moved, slab
from app.effects.solids import joined
from app.render.scene import EffectContext, Geometry, Paint, Prop
from models.types import Float64

_GRIP_RADIUS_M = 0.014
_LEAN = np.radians(22)  # of the blade from square to the forearm, towards the fingers
_RUBBER = Paint((0.42, 0.018, 0.022), roughness=0.45)
_BACK_RUBBER = Paint((0.012, 0.012, 0.014), roughness=0.45)
_WOOD = Paint((0.55, 0.33, 0.15), roughness=0.5)
_GRIP_WOOD = Paint((0.022, 0.030, 0.055), roughness=0.7)


class RacketEffect:
    """Puts a racket into every hand."""

    def place(self, context: EffectContext) -> Sequence[Prop]:
        """Four props a hand: blade, two rubbers, grip."""
        props = []
        for hand in context.hands:
            pose, holder = racket_pose(palm_frame(hand, _GRIP_RADIUS_M)), held_by(hand)
            props += [Prop(geometry, pose, paint, held_by=holder) for geometry, paint in racket()]
        return props

    def readout(self) -> Sequence[str]:
        """Nothing."""
        return ()


EFFECT = EffectType("racket", lambda _, __: RacketEffect(), NoSettings, order=40)


def racket_pose(palm: PalmFrame) -> Float64:
    """(4, 4) racket -> camera frame."""
    pose = np.eye(4)
    along = np.cos(_LEAN) * palm.across + np.sin(_LEAN) * palm.forward
    pose[:3, :3] = np.stack([np.cross(along, palm.out), along, palm.out], 1)
    pose[:3, 3] = palm.center_m
    return pose


@lru_cache(maxsize=1)
def racket() -> tuple[tuple[Geometry, Paint], ...]:
    """Its parts. Own frame: the grip's middle at the origin, y towards the blade, z out of the forehand."""
    blade = ellipse(0.150, 0.157, 72) + np.array([0, 0.128])
    narrow = np.clip((0.075 - blade[:, 1]) / 0.03, 0, 1)  # where the blade runs into the grip
    blade[:, 0] *= 1 - 0.35 * narrow
    rubber = 0.985 * (blade - [0, 0.128]) + [0, 0.128]
    rubber[:, 1] = np.maximum(rubber[:, 1], 0.066)
    sheet = slab(rubber, 0.0024, 0.0006)
    grip = bar(
        np.array(
            [
                [-0.055, 0.031, 0.025],
                [-0.053, 0.033, 0.026],
                [-0.03, 0.029, 0.024],
                [0.0, 0.0275, 0.023],
                [0.035, 0.028, 0.023],
                [0.055, 0.030, 0.022],
                [0.066, 0.030, 0.016],
            ]
        )
    )
    wood = joined(slab(blade, 0.006, 0.001), bar(np.array([[0.03, 0.032, 0.006], [0.075, 0.05, 0.006]])))
    return (
        (moved(sheet, (0, 0, 0.0042)), _RUBBER),
        (moved(sheet, (0, 0, -0.0042)), _BACK_RUBBER),
        (grip, _GRIP_WOOD),
        (wood, _WOOD),  # last: most of it is behind the others
    )
