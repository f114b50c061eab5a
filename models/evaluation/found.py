"""Is every hand found, is it the right one, and is nothing else taken for a hand? Beside MediaPipe.

Stills are shown to detectors alone; the frames of a video to a whole pipeline, which follows what it found.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.datasets.kept_out import kept_out
from models.datasets.samples import Box, Sample, SampleSet, read_rgb
from models.evaluation.predictors import MEDIAPIPE
from models.geometry import camera_from_fov
from models.inference.mediapipe.detector import MediaPipeDetector
from models.inference.mediapipe.landmarker import HandLandmarker
from models.tracking.detector import HandDetector
from models.tracking.grayscale import in_colour
from models.tracking.pipeline import Pipeline, PipelineConfig
from models.tracking.reconstruction import make_reconstruction
from models.types import Float32, Handedness, Sighting

UInt8 = NDArray[np.uint8]
SAME_HAND_IOU = 0.3  # of the box around the joints found with the true box
WINDOWS = 12  # cut from each picture without hands, beside the whole
Hands = list[tuple[Float32, Handedness]]
"""Joints (21, 2) in the picture, and handedness."""


@dataclass
class Tally:
    """What one model did with one set."""

    hands: int = 0  # pictures with a hand whose place is known
    found: int = 0
    right_handedness: int = 0  # of those found
    empty: int = 0  # pictures without any hand
    false: int = 0  # hands found in these
    with_ms: list[float] = field(default_factory=list)
    without_ms: list[float] = field(default_factory=list)
    first_s: float | None = None  # of a video: until a hand is first found
    flips: int = 0  # of a video: changes of a hand's handedness
    identities: int = 0  # of a video: how many hands there seemed to be, one after the other

    def figures(self, handedness_known: bool) -> dict[str, Any]:
        """For the report. None where it doesn't apply."""
        return {
            "found": self.found / self.hands if self.hands else None,
            "handedness": self.right_handedness / self.found if self.found and handedness_known else None,
            "false_per_1000": 1000 * self.false / self.empty if self.empty else None,
            "ms_with": float(np.median(self.with_ms)) if self.with_ms else None,
            "ms_without": float(np.median(self.without_ms)) if self.without_ms else None,
            "first_s": self.first_s,
            "flips": self.flips if self.identities else None,
            "identities": self.identities or None,
        }


def judge_stills(
    samples: SampleSet, models: Sequence[str], on_sample: Callable[[int], None] = lambda done: None
) -> dict[str, Tally]:
    """Every model's detector on pictures with one known hand each. They take turns at each picture."""
    tallies = {name: Tally() for name in models}
    finders = {name: _Finder(name) for name in models}
    for done, sample in enumerate(samples.read(), 1):
        image = sample.image if isinstance(sample.image, np.ndarray) else read_rgb(sample.image)
        box = sample.box_px
        if box is None:
            continue
        for name, finder in finders.items():
            tallies[name].with_ms.append(finder.spent_ms(image))
            _count(tallies[name], finder.find(image), box, sample.handedness)
        on_sample(done)
    return tallies


def judge_empty(
    folder: Path, models: Sequence[str], on_sample: Callable[[int], None] = lambda done: None
) -> dict[str, Tally]:
    """Every model's detector on pictures without hands, and on windows of them. Raises ValueError."""
    tallies = {name: Tally() for name in models}
    finders = {name: _Finder(name) for name in models}
    for done, image in enumerate(windows_of(pictures_without_hands(folder)), 1):
        for name, finder in finders.items():
            tallies[name].without_ms.append(finder.spent_ms(image))
            tallies[name].empty += 1
            tallies[name].false += len(finder.find(image))
        on_sample(done)
    return tallies


def judge_video(
    samples: SampleSet, models: Sequence[str], on_sample: Callable[[int], None] = lambda done: None
) -> dict[str, Tally]:
    """Every model follows the hand of a video, in which one is to be seen in each frame that is a sample."""
    tallies = {}
    for name in models:
        tally = tallies[name] = Tally()
        previous: dict[int, Handedness] = {}
        start_s: float | None = None
        for done, (sample, hands, spent_ms) in enumerate(_followed(samples, name), 1):
            tally.with_ms.append(spent_ms)
            time_s = sample.time_s or 0.0
            start_s = time_s if start_s is None else start_s
            box = sample.box_px or (-1e9, -1e9, 2e9, 2e9)
            was = tally.found
            _count(tally, [(j, h) for _, j, h in hands], box, sample.handedness, sample.box_px is not None)
            if tally.found > was and tally.first_s is None:
                tally.first_s = time_s - start_s
            for identity, _, handedness in hands:
                if identity not in previous:
                    tally.identities += 1
                elif previous[identity] != handedness:
                    tally.flips += 1
                previous[identity] = handedness
            on_sample(done)
    return tallies


