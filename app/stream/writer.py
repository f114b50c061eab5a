"""A stream among a video's exports: `process --stream`."""

from __future__ import annotations

from app.frame import FrameHands
from app.stream.stream import Stream


class StreamWriter:
    """Shows every frame's hands to a stream, which outlives the video; what a receiver misses, files keep."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def add(self, frame: FrameHands) -> None:
        self._stream.show(frame)

    def save(self) -> None:
        """Nothing is left to do."""

    def discard(self) -> None:
        """What was sent is sent."""
