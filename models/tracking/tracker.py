"""Hands over time: each is followed from crop to crop; the detector is asked when one is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.tracking.search import Search
from models.tracking.shadow import is_shadow
from models.types import Camera, Detection, Float32, Float64, Handedness, Sighting

InferHands = Callable[[NDArray[np.uint8], Camera, Sequence[tuple[Float32, Handedness]]], Sequence[Detection]]
"""(frame_rgb, camera, hands) -> the hands now, however unsure. Each is told by its joints_px (21, 2) of the
frame before, and its handedness."""

REIDENTIFY_BOXES = 1.5
"""A hand detected within this many hand boxes of where one was lost is that one."""
SURE_HANDEDNESS = 0.8
"""Handedness scores below this are in doubt."""
CROP_MIN_GAIN, CROP_FULL_SPEED = 0.1, 0.1
"""Smoothing of the crop. Each frame it moves by a gain, a fraction of its distance from the hand:
CROP_MIN_GAIN for a still hand, rising to 1 for one that moves by CROP_FULL_SPEED of its box a frame. A crop
that followed the joints' jitter would show a still hand in other pixels each frame, and add to the jitter."""
COURSE_TIME_S = 0.25
"""Over which a hand's course is averaged: longer than a track takes to slide from one hand onto another."""
SURPRISED, CONTRARY_SIDE = 0.02, 0.3
"""In hand boxes: a younger track has to be so much less surprised; what a hand of the other side counts."""
DETECTOR_WEIGHT_S = 0.07
"""The detector's word on handedness weighs as much as having been followed for this long, seconds."""


@dataclass(frozen=True)
class TrackerConfig:
    """When a hand is believed, and how often more hands are looked for."""

    max_hands: int = 2
    handedness_lock: Handedness | None = None  # every hand is taken for this one
    min_presence: float = 0.5  # below it the hand is lost
    same_hand: float = 0.35  # a hand found nearer than this to a followed one, in hand boxes, is that one
    same_track: float = 0.2  # two followed hands nearer than this are one: others may overlap
    search_s: float = 0.5  # between searches for a further hand
    hot_search_s: float = 0.1  # the same, for `memory_s` after a hand was lost
    memory_s: float = 1.0  # a hand found again this soon, near where it was lost, keeps its identity
    handedness_time_s: float = 0.5  # time constant of the belief about handedness
    flip_belief: float = 0.5  # contrary belief, 0..1, at which handedness is changed
    clash_belief: float = 0.8  # the same where another hand already has that handedness


@dataclass(frozen=True, eq=False)
class Course:
    """Where a hand is expected, by how it moved for a while: what it did a moment ago counts little."""

    place_px: Float64  # (2,) of the joints' middle, and its speed a second
    speed_px_s: Float64

    def after(self, dt_s: float) -> Float64:
        """(2,) pixels."""
        return self.place_px + dt_s * self.speed_px_s

    def corrected(self, seen_px: Float64, dt_s: float) -> Course:
        """With a place (2,) that was seen dt_s later."""
        expected = self.after(dt_s)
        gain = 1 - np.exp(-dt_s / COURSE_TIME_S)
        miss = seen_px - expected
        return Course(expected + 2 * gain * miss, self.speed_px_s + gain**2 * miss / max(dt_s, 1e-6))


@dataclass(frozen=True, eq=False)
class Track:
    """One hand, as last seen."""

    track_id: int
    handedness: Handedness
    detection: Detection  # as the network saw it, cropped for `handedness`
    around_px: Float32  # (21, 2) in the frame: the joints that the next crop is cut around
    right_belief: float  # -1 surely left .. 1 surely right
    course: Course  # how it has moved
    born_s: float  # when first seen
    time_s: float  # when last seen

    @property
    def joints_px(self) -> Float32:
        """(21, 2) in the frame."""
        return self.detection.joints_2d_px


