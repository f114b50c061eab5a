"""Clips composed of hands cut out of photographs, in which every hand's place, side and identity is known.

`live`: one hand comes in from the side, leaves, comes back far away, comes close until it fills the picture
and more, goes back and turns once round. `touch`, `cross`: a right and a left hand meet edge to edge and
part; or one passes before the other. `same`: two right hands, of two people, do the latter. `shadow`: one
hand, and on what lies behind it its shadow; `shadow alone`: the hand itself is out of the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.datasets.cutout import Cutout, lay_in
from models.types import Float32, Float64, Handedness

FPS = 30.0
WIDTH, HEIGHT = 640, 480
_USUAL = 0.45  # a hand's box over the picture's height
_SHAKE_PX = 0.7  # of a held hand
_NOISE, _NOISES = 2.0, 8  # of a sensor, of 255; so many pictures of it take turns


@dataclass(frozen=True, eq=False)
class TrueHand:
    """One hand of a frame."""

    identity: int
    joints_px: Float32  # (21, 2), some of them beyond the picture
    handedness: Handedness
    seen: float  # which fraction of it is in the picture and not behind another hand


@dataclass(frozen=True, eq=False)
class ComposedFrame:
    """A frame and what is in it."""

    image: NDArray[np.uint8]  # (HEIGHT, WIDTH, 3) RGB
    time_s: float
    hands: tuple[TrueHand, ...]


@dataclass(frozen=True)
class _Place:
    """Where a hand is at one time."""

    x: float  # of the middle of its box, in pictures
    y: float
    size: float = _USUAL
    turn_rad: float = 0.0


_Keys = Sequence[tuple[float, _Place]]
"""(seconds, place): straight on in between; before the first and after the last it is not there."""

_LIVE: _Keys = (
    (0.5, _Place(-0.25, 0.5)),
    (1.0, _Place(0.4, 0.5)),
    (2.0, _Place(0.55, 0.5)),
    (2.4, _Place(1.3, 0.5)),
    (3.0, _Place(-0.1, 0.45, 0.22)),
    (3.4, _Place(0.35, 0.45, 0.22)),
    (4.0, _Place(0.45, 0.5, 0.25)),
    (5.0, _Place(0.5, 0.5, 1.3)),
    (5.6, _Place(0.5, 0.5, 1.3)),
    (6.4, _Place(0.5, 0.5, 0.5)),
    (7.0, _Place(0.5, 0.5, 0.5)),
    (9.0, _Place(0.5, 0.5, 0.5, 2 * np.pi)),
    (9.5, _Place(0.5, 0.5, 0.5, 2 * np.pi)),
)


def _meeting(nearest: float) -> tuple[_Keys, _Keys]:
    """Two hands that come as near as this, in pictures from middle to middle (negative: past each other)."""
    half = nearest / 2
    sides = []
    for side in (-1, 1):
        apart, met = _Place(0.5 + side * 0.28, 0.52), _Place(0.5 + side * half, 0.52)
        sides.append(((0.0, apart), (1.0, apart), (1.8, met), (2.4, met), (3.2, apart), (4.0, apart)))
    return sides[0], sides[1]


def _crossing() -> tuple[_Keys, _Keys]:
    sides = []
    for side in (-1, 1):
        here, there = _Place(0.5 + side * 0.28, 0.52), _Place(0.5 - side * 0.28, 0.52)
        sides.append(((0.0, here), (1.0, here), (2.2, there), (3.2, there)))
    return sides[0], sides[1]


def _swaying(x: float) -> _Keys:
    """A hand that moves a little around here, in the picture or beside it."""
    return [(t, _Place(x + 0.03 * float(np.sin(2 * t)), 0.5, 0.6)) for t in np.arange(0, 3.01, 0.25)]


CLIPS: dict[str, tuple[_Keys, ...]] = {
    "live": (_LIVE,),
    "touch": _meeting(0.17),
    "cross": _crossing(),
    "same": _crossing(),
    "shadow": (_swaying(0.28),),
    "shadow alone": (_swaying(-0.6),),
}
"""Where each clip's hands are; the later one lies over the earlier."""
_SHADOW_OFF = {"shadow": 0.44, "shadow alone": 1.1}  # how far to the right of a hand it is, in pictures
_SHADE, _SOFT_PX = 0.55, 3.0  # the fraction of the light that a shadow keeps; its border's blur


