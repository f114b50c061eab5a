"""A bangle, a chain or a watch on the forearm's side of the wrist, hidden by hand and wrist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.effects.bracelet_file import BraceletFile
from app.effects.declaration import Choice, EffectType, setting
from app.effects.fade_out import FadeOut
from app.effects.gestures import KNUCKLES, WRIST
from app.effects.ring.fit import Section
from app.effects.ring.metals import METALS
from app.effects.ring.model import OwnRing
from app.effects.ring.photo_fit import photo_edges
from app.effects.ring.stones import STONES
from app.effects.wrist_pieces import LOOSE, PIECES, wrist_piece
from app.render.scene import EffectContext, Material, Prop, RingMount
from models.geometry import rotation_from_axis_angle
from models.hand.hand_data import HandData, load_open_hand
from models.types import Float64, HandMesh

_BEYOND_M = 0.010  # from the mesh's end towards the elbow, to the piece's edge
_BUILT_STEP_M = 0.001
_MEMORY_S, _PHOTO_MEMORY_S, _FORGET_S = 1.5, 0.15, 1.0
_DOUBT, _BELIEF = 0.25, 0.5  # confidence at which the photo's edges start to count, and count fully
_SCALES = (0.8, 1.15)
_LOOSE_OWN = 1.04
_ARM_M = 0.025  # how much farther than a finger an arm hides what is behind it, beyond the piece
_PALM = 0  # of HandData.regions


@dataclass(frozen=True)
class WristSettings:
    """What is worn."""

    piece: str = setting("watch", Choice("wrist", "Piece", "what is worn on the wrist", PIECES))
    metal: str = setting(
        "gold",
        Choice("wrist_metal", "Metal", "what it is made of", {name: name.capitalize() for name in METALS}),
    )
    own: OwnRing | None = setting(None, BraceletFile())  # noqa: RUF009


@dataclass(frozen=True)
class WristSection:
    """The end of a hand's mesh, camera frame."""

    frame: Float64  # (3, 3) columns: to the thumb's side or away from it, to the hand's back, to the fingers
    center_m: Float64  # (3,)
    half_axes_m: Float64  # (2,) across and towards the back


@dataclass(frozen=True)
class _State:
    """What is known of one wrist: the mesh's size, and how the photo's differs from the mesh."""

    half_axes_m: Float64  # (2,)
    shift_m: Float64  # (3,) camera frame
    tilt_rad: float  # about the line of sight
    scale: float
    time_s: float


class WristEffect:
    """One piece on every hand. Its place follows the mesh and the photo, its size is averaged."""

    def __init__(self, settings: WristSettings, hand: HandData | None = None) -> None:
        self._settings = settings
        self._rim = mesh_rim((hand or load_open_hand()).faces)
        self._states: dict[int, _State] = {}  # by HandMesh.track_id
        self._fade_out = FadeOut()

    def place(self, context: EffectContext) -> Sequence[Prop]:
        """The parts of each piece, for each hand in view."""
        now = context.time_s
        self._states = {k: s for k, s in self._states.items() if 0 <= now - s.time_s <= _FORGET_S}
        props: list[Prop] = []
        for hand in context.hands:
            section = wrist_section(hand, self._rim)
            state = _followed(self._states.get(hand.track_id), section, context)
            self._states[hand.track_id] = state
            props += self._props(hand, section, state)
        return self._fade_out.update(props, context.hands, now)

    def readout(self) -> Sequence[str]:
        """How far it is round each wrist, such as "Wrist 168 mm round"."""
        return [f"Wrist {1e3 * _round(s.half_axes_m):.0f} mm round" for s in self._states.values()]

    def _props(self, hand: HandMesh, section: WristSection, state: _State) -> list[Prop]:
        own, piece = self._settings.own, self._settings.piece
        if own is not None and own.model is None:  # it is still being read
            return []
        half = state.scale * (_LOOSE_OWN if own is not None else LOOSE[piece]) * state.half_axes_m
        radius = float(np.sqrt(half.prod()))
        if own is not None and own.model is not None:
            model = own.model
        else:
            model = wrist_piece(piece, max(1, round(radius / _BUILT_STEP_M)) * _BUILT_STEP_M)
        view = _unit(section.center_m)
        frame = rotation_from_axis_angle(state.tilt_rad * view) @ section.frame
        size = radius / model.inner_radius_m
        at = section.center_m + state.shift_m - (_BEYOND_M + size * model.half_width_m) * frame[:, 2]
        band, rigid = np.eye(4), np.eye(4)
        band[:3, :3], band[:3, 3] = frame @ np.diag([*(half / model.inner_radius_m), size]), at
        rigid[:3, :3] = size * frame
        rigid[:3, 3] = at + (half[1] - size * model.inner_radius_m) * frame[:, 1]
        x, y, z = map(float, state.shift_m)
        mount = RingMount(
            hand.track_id,
            _PALM,
            model.inner_radius_m,
            model.outer_radius_m,
            model.half_width_m + _ARM_M,
            (x, y, z),
            model.footprint,
        )
        metal = METALS[self._settings.metal]
        chosen: dict[str, Material] = {"metal": metal, "satin": metal, "stone": STONES["diamond"]}
        return [
            Prop(
                part.geometry,
                rigid if part.rigid else band,
                chosen[part.material] if isinstance(part.material, str) else part.material,
                mount,
            )
            for part in model.parts
        ]


