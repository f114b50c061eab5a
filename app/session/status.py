"""What the session tells the person who watches it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["info", "warning", "error"]
Topic = Literal[
    "source", "model", "graphics", "recording", "snapshot", "ring", "virtual camera", "stream", "calibration"
]


@dataclass(frozen=True)
class Status:
    """One line for the person at the window; an empty text means that the topic is well again."""

    topic: Topic
    level: Level
    text: str
