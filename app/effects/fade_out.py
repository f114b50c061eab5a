"""What a lost hand wore moves on for a moment and fades, and comes back as softly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.render.scene import Prop
from models.types import HandMesh

Float = NDArray[np.float64]
Key = tuple[int, int]
"""HandMesh.track_id and HandData region of the finger."""

FADE_S = 0.3
_SLOWING_S = 0.08  # time constant at which what was moving comes to rest
_FASTEST_M_S = 1.0
_FORGET_S = 1.0


@dataclass(frozen=True)
class _Seen:
    """The props on one finger when its hand was last seen."""

    props: tuple[Prop, ...]
    velocity_m_s: Float  # (3,)
    time_s: float
    shown: float  # opacity of the last picture over the props' own, 0..1
    shown_s: float


class Lingering:
    """Knows the props of the frames before. Props on no finger are left as they are."""

    def __init__(self) -> None:
        self._seen: dict[Key, _Seen] = {}

    def after(self, props: Sequence[Prop], hands: Sequence[HandMesh], now: float) -> list[Prop]:
        """The props of this frame, and those of hands that were lost less than FADE_S ago.

        hands: those in view. A ring that faded while its hand was lost takes as long to come back.
        """
        in_view = {hand.track_id for hand in hands}
        self._seen = {k: s for k, s in self._seen.items() if 0 <= now - s.time_s < _FORGET_S}
        out = [prop for prop in props if prop.grip is None]
        fingers: dict[Key, list[Prop]] = {}
        for prop in props:
            if prop.grip is not None:
                fingers.setdefault((prop.grip.track_id, prop.grip.region), []).append(prop)
        for key, worn in fingers.items():
            before = self._seen.get(key)
            shown = 1.0 if before is None else min(1.0, before.shown + (now - before.shown_s) / FADE_S)
            self._seen[key] = _Seen(tuple(worn), _velocity(before, worn[0], now), now, shown, now)
            out += [replace(prop, opacity=shown * prop.opacity) for prop in worn]
        for key, seen in self._seen.items():
            if key[0] not in in_view:
                lost_s = now - seen.time_s
                shown = max(0.0, min(seen.shown, 1.0) - (now - seen.shown_s) / FADE_S)
                self._seen[key] = replace(seen, shown=shown, shown_s=now)
                if shown > 0:
                    moved = seen.velocity_m_s * _SLOWING_S * (1 - np.exp(-lost_s / _SLOWING_S))
                    out += [_faded(prop, shown, moved) for prop in seen.props]
        return out


def _velocity(before: _Seen | None, prop: Prop, now: float) -> Float:
    """(3,) metres a second, half of it as it was."""
    if before is None or not 0 < now - before.time_s < 0.2:
        return np.zeros(3)
    new = (prop.pose[:3, 3] - before.props[0].pose[:3, 3]) / (now - before.time_s)
    velocity = 0.5 * before.velocity_m_s + 0.5 * new
    return velocity * min(1.0, _FASTEST_M_S / max(float(np.linalg.norm(velocity)), 1e-9))


def _faded(prop: Prop, shown: float, moved_m: Float) -> Prop:
    pose = prop.pose.copy()
    pose[:3, 3] += moved_m
    return replace(prop, pose=pose, opacity=shown * prop.opacity)
