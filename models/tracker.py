"""Hands over time: each is looked for where it was last seen; the detector helps when one is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.types import Array, Camera, Detection, Side

Observe = Callable[[NDArray[np.uint8], Camera, Array, Side], Detection]
"""(frame_rgb, camera, joints_px (21, 2) of a moment ago, side) -> the hand as it is now, however unsure."""

Detect = Callable[[NDArray[np.uint8]], Sequence[Detection]]
"""frame_rgb -> the hands in it, found without any past."""


@dataclass(frozen=True)
class TrackerConfig:
    """When a hand is believed, and how often more hands are looked for."""

    max_hands: int = 2
    side_lock: Side | None = None  # every hand is taken for this side
    min_presence: float = 0.5  # below it the hand is lost
    same_hand: float = 0.35  # two sets of joints nearer than this, in hand boxes, are one hand
    search_s: float = 0.5  # between looks for a further hand, while one is tracked
    hot_search_s: float = 0.1  # the same, for `memory_s` after a hand was lost
    memory_s: float = 1.0  # a hand found again this soon, near where it was lost, keeps its identity
    side_time_s: float = 0.5  # time constant of the belief about a hand's side
    flip_belief: float = 0.5  # contrary belief, 0..1, at which the side is changed
    clash_belief: float = 0.8  # the same where another hand already has that side


@dataclass
class Track:
    """One hand."""

    track_id: int
    side: Side
    joints_px: Array  # (21, 2) where last seen
    joints_world_m: Array  # (21, 3) camera axes
    score: float
    right_belief: float  # -1 surely left .. 1 surely right
    time_s: float  # when last seen


@dataclass
class Tracker:
    """Follows up to `max_hands` hands. `update` once a frame; a hand not returned is not there."""

    observe: Observe
    detect: Detect
    config: TrackerConfig = field(default_factory=TrackerConfig)

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget every hand. Identities are never used twice."""
        self._tracks: list[Track] = []
        self._lost: list[Track] = []
        self._searched_s = -np.inf
        self._time_s = -np.inf
        self._next_id = getattr(self, "_next_id", 0)

    def update(self, frame_rgb: NDArray[np.uint8], camera: Camera, time_s: float) -> tuple[Track, ...]:
        """The hands in this frame, oldest first. time_s: capture time, seconds; may jump."""
        if time_s < self._time_s:  # another clip, or the same one again from its start
            self._tracks, self._lost, self._searched_s = [], [], -np.inf
        self._time_s = time_s
        self._lost = [t for t in self._lost if time_s - t.time_s <= self.config.memory_s]
        for track in list(self._tracks):
            if not self._follow(track, frame_rgb, camera):
                self._lose(track)
        self._drop_duplicates()
        if self._search_is_due():
            self._searched_s = time_s
            for found in self.detect(frame_rgb):
                self._welcome(found, frame_rgb, camera)
        return tuple(self._tracks)

    def _follow(self, track: Track, frame_rgb: NDArray[np.uint8], camera: Camera) -> bool:
        """Look for a known hand around its last place; False where it is not to be seen."""
        seen = self.observe(frame_rgb, camera, track.joints_px, track.side)
        if seen.score < self.config.min_presence or not plausible(seen.joints_2d_px, track.joints_px, camera):
            return False
        dt = self._time_s - track.time_s
        blend = 1 - np.exp(-dt / self.config.side_time_s)
        track.right_belief += blend * (right_evidence(seen) - track.right_belief)
        track.joints_px, track.joints_world_m = seen.joints_2d_px, seen.joints_world_m
        track.score, track.time_s = seen.score, self._time_s
        track.side = self._side_of(track)
        return True

    def _side_of(self, track: Track) -> Side:
        """The side a track is taken for: changed only by lasting evidence, and less readily into a clash."""
        if self.config.side_lock:
            return self.config.side_lock
        other: Side = "left" if track.side == "right" else "right"
        contrary = -track.right_belief if track.side == "right" else track.right_belief
        clash = any(t.side == other for t in self._tracks if t is not track)
        return (
            other
            if contrary > (self.config.clash_belief if clash else self.config.flip_belief)
            else track.side
        )

    def _welcome(self, found: Detection, frame_rgb: NDArray[np.uint8], camera: Camera) -> None:
        """Begin to follow a detected hand, unless it is followed already or the network denies it."""
        if len(self._tracks) >= self.config.max_hands:
            return
        if any(apart(found.joints_2d_px, t.joints_px) < self.config.same_hand for t in self._tracks):
            return
        known = next((t for t in self._lost if apart(found.joints_2d_px, t.joints_px) < 1.5), None)
        side = self._first_side(found, known)
        seen = self.observe(frame_rgb, camera, found.joints_2d_px, side)
        if seen.score < self.config.min_presence or not plausible(
            seen.joints_2d_px, found.joints_2d_px, camera
        ):
            return
        if any(apart(seen.joints_2d_px, t.joints_px) < self.config.same_hand for t in self._tracks):
            return
        if known:
            self._lost.remove(known)
            track_id, belief = known.track_id, known.right_belief
        else:
            track_id, belief = self._next_id, 0.5 * right_evidence(found)
            self._next_id += 1
        self._tracks.append(
            Track(
                track_id,
                side,
                seen.joints_2d_px,
                seen.joints_world_m,
                seen.score,
                belief,
                self._time_s,
            )
        )

    def _first_side(self, found: Detection, known: Track | None) -> Side:
        if self.config.side_lock:
            return self.config.side_lock
        if known:
            return known.side
        unsure = found.side_score < 0.8
        if unsure and any(t.side == found.side for t in self._tracks):
            return "left" if found.side == "right" else "right"
        return found.side

    def _search_is_due(self) -> bool:
        if len(self._tracks) >= self.config.max_hands:
            return False
        if not self._tracks:
            return True
        wait = self.config.hot_search_s if self._lost else self.config.search_s
        return self._time_s - self._searched_s >= wait

    def _drop_duplicates(self) -> None:
        """Where two tracks slid onto one hand the older stays."""
        for i, older in enumerate(self._tracks):
            for younger in self._tracks[i + 1 :]:
                if apart(older.joints_px, younger.joints_px) < self.config.same_hand:
                    self._tracks.remove(younger)

    def _lose(self, track: Track) -> None:
        self._tracks.remove(track)
        self._lost.append(track)


def right_evidence(seen: Detection) -> float:
    """-1 surely left .. 1 surely right."""
    sure = 2 * seen.side_score - 1
    return sure if seen.side == "right" else -sure


def apart(a_px: Array, b_px: Array) -> float:
    """Mean distance of two hands' joints (21, 2), in boxes of the larger hand."""
    box = max(float(np.ptp(a_px, axis=0).max()), float(np.ptp(b_px, axis=0).max()), 1e-6)
    return float(np.linalg.norm(a_px - b_px, axis=1).mean()) / box


def plausible(joints_px: Array, before_px: Array, camera: Camera) -> bool:
    """Whether 21 joints can be the hand that was at `before_px` a frame ago: in view, and of like size."""
    low, high = joints_px.min(0), joints_px.max(0)
    size, size_before = float((high - low).max()), float(np.ptp(before_px, axis=0).max())
    middle = (low + high) / 2
    in_view = bool((middle >= 0).all() and (middle <= [camera.width - 1, camera.height - 1]).all())
    return in_view and size > 8 and 0.4 < size / max(size_before, 1e-6) < 2.5