class Tracker:
    """Follows up to `max_hands` hands. `update` once a frame; a hand not returned is not there."""

    def __init__(self, infer: InferHands, search: Search, config: TrackerConfig | None = None) -> None:
        self.config = config or TrackerConfig()
        self._infer_hands, self._search = infer, search
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
        previous = self._tracks
        seen = self._infer([(t.around_px, t.handedness) for t in previous], frame_rgb, camera)
        followed = [
            (track, self._follow(track, detection, previous, frame_rgb, camera))
            for track, detection in zip(previous, seen, strict=True)
        ]
        self._tracks = self._one_each([now for _, now in followed if now is not None])
        kept = {t.track_id for t in self._tracks}
        self._lost += [track for track in previous if track.track_id not in kept]
        for found in self._detections(frame_rgb):
            self._start_track(found, frame_rgb, camera)
        return tuple(self._tracks)

    def _detections(self, frame_rgb: NDArray[np.uint8]) -> Sequence[Sighting]:
        """What the detector has found, in this frame or in a past one."""
        if self._detector_is_due():
            self._searched_s = self._time_s
            self._search.submit(frame_rgb)
        return self._search.poll()

    def _follow(
        self,
        track: Track,
        detection: Detection | None,
        everyone: list[Track],
        frame_rgb: NDArray[np.uint8],
        camera: Camera,
    ) -> Track | None:
        """A known hand in this frame, from what its crop shows; None where it is not seen."""
        if detection is None:
            return None
        dt, age = self._time_s - track.time_s, self._time_s - track.born_s
        # A young hand's belief is the mean of what it has shown so far, so that a false start, such as half a
        # hand at the picture's edge, is soon mended.
        blend = max(1 - np.exp(-dt / self.config.handedness_time_s), dt / (age + DETECTOR_WEIGHT_S))
        belief = track.right_belief + blend * (_right_evidence(detection) - track.right_belief)
        handedness = self._handedness(track, belief, everyone)
        if handedness != track.handedness:  # its mesh is still that of the other hand
            again = self._infer([(detection.joints_2d_px, handedness)], frame_rgb, camera)[0]
            detection, handedness = (again, handedness) if again else (detection, track.handedness)
        around_px = smoothed_crop(track.around_px, detection.joints_2d_px)
        course = track.course.corrected(_middle(detection.joints_2d_px), dt)
        return Track(
            track.track_id,
            handedness,
            detection,
            around_px,
            float(belief),
            course,
            track.born_s,
            self._time_s,
        )

    def _one_each(self, tracks: list[Track]) -> list[Track]:
        """Where two tracks slid onto one hand, that which it surprises less; of equals the older.

        The other one's own hand is behind this one, or gone, and is looked for again.
        """
        kept: list[Track] = []
        for track in tracks:
            same = [t for t in kept if joint_distance(track.joints_px, t.joints_px) < self.config.same_track]
            if all(_surprise(track) < _surprise(t) - SURPRISED for t in same):
                kept = [t for t in kept if t not in same] + [track]
        return sorted(kept, key=lambda t: t.track_id)

    def _handedness(self, track: Track, right_belief: float, everyone: list[Track]) -> Handedness:
        """What a hand is taken for: changed by lasting evidence only, and less readily into a clash."""
        if self.config.handedness_lock:
            return self.config.handedness_lock
        other: Handedness = "left" if track.handedness == "right" else "right"
        contrary = right_belief if other == "right" else -right_belief
        clash = any(t.handedness == other for t in everyone if t is not track)
        needed = self.config.clash_belief if clash else self.config.flip_belief
        return other if contrary > needed else track.handedness

    def _start_track(self, found: Sighting, frame_rgb: NDArray[np.uint8], camera: Camera) -> None:
        """Begin to follow a detected hand, unless it is followed already or the network denies it."""
        if len(self._tracks) >= self.config.max_hands or self._is_followed(found.joints_2d_px):
            return
        known = self._reidentify(found)
        handedness = self.config.handedness_lock or (
            known.handedness if known else self._first_handedness(found)
        )
        detection = self._infer([(found.joints_2d_px, handedness)], frame_rgb, camera)[0]
        if detection is None or self._is_followed(detection.joints_2d_px):
            return
        if is_shadow(frame_rgb, detection.joints_2d_px, [t.joints_px for t in self._tracks]):
            return
        if known:
            self._lost.remove(known)
            track_id, belief, born_s = known.track_id, known.right_belief, known.born_s
        else:
            track_id, belief, born_s = self._next_id, 0.5 * _right_evidence(found), self._time_s
            self._next_id += 1
        joints_px = detection.joints_2d_px
        course = Course(_middle(joints_px), np.zeros(2))
        self._tracks.append(
            Track(track_id, handedness, detection, joints_px, belief, course, born_s, self._time_s)
        )

    def _reidentify(self, found: Sighting) -> Track | None:
        """The hand lost a moment ago that this detection is, if any."""

        def unlike(t: Track) -> tuple[bool, float]:
            return t.handedness != found.handedness, joint_distance(found.joints_2d_px, t.joints_px)

        surely_other = found.handedness_score >= SURE_HANDEDNESS
        near = [
            t for t in self._lost if unlike(t)[1] < REIDENTIFY_BOXES and not (surely_other and unlike(t)[0])
        ]
        return min(near, key=unlike, default=None)

    def _first_handedness(self, found: Sighting) -> Handedness:
        """What the detector says; where it is in doubt and there is such a hand already, the other."""
        if found.handedness_score < SURE_HANDEDNESS and any(
            t.handedness == found.handedness for t in self._tracks
        ):
            return "left" if found.handedness == "right" else "right"
        return found.handedness

    def _infer(
        self, hands: Sequence[tuple[Float32, Handedness]], frame_rgb: NDArray[np.uint8], camera: Camera
    ) -> list[Detection | None]:
        """As `InferHands`; None where there is no hand, or none that can be the one asked for."""
        found = self._infer_hands(frame_rgb, camera, hands)
        return [
            d if d.presence >= self.config.min_presence and plausible(d.joints_2d_px, px, camera) else None
            for d, (px, _) in zip(found, hands, strict=True)
        ]

    def _is_followed(self, joints_px: Float32) -> bool:
        return any(joint_distance(joints_px, t.joints_px) < self.config.same_hand for t in self._tracks)

    def _detector_is_due(self) -> bool:
        if len(self._tracks) >= self.config.max_hands:
            return False
        if not self._tracks:
            return True
        wait = self.config.hot_search_s if self._lost else self.config.search_s
        return self._time_s - self._searched_s >= wait