def _followed(previous: _State | None, section: WristSection, context: EffectContext) -> _State:
    """The state with one more frame in it."""
    now, half = context.time_s, section.half_axes_m
    edges = photo_edges(context.frame_rgb, context.camera, _forearm(section))
    shift, tilt, scale = np.zeros(3), 0.0, 1.0
    if edges is not None:
        weight = float(np.clip((edges.confidence - _DOUBT) / (_BELIEF - _DOUBT), 0, 1))
        shift, tilt = weight * edges.shift_m, weight * edges.tilt_rad
        scale = 1 + weight * (float(np.clip(edges.scale, *_SCALES)) - 1)
    if previous is None:
        return _State(half, shift, tilt, scale, now)
    passed = now - previous.time_s
    old, recent = (float(np.exp(-passed / memory)) for memory in (_MEMORY_S, _PHOTO_MEMORY_S))
    return _State(
        old * previous.half_axes_m + (1 - old) * half,
        recent * previous.shift_m + (1 - recent) * shift,
        recent * previous.tilt_rad + (1 - recent) * tilt,
        recent * previous.scale + (1 - recent) * scale,
        now,
    )


def _forearm(section: WristSection) -> Section:
    """As a finger's section that points to the elbow: there the photo's two edges are looked for."""
    _, up, along = section.frame.T
    width_mm, height_mm = (float(1e3 * half) for half in section.half_axes_m)
    return Section(
        center_m=section.center_m - _BEYOND_M * along,
        axis=-along,
        up=up,
        radius_mm=float(np.sqrt(width_mm * height_mm)),
        circumference_mm=1e3 * _round(section.half_axes_m),
        half_width_mm=width_mm,
        half_height_mm=height_mm,
        points=section.center_m[None],
    )


EFFECT = EffectType("wrist", lambda settings, _: WristEffect(settings), WristSettings, order=95)


def mesh_rim(faces: np.ndarray) -> np.ndarray:
    """(N,) the vertices around the mesh's one hole, where the forearm would go on."""
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    once, count = np.unique(edges, axis=0, return_counts=True)
    return np.unique(once[count == 1])


def wrist_section(hand: HandMesh, rim: np.ndarray) -> WristSection:
    """Where a hand's mesh ends."""
    v, joints = hand.vertices_m.astype(np.float64), hand.joints_m.astype(np.float64)
    end = v[rim]
    knuckles = joints[KNUCKLES]
    forward = _unit(knuckles.mean(0) - joints[WRIST])
    normal = np.linalg.svd(end - end.mean(0), full_matrices=False)[2][2]
    along = _unit(forward + _unit(normal * np.sign(normal @ forward)))
    back = np.cross(forward, knuckles[0] - knuckles[3]) * (1 if hand.handedness == "right" else -1)
    up = _unit(back - (back @ along) * along)
    across = np.cross(up, along)
    flat = (end - end.mean(0)) @ np.stack([across, up], 1)
    low, high = flat.min(0), flat.max(0)
    middle = end.mean(0) + (low + high) / 2 @ np.stack([across, up])
    return WristSection(np.stack([across, up, along], 1), middle, (high - low) / 2)


def _round(half: Float64) -> float:
    """Circumference of an ellipse: Ramanujan's approximation."""
    a, b = half
    return float(np.pi * (3 * (a + b) - np.sqrt((3 * a + b) * (a + 3 * b))))


def _unit(vector: Float64) -> Float64:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)
