"""What a lost hand wore moves on for a moment and fades, and comes back as softly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.render.scene import Prop
from models.types import Float64, HandMesh

Key = tuple[int, int]
"""HandMesh.track_id and HandData region of the finger."""

FADE_S = 0.3
_SLOWING_S = 0.08  # time constant at which what was moving comes to rest
_FASTEST_M_S = 1.0
_FORGET_S = 1.0


@dataclass(frozen=True)
class _LastSeen:
    """The props on one finger when its hand was last seen."""

    props: tuple[Prop, ...]
    velocity_m_s: Float64  # (3,)
    time_s: float
    shown: float  # opacity of the last picture over the props' own, 0..1
    shown_s: float


class FadeOut:
    """Knows the props of previous frames. Props on no finger are left as they are."""

    def __init__(self) -> None:
        self._last: dict[Key, _LastSeen] = {}

    def update(self, props: Sequence[Prop], hands: Sequence[HandMesh], now: float) -> list[Prop]:
        """The props of this frame, and those of hands that were lost less than FADE_S ago.

        hands: those in view. A ring that faded while its hand was lost takes as long to come back.
        """
        in_view = {hand.track_id for hand in hands}
        self._last = {k: s for k, s in self._last.items() if 0 <= now - s.time_s < _FORGET_S}
        out = [prop for prop in props if prop.mount is None]
        fingers: dict[Key, list[Prop]] = {}
        for prop in props:
            if prop.mount is not None:
                fingers.setdefault((prop.mount.track_id, prop.mount.region), []).append(prop)
        for key, worn in fingers.items():
            previous = self._last.get(key)
            shown = 1.0 if previous is None else min(1.0, previous.shown + (now - previous.shown_s) / FADE_S)
            self._last[key] = _LastSeen(tuple(worn), _velocity(previous, worn[0], now), now, shown, now)
            out += [replace(prop, opacity=shown * prop.opacity) for prop in worn]
        for key, seen in self._last.items():
            if key[0] not in in_view:
                lost_s = now - seen.time_s
                shown = max(0.0, min(seen.shown, 1.0) - (now - seen.shown_s) / FADE_S)
                self._last[key] = replace(seen, shown=shown, shown_s=now)
                if shown > 0:
                    moved = seen.velocity_m_s * _SLOWING_S * (1 - np.exp(-lost_s / _SLOWING_S))
                    out += [_faded(prop, shown, moved) for prop in seen.props]
        return out


def _velocity(previous: _LastSeen | None, prop: Prop, now: float) -> Float64:
    """(3,) metres a second, half of it as it was."""
    if previous is None or not 0 < now - previous.time_s < 0.2:
        return np.zeros(3)
    new = (prop.pose[:3, 3] - previous.props[0].pose[:3, 3]) / (now - previous.time_s)
    velocity = 0.5 * previous.velocity_m_s + 0.5 * new
    return velocity * min(1.0, _FASTEST_M_S / max(float(np.linalg.norm(velocity)), 1e-9))


def _faded(prop: Prop, shown: float, moved_m: Float64) -> Prop:
    pose = prop.pose.copy()
    pose[:3, 3] += moved_m
    return replace(prop, pose=pose, opacity=shown * prop.opacity)
