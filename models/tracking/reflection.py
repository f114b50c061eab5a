"""Which of the hands in view is another one's reflection in a mirror.

A hand and its reflection are of opposite sides, and one plane reflects each joint of the one into the same
joint of the other, in frame after frame. That alone also holds for a person's two hands held alike; but their
plane runs between the hands towards the camera, and a mirror faces it. Of the two the reflection is the one
beyond the plane. A mirror that is seen at a grazing angle, and a reflection whose hand is not in the picture
itself, are not told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from models.types import Float32, Float64, HandMesh

_RESIDUAL = 0.3  # of the joints from the reflected ones, root mean square, in palm lengths
_FACING = 0.45  # cosine of the angle at which a mirror is looked into, at least
_LEAST_M = 0.03  # from the hand to the mirror
_LASTING_S = 0.4  # time constant of the belief
_BELIEVED = 0.6  # belief, 0..1, from which a hand is taken for a reflection; it stops being one at half of it


@dataclass(frozen=True)
class Mirror:
    """The plane n x = d of a mirror, camera frame, metres; the camera is where n x > d."""

    normal: Float64  # (3,)
    offset_m: float

    def reflected(self, points_m: Float32 | Float64) -> Float64:
        """(N, 3) points as seen in it."""
        away = points_m @ self.normal - self.offset_m
        return np.asarray(points_m - 2 * away[:, None] * self.normal, np.float64)


class Reflections:
    """Gathers over frames which hands are reflections. Belongs to one source's frames."""

    def __init__(self) -> None:
        self._belief: dict[int, float] = {}
        self._reflected: set[int] = set()
        self._time_s: float | None = None

    def update(self, hands: Sequence[HandMesh], time_s: float) -> set[int]:
        """The track ids of those of a frame's hands that are reflections. time_s: as it was captured."""
        past = self._time_s is not None
        dt = max(time_s - self._time_s, 0.0) if self._time_s is not None else 0.0
        self._time_s = time_s
        blend = 1 - np.exp(-dt / _LASTING_S) if past else 1.0  # a first picture, or the only one, is believed
        seen = {hand.track_id for hand in _reflections(hands)}
        ids = {hand.track_id for hand in hands}
        previous = {k: self._belief.get(k, 0.0) for k in ids}
        self._belief = {k: belief + blend * ((k in seen) - belief) for k, belief in previous.items()}
        least = {k: _BELIEVED / (2 if k in self._reflected else 1) for k in ids}
        self._reflected = {k for k in ids if self._belief[k] >= least[k]}
        return set(self._reflected)


def mirror_between(hand_m: Float32, other_m: Float32) -> tuple[Mirror, float]:
    """The mirror that best makes joints (N, 3) of one hand those of the other, and by how much it fails.

    The failure is a root mean square distance, metres. The camera is the origin.
    """
    a, b = np.asarray(hand_m, np.float64), np.asarray(other_m, np.float64)
    _, _, axes = np.linalg.svd(a - b, full_matrices=False)
    normal = axes[0]
    offset = float(((a + b) / 2 @ normal).mean())
    if offset > 0:  # so that the camera, the origin, lies where n x > d
        normal, offset = -normal, -offset
    mirror = Mirror(normal, offset)
    return mirror, float(np.sqrt(((mirror.reflected(a) - b) ** 2).sum(1).mean()))


def _reflections(hands: Sequence[HandMesh]) -> Iterator[HandMesh]:
    """Hands of one frame that a mirror before the camera would make of another one."""
    for real, image in permutations(hands, 2):
        if real.handedness == image.handedness:
            continue
        mirror, residual_m = mirror_between(real.joints_m, image.joints_m)
        palm_m = float(np.linalg.norm(real.joints_m[9] - real.joints_m[0]))
        middle = real.joints_m.mean(0)
        in_front_m = float(middle @ mirror.normal) - mirror.offset_m
        behind = image.joints_m.mean(0)
        facing = abs(float(mirror.normal @ behind)) / max(float(np.linalg.norm(behind)), 1e-6)
        if residual_m < _RESIDUAL * palm_m and in_front_m > _LEAST_M and facing > _FACING:
            yield image
