"""A walkie-talkie: grabbed by closing the hand, its button pressed by the thumb, released by opening."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from scipy.spatial.transform import Rotation

from app.effects.declaration import EffectType, NoSettings
from app.effects.gestures import Hysteresis, PalmFrame, closure_hysteresis, held_by, palm_frame, thumb_over
from app.effects.shapes import bar, ellipse, moved, rounded_rectangle, slab
from app.effects.solids import ball, joined, tube
from app.render.scene import EffectContext, Geometry, HeldBy, Paint, Prop
from models.types import Camera, Float64

_CLEARANCE_M = 0.022  # from the palm's skin to the middle of the case
_REACH_M = 0.085  # a hand that closes this near, seen square to the view, takes it ..
_REACH_DEPTH_M = 0.15  # .. and this near in depth, which pictures tell less well
_LOST_S = 0.6  # a hand that is away for longer has let go
_TAKE_S = 0.06  # it follows the hand this fast ..
_SETTLE_S = 0.22  # .. and rights itself this fast when let go
_BEHIND_M = 0.06  # while nobody has it, behind the hands, so that they reach it
_MARGIN = 0.16  # of the picture: it comes to rest no nearer to the edge

_BUTTON_M = np.array([[0.0, 0.036, 0.0125], [0.0, 0.056, 0.0125]])  # where the thumb presses, own frame
_PRESS_M, _LET_GO_M = 0.016, 0.0205  # beside it; of the thumb's tip joint, which lies inside the thumb
_OVER_M = (-0.025, 0.050)  # below and above the case's front
_FIRM = 0.52  # closure; a hand that lets go moves its thumb over the button

_CASE = Paint((0.030, 0.034, 0.040), roughness=0.55)
_FACE = Paint((0.085, 0.095, 0.105), roughness=0.6)
_DARK = Paint((0.008, 0.008, 0.009), roughness=0.7)
_BUTTON = Paint((0.72, 0.22, 0.015), roughness=0.4)
_BUTTON_ON = Paint((0.85, 0.30, 0.02), roughness=0.4, glow_rgb=(0.30, 0.09, 0.0))
_LAMP = Paint((0.16, 0.010, 0.010), roughness=0.2)
_LAMP_ON = Paint((0.10, 0.60, 0.12), roughness=0.2, glow_rgb=(0.25, 1.6, 0.30))


@dataclass
class _Radio:
    position_m: Float64
    rotation: Rotation
    holder: int | None = None  # HandMesh.track_id
    held_s: float = -np.inf  # when its holder was last seen
    pressed: Hysteresis = field(default_factory=lambda: Hysteresis(-_PRESS_M, -_LET_GO_M, lasting_s=0.03))


class WalkieTalkieEffect:
    """One radio for all hands. It waits where it was left."""

    def __init__(self) -> None:
        self._radio: _Radio | None = None
        self._closed: dict[int, Hysteresis] = {}  # by HandMesh.track_id
        self._time_s = -np.inf

    @property
    def held(self) -> bool:
        """Whether a hand has it."""
        return self._radio is not None and self._radio.holder is not None

    @property
    def pressed(self) -> bool:
        """Whether its button is down."""
        return self._radio is not None and self._radio.pressed.on

    def place(self, context: EffectContext) -> Sequence[Prop]:
        """The radio's parts; nothing until a hand was seen."""
        now, passed_s = context.time_s, context.time_s - self._time_s
        self._time_s = now
        if not 0 <= passed_s < 1:
            self._radio, self._closed, passed_s = None, {}, 0.0
        palms = {hand.track_id: palm_frame(hand, _CLEARANCE_M) for hand in context.hands}
        if self._radio is None:
            if not palms:
                return ()
            self._radio = _lying(context.camera, next(iter(palms.values())))
        radio = self._radio
        for track_id, palm in palms.items():
            self._take_or_drop(radio, track_id, palm, now)
        if radio.holder is not None and radio.holder in palms:
            radio.held_s = now
            hand = next(hand for hand in context.hands if hand.track_id == radio.holder)
            _approach(radio, *_in_hand(palms[radio.holder]), passed_s / _TAKE_S)
            start, end = radio.position_m + radio.rotation.apply(_BUTTON_M)
            beside, above = thumb_over(hand, start, end, radio.rotation.apply([0, 0, 1]))
            over = palms[radio.holder].closure > _FIRM and _OVER_M[0] < above < _OVER_M[1]
            radio.pressed.update(-beside if over else -np.inf, now)
        elif radio.holder is None or now - radio.held_s > _LOST_S:
            radio.holder = None
            radio.pressed = _Radio(radio.position_m, radio.rotation).pressed
            farthest = max((palm.center_m[2] + _BEHIND_M for palm in palms.values()), default=0.0)
            rest = _into_view(radio.position_m, max(radio.position_m[2], farthest), context.camera)
            _approach(radio, rest, _upright(), passed_s / _SETTLE_S)
        holder = next((hand for hand in context.hands if hand.track_id == radio.holder), None)
        return _props(radio, None if holder is None else held_by(holder))

    def readout(self) -> Sequence[str]:
        """What it is doing, for people who wonder what to do."""
        if self._radio is None:
            return ()
        if not self.held:
            return ("Close your hand on the radio to take it",)
        return ("On air" if self.pressed else "Press the orange button with your thumb",)

    def _take_or_drop(self, radio: _Radio, track_id: int, palm: PalmFrame, now: float) -> None:
        """Take it with a hand that closes near it; let go with one that opens."""
        known = track_id in self._closed
        state = self._closed.setdefault(track_id, closure_hysteresis())
        if not known:
            state.on = palm.closure > 0.5  # came as a fist: has not just closed
        was = state.on
        closed = state.update(palm.closure, now)
        away = palm.center_m - radio.position_m
        near = np.hypot(away[0], away[1]) < _REACH_M and abs(away[2]) < _REACH_DEPTH_M
        if radio.holder is None and closed and not was and near:
            radio.holder = track_id
        elif radio.holder == track_id and not closed:
            radio.holder = None