def _right_evidence(detection: Sighting) -> float:
    """-1 surely left .. 1 surely right."""
    sure = 2 * detection.handedness_score - 1
    return sure if detection.handedness == "right" else -sure


def _surprise(track: Track) -> float:
    """How far a track's hand is from where it was heading, in hand boxes, and from the side it had."""
    seen_px, box = _middle(track.joints_px), max(float(np.ptp(track.joints_px, axis=0).max()), 1e-6)
    evidence = _right_evidence(track.detection)
    contrary = max(-evidence if track.handedness == "right" else evidence, 0.0)
    away = float(np.linalg.norm(seen_px - track.course.place_px)) / box
    return away + CONTRARY_SIDE * contrary


def _middle(joints_px: Float32) -> Float64:
    """(2,) of the joints (21, 2)."""
    return joints_px.mean(0, dtype=np.float64)


def joint_distance(a_px: Float32, b_px: Float32) -> float:
    """Mean distance of two hands' joints (21, 2), in boxes of the larger hand."""
    box = max(float(np.ptp(a_px, axis=0).max()), float(np.ptp(b_px, axis=0).max()), 1e-6)
    return float(np.linalg.norm(a_px - b_px, axis=1).mean()) / box


def smoothed_crop(around_px: Float32, joints_px: Float32) -> Float32:
    """The joints (21, 2) that the next crop is cut around: the last crop's, moved towards what it showed."""
    gain = min(max(CROP_MIN_GAIN, joint_distance(joints_px, around_px) / CROP_FULL_SPEED), 1.0)
    return (around_px + np.float32(gain) * (joints_px - around_px)).astype(np.float32)


def plausible(joints_px: Float32, previous_px: Float32, camera: Camera) -> bool:
    """Whether 21 joints can be the hand that was at `previous_px` a frame ago: in view, and of like size."""
    low, high = joints_px.min(0), joints_px.max(0)
    size, previous_size = float((high - low).max()), float(np.ptp(previous_px, axis=0).max())
    middle = (low + high) / 2
    in_view = bool((middle >= 0).all() and (middle <= [camera.width - 1, camera.height - 1]).all())
    return in_view and size > 8 and 0.4 < size / max(previous_size, 1e-6) < 2.5
