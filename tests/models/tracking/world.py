"""A world of fake hands, which a fake network sees when the crop is near."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from models.geometry import camera_from_fov
from models.tracking.search import Search
from models.tracking.tracker import Track, Tracker, TrackerConfig
from models.types import Camera, Detection, Handedness

CAMERA = camera_from_fov(640, 480)


FRAME = np.zeros((480, 640, 3), np.uint8)


SHAPE = np.random.default_rng(0).uniform(-50, 50, (21, 2)).astype(np.float32)


@dataclass
class Hand:
    """A hand of the fake world."""

    x: float
    y: float
    handedness: Handedness = "right"
    handedness_score: float = 0.95
    presence: float = 0.95
    size: float = 1.0

    def detection(self) -> Detection:
        joints = SHAPE * self.size + np.array([self.x, self.y], np.float32)
        world = np.zeros((21, 3), np.float32)
        return Detection(joints, self.handedness, self.presence, self.handedness_score, world)


@dataclass
class World:
    """What there is to see; counts what is asked of it."""

    hands: list[Hand] = field(default_factory=list)
    hidden_from_detector: bool = False
    detections: int = 0
    crops: list[Handedness] = field(default_factory=list)

    def observe(
        self, frame: np.ndarray, camera: Camera, joints_px: np.ndarray, handedness: Handedness
    ) -> Detection:
        self.crops.append(handedness)
        middle = joints_px.mean(0)
        near = [h for h in self.hands if np.hypot(h.x - middle[0], h.y - middle[1]) < 60]
        if not near:
            return Hand(*middle, presence=0.05).detection()
        return min(near, key=lambda h: np.hypot(h.x - middle[0], h.y - middle[1])).detection()

    def observe_all(
        self, frame: np.ndarray, camera: Camera, hands: Sequence[tuple[np.ndarray, Handedness]]
    ) -> list[Detection]:
        return [self.observe(frame, camera, *hand) for hand in hands]

    def detect(self, frame: np.ndarray) -> list[Detection]:
        self.detections += 1
        return [] if self.hidden_from_detector else [h.detection() for h in self.hands]


def tracker(world: World, **config: object) -> Tracker:
    return Tracker(world.observe_all, Search(world.detect), TrackerConfig(**config))  # type: ignore[arg-type]


def run(t: Tracker, start_s: float, frames: int, fps: float = 30) -> list[tuple[Track, ...]]:
    return [t.update(FRAME, CAMERA, start_s + i / fps) for i in range(frames)]