def pictures_without_hands(folder: Path) -> list[Path]:
    """Those of a folder that no training sees: every fourth, or all of a small one. Raises ValueError."""
    paths = sorted(p for p in folder.glob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if not paths:
        raise ValueError(f"{folder} holds no JPEG or PNG files; give a folder of pictures without hands")
    return kept_out(paths)


def windows_of(paths: Iterable[Path]) -> Iterator[UInt8]:
    """Each picture, and WINDOWS parts of it of many sizes, the same each time."""
    for k, path in enumerate(paths):
        picture = read_rgb(path)
        yield picture
        rng = np.random.default_rng(k)
        height, width = picture.shape[:2]
        for _ in range(WINDOWS):
            side = int(min(height, width) * rng.uniform(0.25, 1.0))
            x, y = int(rng.integers(0, width - side + 1)), int(rng.integers(0, height - side + 1))
            yield np.ascontiguousarray(picture[y : y + side, x : x + side])


def overlap(joints_px: Float32, box: Box) -> float:
    """Intersection over union of the box around joints with a true box."""
    low, high = joints_px.min(0), joints_px.max(0)
    corner, size = np.array(box[:2]), np.array(box[2:])
    both = np.clip(np.minimum(high, corner + size) - np.maximum(low, corner), 0, None).prod()
    return float(both / max((high - low).prod() + size.prod() - both, 1e-9))


def _count(tally: Tally, hands: Hands, box: Box, handedness: Handedness, placed: bool = True) -> None:
    """Of the hands found, the one that fits the true box best."""
    tally.hands += 1
    fitting = [(overlap(j, box), h) for j, h in hands] if placed else [(1.0, h) for _, h in hands]
    best = max(fitting, default=(0.0, handedness))
    if best[0] >= SAME_HAND_IOU:
        tally.found += 1
        tally.right_handedness += best[1] == handedness


class _Finder:
    """A detector of single pictures, and what one frame among many costs it."""

    def __init__(self, name: str) -> None:
        self._detect: Callable[[UInt8], Sequence[Sighting]]
        self._detect_next: Callable[[UInt8], Sequence[Sighting]]
        if name == MEDIAPIPE:
            theirs = MediaPipeDetector(max_hands=2)
            self._detect = self._detect_next = theirs.detect
        else:
            method = make_reconstruction(name)
            ours = HandDetector(method.sight, method.input_size, max_hands=2)
            self._detect = lambda image: ours.detect(in_colour(image))
            self._detect_next = lambda image: ours.detect_next(in_colour(image))
            ours.detect_next(np.zeros((64, 64, 3), np.uint8))  # of a source's first frame, it does more

    def find(self, image: UInt8) -> Hands:
        """The hands in a picture that stands alone."""
        return [(d.joints_2d_px, d.handedness) for d in self._detect(image)]

    def spent_ms(self, image: UInt8) -> float:
        """The processor's time, of all threads, for a frame among many."""
        start_s = time.process_time()
        self._detect_next(image)
        return 1000 * (time.process_time() - start_s)


def _followed(
    samples: SampleSet, name: str
) -> Iterator[tuple[Sample, list[tuple[int, Float32, Handedness]], float]]:
    """Each frame, the hands followed in it with their identities, and the milliseconds that took."""
    if name == MEDIAPIPE:
        with closing(HandLandmarker(True, 2)) as landmarker:
            for sample in samples.read():
                image = sample.image if isinstance(sample.image, np.ndarray) else read_rgb(sample.image)
                start_s = time.process_time()
                result = landmarker(image, sample.time_s or 0.0)
                spent = 1000 * (time.process_time() - start_s)
                size = [image.shape[1], image.shape[0]]
                hands: list[tuple[int, Float32, Handedness]] = []
                for k, (points, kinds) in enumerate(
                    zip(result.hand_landmarks, result.handedness, strict=True)
                ):
                    joints = np.array([[p.x, p.y] for p in points], np.float32) * size
                    side: Handedness = "right" if kinds[0].category_name == "Right" else "left"
                    hands.append((k, joints.astype(np.float32), side))
                yield sample, hands, spent
        return
    with closing(Pipeline(PipelineConfig(name, smoothing=None))) as pipeline:
        for sample in samples.read():
            image = sample.image if isinstance(sample.image, np.ndarray) else read_rgb(sample.image)
            camera = camera_from_fov(image.shape[1], image.shape[0])
            start_s = time.process_time()
            found = pipeline.process(image, sample.time_s or 0.0, camera).hands
            spent = 1000 * (time.process_time() - start_s)
            yield sample, [(h.track_id, h.joints_2d_px, h.handedness) for h in found], spent


_ROWS = {  # title: figure, factor, digits
    "found, %": ("found", 100, 1),
    "handedness right, %": ("handedness", 100, 1),
    "false alarms, of 1,000 pictures": ("false_per_1000", 1, 1),
    "CPU ms a frame, median, with a hand": ("ms_with", 1, 1),
    "CPU ms a frame, median, without": ("ms_without", 1, 1),
    "s until first found": ("first_s", 1, 2),
    "identities": ("identities", 1, 0),
    "changes of handedness": ("flips", 1, 0),
}


def found_markdown(name: str, samples: int, models: dict[str, dict[str, Any]]) -> str:
    """The figures of one set as a Markdown table."""
    lines = [["", *models], ["---"] + ["---:"] * len(models)]
    for title, (key, factor, digits) in _ROWS.items():
        values = [figures[key] for figures in models.values()]
        if any(v is not None for v in values):
            lines.append([title, *("–" if v is None else f"{factor * v:.{digits}f}" for v in values)])
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"## {name}: {samples} pictures\n\n{table}\n"
