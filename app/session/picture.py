"""What the session hands to those who watch it: immutable values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.types import Camera, HandMesh


@dataclass(frozen=True)
class Picture:
    """A finished picture and what was found in it."""

    image_rgb: NDArray[np.uint8]  # (H, W, 3), unmirrored, never changed again
    hands: tuple[HandMesh, ...]
    time_s: float  # monotonic clock when its frame was captured
    index: int  # of its frame within the source
    stages_ms: Mapping[str, float]
    readout: tuple[str, ...]  # what the effect measured, e.g. "17.3 mm · US 7"
    source: str  # the source it came from
    clean_rgb: NDArray[np.uint8]  # (H, W, 3) the frame itself, nothing drawn on it
    camera: Camera  # the one the hands were placed with


Level = Literal["info", "warning", "error"]
Topic = Literal[
    "source", "model", "graphics", "recording", "snapshot", "ring", "virtual camera", "calibration"
]


@dataclass(frozen=True)
class Status:
    """One line for the person at the window; an empty text means that the topic is well again."""

    topic: Topic
    level: Level
    text: str