EFFECT = EffectType("walkie_talkie", lambda _, __: WalkieTalkieEffect(), NoSettings, order=50)


def _lying(camera: Camera, first: PalmFrame) -> _Radio:
    """In the middle of the picture, as far away as the first hand."""
    z = float(first.center_m[2]) + _BEHIND_M
    ray = np.array(
        [(camera.width / 2 - camera.cx) / camera.fx, (0.62 * camera.height - camera.cy) / camera.fy, 1]
    )
    return _Radio(z * ray, _upright())


def _upright() -> Rotation:
    """Own y upwards in the picture, the front a little turned from the camera."""
    facing = Rotation.from_matrix(np.diag([1.0, -1.0, -1.0]))
    return Rotation.from_euler("yx", [-0.45, 0.12]) * facing


def _in_hand(palm: PalmFrame) -> tuple[Float64, Rotation]:
    axes = np.stack([np.cross(palm.across, palm.out), palm.across, palm.out], 1)
    return palm.center_m, Rotation.from_matrix(axes)


def _approach(radio: _Radio, position_m: Float64, rotation: Rotation, steps: float) -> None:
    """Move towards a pose, for so many time constants."""
    fraction = 1 - float(np.exp(-steps))
    radio.position_m = radio.position_m + fraction * (position_m - radio.position_m)
    difference = (rotation * radio.rotation.inv()).as_rotvec()
    radio.rotation = Rotation.from_rotvec(fraction * difference) * radio.rotation


def _into_view(position_m: Float64, z: float, camera: Camera) -> Float64:
    """The place at depth z that is seen where this one is, but well inside the picture."""
    seen = z / max(float(position_m[2]), 0.05) * position_m[:2]
    low = np.array([_MARGIN * camera.width - camera.cx, _MARGIN * camera.height - camera.cy])
    high = np.array([(1 - _MARGIN) * camera.width - camera.cx, (1 - _MARGIN) * camera.height - camera.cy])
    focal = np.array([camera.fx, camera.fy])
    return np.array([*np.clip(seen, z * low / focal, z * high / focal), z])


def _props(radio: _Radio, holder: HeldBy | None) -> list[Prop]:
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = radio.rotation.as_matrix(), radio.position_m
    on = radio.pressed.on
    down = pose.copy()
    down[:3, 3] -= pose[:3, 2] * (0.0022 if on else 0.0)
    parts = _parts()
    painted = [(parts[0], _CASE, pose), (parts[1], _FACE, pose), (parts[2], _DARK, pose)]
    painted += [(parts[3], _BUTTON_ON if on else _BUTTON, down), (parts[4], _LAMP_ON if on else _LAMP, pose)]
    return [Prop(geometry, at, paint, held_by=holder) for geometry, paint, at in painted]


@lru_cache(maxsize=1)
def _parts() -> tuple[Geometry, ...]:
    """Case, face, dark parts, button, lamp. Own frame: the grip's middle at 0, antenna at +y, front at +z."""
    case = moved(slab(rounded_rectangle(0.046, 0.122, 0.009), 0.023, 0.0045), (0, 0.026, 0))
    knob = moved(
        bar(np.array([[0.0, 0.011, 0.011], [0.011, 0.010, 0.010]]), exponent=2), (0.014, 0.087, -0.002)
    )
    face = moved(slab(rounded_rectangle(0.038, 0.112, 0.007), 0.003, 0.0012), (0, 0.026, 0.0108))
    mast = np.linspace([-0.015, 0.085, -0.002], [-0.015, 0.172, -0.002], 6)
    slit = slab(rounded_rectangle(0.026, 0.0022, 0.001), 0.0012, 0.0004)
    slits = [moved(slit, (0, y, 0.0122)) for y in np.arange(-0.022, 0.030, 0.0052)]
    ridge = moved(slab(rounded_rectangle(0.034, 0.0016, 0.0007), 0.0012, 0.0004), (0, 0.074, 0.0122))
    dark = joined(tube(mast, np.array([0.0052, 0.0050, 0.0046, 0.0044, 0.0042, 0.0040]), 16), *slits, ridge)
    button = moved(slab(ellipse(0.021, 0.021, 40), 0.006, 0.0018), (0, 0.056, 0.0125))
    return joined(case, knob), face, dark, button, ball(np.array([0.012, 0.0775, 0.0125]), 0.0030, 16)
