"""A stream among a video's exports: `process --stream`."""

from __future__ import annotations

from app.frame import FrameHands
from app.stream.stream import Stream


class StreamWriter:
    """Shows every frame's hands to a stream; what a receiver misses, files keep."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream

    def add(self, moment: FrameHands) -> None:
        self.stream.show(moment)

    def save(self) -> None:
        self.stream.close()

    def discard(self) -> None:
        self.stream.close()
