"""Hands over time: each is looked for where it was last seen; the detector helps when one is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.tracking.search import Search
from models.types import Array, Camera, Detection, Side

Observe = Callable[[NDArray[np.uint8], Camera, Array, Side], Detection]
"""(frame_rgb, camera, joints_px (21, 2) of a moment ago, side) -> the hand as it is now, however unsure."""

REFOUND = 1.5
"""A hand found within this many boxes of where one was lost is that one."""
SURE_SIDE = 0.8
"""Side scores below this are in doubt."""
CALM, RUSH = 0.1, 0.1
"""A crop goes this part of the way to where its hand is now; the more the further off, all beyond RUSH boxes.
Cut anew around each frame's trembling joints, a still hand is seen in other pixels, and trembles more."""
FIRST_IMPRESSION_S = 0.07
"""What the detector says of a side weighs as much as being seen for this long, seconds."""


@dataclass(frozen=True)
class TrackerConfig:
    """When a hand is believed, and how often more hands are looked for."""

    max_hands: int = 2
    side_lock: Side | None = None  # every hand is taken for this side
    min_presence: float = 0.5  # below it the hand is lost
    same_hand: float = 0.35  # two sets of joints nearer than this, in hand boxes, are one hand
    search_s: float = 0.7  # between looks for a further hand: under 5 % of the frames at 30 a second
    hot_search_s: float = 0.1  # the same, for `memory_s` after a hand was lost
    memory_s: float = 1.0  # a hand found again this soon, near where it was lost, keeps its identity
    side_time_s: float = 0.5  # time constant of the belief about a hand's side
    flip_belief: float = 0.5  # contrary belief, 0..1, at which the side is changed
    clash_belief: float = 0.8  # the same where another hand already has that side


@dataclass(frozen=True)
class Track:
    """One hand, as last seen."""

    track_id: int
    side: Side
    seen: Detection  # as the network saw it, cropped for `side`
    around_px: Array  # (21, 2) in the frame: the joints that the next crop is cut around
    right_belief: float  # -1 surely left .. 1 surely right
    born_s: float  # when first seen
    time_s: float  # when last seen

    @property
    def joints_px(self) -> Array:
        """(21, 2) in the frame."""
        return self.seen.joints_2d_px