def hands_of(clip: str, right: Cutout, other: Cutout) -> list[Cutout]:
    """The hands of a clip, made of a right one and another right one, which is mirrored into a left one."""
    if clip == "live" or clip in _SHADOW_OFF:
        return [right]
    return [right, other] if clip == "same" else [right, mirrored(other)]


def mirrored(hand: Cutout) -> Cutout:
    """The other side's hand."""
    joints = hand.joints_px.copy()
    joints[:, 0] = hand.image.shape[1] - 1 - joints[:, 0]
    side: Handedness = "left" if hand.handedness == "right" else "right"
    image, alpha = np.ascontiguousarray(hand.image[:, ::-1]), np.ascontiguousarray(hand.alpha[:, ::-1])
    return Cutout(image, alpha, joints, side)


def compose(
    clip: str, hands: Sequence[Cutout], background: NDArray[np.uint8], seed: int, every: int = 1
) -> Iterator[ComposedFrame]:
    """Every so many'th frame of a clip of CLIPS. background: (HEIGHT, WIDTH, 3)."""
    paths = CLIPS[clip]
    rng = np.random.default_rng(seed)
    noises = [rng.normal(0, _NOISE, background.shape).round().astype(np.int16) for _ in range(_NOISES)]
    for k in range(round(max(keys[-1][0] for keys in paths) * FPS) + 1):
        if k % every:
            continue
        time_s = k / FPS
        image = background.copy()
        laid: list[tuple[int, Float32, NDArray[np.float32]]] = []
        for identity, (hand, keys) in enumerate(zip(hands, paths, strict=True)):
            place = _at(keys, time_s)
            if place is None:
                continue
            matrix = _matrix(hand, place, rng.normal(0, _SHAKE_PX, 2))
            if clip in _SHADOW_OFF:
                image = _shaded(image, hand, matrix, _SHADOW_OFF[clip] * WIDTH)
            image, joints, alpha = lay_in(image, hand, matrix)
            whole = float(hand.alpha.sum()) * abs(float(np.linalg.det(matrix[:, :2])))
            laid = [(i, j, a * (1 - alpha)) for i, j, a in laid]
            laid.append((identity, joints, alpha / max(whole, 1e-6)))
        yield ComposedFrame(
            np.asarray(cv2.add(image, noises[k % _NOISES], dtype=cv2.CV_8U), np.uint8),
            time_s,
            tuple(TrueHand(i, j, hands[i].handedness, float(a.sum())) for i, j, a in laid),
        )


def _shaded(image: NDArray[np.uint8], hand: Cutout, matrix: Float64, right_px: float) -> NDArray[np.uint8]:
    """A picture with a hand's shadow on it, so far to the right of the hand."""
    moved = matrix + np.array([[0, 0, right_px], [0, 0, 0]])
    alpha = cv2.warpAffine(hand.alpha, moved, (image.shape[1], image.shape[0]))
    soft = cv2.GaussianBlur(alpha, (0, 0), _SOFT_PX)[..., None]
    return np.asarray(image * (1 - (1 - _SHADE) * soft), np.uint8)


def _at(keys: _Keys, time_s: float) -> _Place | None:
    """Where a hand is; None while it is not there."""
    if not keys[0][0] <= time_s <= keys[-1][0] + 1e-9:
        return None
    times = [t for t, _ in keys]
    rows = np.array([[p.x, p.y, np.log(p.size), p.turn_rad] for _, p in keys])
    x, y, size, turn = (float(np.interp(time_s, times, column)) for column in rows.T)
    return _Place(x, y, float(np.exp(size)), turn)


