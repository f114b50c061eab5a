"""The hand's mesh itself in the hand's place: clay, wireframe, X-ray bones, coloured fingers, depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from app.effects.declaration import Choice, EffectType, setting
from app.effects.gestures import KNUCKLES, WRIST
from app.effects.solids import ball, swept
from app.render.scene import HAND_STYLES, Bone, EffectContext, Geometry, HandStyle, Prop, SceneItem
from models.types import Float64, HandMesh

_THUMB = 1  # its first joint; the others follow to the tip
_SHAFT_M = 1e-3 * np.array([[4.6, 4.0, 3.3, 2.7], [4.0, 4.3, 3.5, 2.7]])  # thumb, fingers; to the tip
_CARPAL_M = 0.0056
_CARPAL_ROWS = (0.07, 0.19)  # of the way from the wrist to each knuckle
_METACARPAL_FROM = 0.28
_TIP_TO = 0.86  # the last bone ends inside the fingertip


_STYLE_TITLES = {name: name.capitalize() for name in HAND_STYLES}
_STYLE_TITLES |= {"xray": "X-ray bones", "fingers": "Coloured fingers"}


@dataclass(frozen=True)
class SkinSettings:
    """How the hand is drawn."""

    style: str = setting(
        HAND_STYLES[0], Choice("skin", "Style", "how the hand is drawn as a skin", _STYLE_TITLES)
    )


class SkinEffect:
    """Draws every hand's mesh in one style. Raises ValueError for an unknown one."""

    def __init__(self, settings: SkinSettings) -> None:
        self._style = HandStyle(settings.style)

    def place(self, context: EffectContext) -> Sequence[SceneItem]:
        """The skin; with X-rays, the bones in it."""
        if not context.hands:
            return ()
        xray = self._style.name == "xray"
        return (self._style, *(bone for hand in context.hands if xray for bone in skeleton(hand)))

    def readout(self) -> Sequence[str]:
        """Nothing."""
        return ()


EFFECT = EffectType("skin", lambda settings, _: SkinEffect(settings), SkinSettings, order=70)


def skeleton(hand: HandMesh) -> list[Prop]:
    """27 bones where the joints say they are: one prop of the wrist's 8, one of all others."""
    j = hand.joints_m.astype(np.float64)
    size = float(np.linalg.norm(j[KNUCKLES[1]] - j[WRIST])) / 0.09  # of this hand, against a usual one
    carpals = [
        _pose(j[WRIST] + fraction * (j[k] - j[WRIST]), np.eye(3), np.full(3, size))
        for fraction in _CARPAL_ROWS
        for k in KNUCKLES
    ]
    chains = [j[[_THUMB, 2, 3, 4]]]
    chains += [np.concatenate([_between(j[WRIST], j[k], _METACARPAL_FROM), j[k : k + 4]]) for k in KNUCKLES]
    shafts = []
    for finger, chain in enumerate(chains):
        chain[-1] = chain[-2] + _TIP_TO * (chain[-1] - chain[-2])
        radii = _SHAFT_M[min(finger, 1)][: len(chain) - 1]
        for a, b, radius in zip(chain, chain[1:], radii, strict=False):
            along = b - a
            length = max(float(np.linalg.norm(along)), 1e-4)
            thick = size * np.array([radius, radius, 0]) + [0, 0, length]
            shafts.append(_pose(a, _frame(along / length), thick))
    return [_several(_carpal(), carpals), _several(_bone(), shafts)]


def _between(a: Float64, b: Float64, fraction: float) -> Float64:
    return (a + fraction * (b - a))[None]


def _frame(axis: Float64) -> Float64:
    """(3, 3) a rotation whose third column is the axis."""
    side = np.cross(axis, np.eye(3)[np.argmin(np.abs(axis))])
    side /= np.linalg.norm(side)
    return np.stack([side, np.cross(axis, side), axis], 1)


def _pose(translation: Float64, rotation: Float64, scale: Float64) -> Float64:
    """(4, 4) the shape's frame -> the camera's."""
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation * scale, translation
    return pose


def _several(shape: Geometry, poses: list[Float64]) -> Prop:
    """The same shape in several places, to be drawn at once."""
    copies = np.stack(poses).astype(np.float32)
    return Prop(Geometry(shape.vertices_m, shape.normals, shape.faces, copies), np.eye(4), Bone())


@lru_cache(maxsize=1)
def _bone() -> Geometry:
    """From the origin to (0, 0, 1), of radius one at its ends, slimmer between them."""
    cap = np.sin(np.linspace(0, np.pi / 2, 6))[:-1]
    along = np.concatenate([0.07 * (1 - np.cos(np.arcsin(cap))), np.linspace(0.07, 0.93, 8)])
    along = np.concatenate([along, 1 - along[4::-1]])
    radius = 0.60 + 0.40 * np.abs(2 * np.clip((along - 0.07) / 0.86, 0, 1) - 1) ** 2.4
    radius[:5] *= cap
    radius[-5:] *= cap[::-1]
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle), 0 * angle], 1)
    return swept(radius[:, None, None] * circle + along[:, None, None] * [0.0, 0.0, 1.0], closed=False)


@lru_cache(maxsize=1)
def _carpal() -> Geometry:
    return ball(np.zeros(3), _CARPAL_M, 10)