class Tracker:
    """Follows up to `max_hands` hands. `update` once a frame; a hand not returned is not there."""

    def __init__(self, observe: Observe, search: Search, config: TrackerConfig | None = None) -> None:
        self.config = config or TrackerConfig()
        self._observe, self._search = observe, search
        self._next_id = 0
        self.reset()

    def reset(self) -> None:
        """Forget every hand. Identities are never used twice."""
        self._tracks: list[Track] = []
        self._lost: list[Track] = []
        self._searched_s = self._time_s = -np.inf
        self._search.forget()

    def update(self, frame_rgb: NDArray[np.uint8], camera: Camera, time_s: float) -> tuple[Track, ...]:
        """The hands in this frame, oldest first. time_s: capture time, seconds; may jump."""
        if time_s < self._time_s:  # another clip, or the same one again from its start
            self.reset()
        self._time_s = time_s
        self._lost = [t for t in self._lost if time_s - t.time_s <= self.config.memory_s]
        before, self._tracks = self._tracks, []
        for track in before:
            now = self._follow(track, before, frame_rgb, camera)
            # Where two tracks slid onto one hand, the older stays; the other's own hand is looked for again.
            if now is None or self._is_followed(now.joints_px):
                self._lost.append(track)
            else:
                self._tracks.append(now)
        for found in self._found(frame_rgb):
            self._welcome(found, frame_rgb, camera)
        return tuple(self._tracks)

    def _found(self, frame_rgb: NDArray[np.uint8]) -> Sequence[Detection]:
        """Hands that a search tells of now: this frame's where none is followed, else those of a past one."""
        if not self._search_is_due():
            return self._search.answer()
        self._searched_s = self._time_s
        return self._search.begin(frame_rgb) if self._tracks else self._search.now(frame_rgb)

    def _follow(
        self, track: Track, everyone: list[Track], frame_rgb: NDArray[np.uint8], camera: Camera
    ) -> Track | None:
        """A known hand, looked for around its last place; None where it is not to be seen."""
        seen = self._look(track.around_px, track.side, frame_rgb, camera)
        if seen is None:
            return None
        dt, age = self._time_s - track.time_s, self._time_s - track.born_s
        # A young hand's belief is the mean of what it has shown so far, so that a false start, such as half a
        # hand at the picture's edge, is soon mended.
        blend = max(1 - np.exp(-dt / self.config.side_time_s), dt / (age + FIRST_IMPRESSION_S))
        belief = track.right_belief + blend * (_right_evidence(seen) - track.right_belief)
        side = self._side(track, belief, everyone)
        if side != track.side:  # what was seen is a hand of the other side, its mesh above all
            again = self._look(seen.joints_2d_px, side, frame_rgb, camera)
            seen, side = (again, side) if again else (seen, track.side)
        around_px = steadied(track.around_px, seen.joints_2d_px)
        return Track(track.track_id, side, seen, around_px, float(belief), track.born_s, self._time_s)

    def _side(self, track: Track, right_belief: float, everyone: list[Track]) -> Side:
        """The side a hand is taken for: changed by lasting evidence only, and less readily into a clash."""
        if self.config.side_lock:
            return self.config.side_lock
        other: Side = "left" if track.side == "right" else "right"
        contrary = right_belief if other == "right" else -right_belief
        clash = any(t.side == other for t in everyone if t is not track)
        needed = self.config.clash_belief if clash else self.config.flip_belief
        return other if contrary > needed else track.side

    def _welcome(self, found: Detection, frame_rgb: NDArray[np.uint8], camera: Camera) -> None:
        """Begin to follow a detected hand, unless it is followed already or the network denies it."""
        if len(self._tracks) >= self.config.max_hands or self._is_followed(found.joints_2d_px):
            return
        known = self._recall(found)
        side = self.config.side_lock or (known.side if known else self._first_side(found))
        seen = self._look(found.joints_2d_px, side, frame_rgb, camera)
        if seen is None or self._is_followed(seen.joints_2d_px):
            return
        if known:
            self._lost.remove(known)
            track_id, belief, born_s = known.track_id, known.right_belief, known.born_s
        else:
            track_id, belief, born_s = self._next_id, 0.5 * _right_evidence(found), self._time_s
            self._next_id += 1
        self._tracks.append(Track(track_id, side, seen, seen.joints_2d_px, belief, born_s, self._time_s))

    def _recall(self, found: Detection) -> Track | None:
        """The hand lost a moment ago that this detection is, if any."""

        def unlike(t: Track) -> tuple[bool, float]:
            return t.side != found.side, apart(found.joints_2d_px, t.joints_px)

        surely_other = found.side_score >= SURE_SIDE
        near = [t for t in self._lost if unlike(t)[1] < REFOUND and not (surely_other and unlike(t)[0])]
        return min(near, key=unlike, default=None)

    def _first_side(self, found: Detection) -> Side:
        """What the detector says; where it is in doubt and that side is taken, the other."""
        if found.side_score < SURE_SIDE and any(t.side == found.side for t in self._tracks):
            return "left" if found.side == "right" else "right"
        return found.side

    def _look(
        self, joints_px: Array, side: Side, frame_rgb: NDArray[np.uint8], camera: Camera
    ) -> Detection | None:
        seen = self._observe(frame_rgb, camera, joints_px, side)
        there = seen.score >= self.config.min_presence and plausible(seen.joints_2d_px, joints_px, camera)
        return seen if there else None

    def _is_followed(self, joints_px: Array) -> bool:
        return any(apart(joints_px, t.joints_px) < self.config.same_hand for t in self._tracks)

    def _search_is_due(self) -> bool:
        if len(self._tracks) >= self.config.max_hands:
            return False
        if not self._tracks:
            return True
        wait = self.config.hot_search_s if self._lost else self.config.search_s
        return self._time_s - self._searched_s >= wait


def _right_evidence(seen: Detection) -> float:
    """-1 surely left .. 1 surely right."""
    sure = 2 * seen.side_score - 1
    return sure if seen.side == "right" else -sure


def apart(a_px: Array, b_px: Array) -> float:
    """Mean distance of two hands' joints (21, 2), in boxes of the larger hand."""
    box = max(float(np.ptp(a_px, axis=0).max()), float(np.ptp(b_px, axis=0).max()), 1e-6)
    return float(np.linalg.norm(a_px - b_px, axis=1).mean()) / box


def steadied(around_px: Array, joints_px: Array) -> Array:
    """Where the next crop is cut, (21, 2): from where the last was towards the joints seen in it."""
    part = min(max(CALM, apart(joints_px, around_px) / RUSH), 1.0)
    return (around_px + np.float32(part) * (joints_px - around_px)).astype(np.float32)


def plausible(joints_px: Array, before_px: Array, camera: Camera) -> bool:
    """Whether 21 joints can be the hand that was at `before_px` a frame ago: in view, and of like size."""
    low, high = joints_px.min(0), joints_px.max(0)
    size, size_before = float((high - low).max()), float(np.ptp(before_px, axis=0).max())
    middle = (low + high) / 2
    in_view = bool((middle >= 0).all() and (middle <= [camera.width - 1, camera.height - 1]).all())
    return in_view and size > 8 and 0.4 < size / max(size_before, 1e-6) < 2.5