def _matrix(hand: Cutout, place: _Place, shake_px: Float64) -> Float64:
    """(2, 3) from the cutout's pixels to the frame's."""
    low, high = hand.joints_px.min(0), hand.joints_px.max(0)
    scale = place.size * HEIGHT / float((high - low).max())
    cos, sin = scale * np.cos(place.turn_rad), scale * np.sin(place.turn_rad)
    A = np.array([[cos, -sin], [sin, cos]])
    middle = np.array([place.x * WIDTH, place.y * HEIGHT]) + shake_px
    return np.concatenate([A, (middle - A @ ((low + high) / 2))[:, None]], 1)


Follow = Callable[[NDArray[np.uint8], float], list[tuple[int, Float32, Handedness]]]
"""(frame, seconds) -> the hands followed in it: identity, joints (21, 2), handedness."""
_SAME = 0.35  # mean distance of joints, in boxes of the true hand, up to which a hand is the true one
MOSTLY_SEEN = 0.55


@dataclass
class Followed:
    """How well the hands of clips were followed."""

    frames: int = 0  # in which a hand is mostly seen, counted for each hand
    found: int = 0
    wrong_side: int = 0  # of these
    flips: int = 0  # changes of the side of one true hand
    switches: int = 0  # changes of the identity of one true hand while it is to be seen
    swaps: int = 0  # of these, those to an identity that another true hand had
    ghosts: int = 0  # hands that are none of the true ones
    waits: list[int] | None = None  # frames from each coming into view until found

    def judge(self, frames: Iterator[ComposedFrame], follow: Follow) -> None:
        """Follow a clip and add to the figures."""
        waits = self.waits = self.waits if self.waits is not None else []
        identity: dict[int, int] = {}
        side: dict[int, Handedness] = {}
        waiting: dict[int, int] = {}
        away: set[int] = set()
        for frame in frames:
            there = {hand.identity for hand in frame.hands if hand.seen >= MOSTLY_SEEN}
            answers = follow(frame.image, frame.time_s)
            previous = dict(identity)
            self.ghosts += sum(all(_apart(a[1], h) > _SAME for h in frame.hands) for a in answers)
            for hand in frame.hands:
                if hand.identity not in there:
                    continue
                if hand.identity not in identity or hand.identity in away:
                    waiting.setdefault(hand.identity, 0)
                self.frames += 1
                # An answer is of the hand that it fits best, not also of another one which that hand hides.
                own = [a for a in answers if min(frame.hands, key=lambda h: _apart(a[1], h)) is hand]
                answer = min(own, key=lambda a: _apart(a[1], hand), default=None)
                if answer is None or _apart(answer[1], hand) > _SAME:
                    if hand.identity in waiting:
                        waiting[hand.identity] += 1
                    continue
                self.found += 1
                if hand.identity in waiting:
                    waits.append(waiting.pop(hand.identity))
                elif identity[hand.identity] != answer[0]:
                    self.switches += 1
                    self.swaps += answer[0] in (v for k, v in previous.items() if k != hand.identity)
                if hand.identity in side and side[hand.identity] != answer[2] and hand.identity not in away:
                    self.flips += 1
                away.discard(hand.identity)
                self.wrong_side += answer[2] != hand.handedness
                identity[hand.identity], side[hand.identity] = answer[0], answer[2]
            away |= {h for h in identity if h not in {hand.identity for hand in frame.hands}}
        waits.extend(waiting.values())


def _apart(joints_px: Float32, hand: TrueHand) -> float:
    """Mean distance of joints, in boxes of the true hand."""
    box = max(float(np.ptp(hand.joints_px, axis=0).max()), 1e-6)
    return float(np.linalg.norm(joints_px - hand.joints_px, axis=1).mean()) / box
