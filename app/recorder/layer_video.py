"""The drawn layer alone, with alpha, for editors: ProRes 4444 in a QuickTime file."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.reformatter import Colorspace
from numpy.typing import NDArray

from app.frame import Layer
from app.output import OutputError

_TICKS = 90_000  # a second
_FRAGMENT_S = 0.5


class LayerWriter:
    """One video of what was drawn and nothing else. Make, use and close it on one thread."""

    def __init__(self, path: Path, size_wh: tuple[int, int]) -> None:
        """path: ends in .mov, overwritten. size_wh: of the pictures to come. Raises OutputError."""
        self.path = path
        self._size_wh = size_wh
        self._last_tick = -1
        try:
            # Whole fragments while it is written, so that a crash loses nothing; at the end an ordinary file,
            # which every editor reads.
            options = {"movflags": "hybrid_fragmented", "frag_duration": str(round(_FRAGMENT_S * 1e6))}
            self._container = av.open(str(path), "w", format="mov", options=options)
            self._stream = self._container.add_stream("prores_aw", rate=30, options={"profile": "4"})
        except (av.error.FFmpegError, OSError) as error:
            raise self._failed(error) from error
        self._stream.width, self._stream.height = (size + size % 2 for size in size_wh)
        self._stream.pix_fmt = "yuva444p10le"
        codec = self._stream.codec_context
        codec.time_base = Fraction(1, _TICKS)
        codec.thread_count, codec.thread_type = 2, "FRAME"
        codec.colorspace = codec.color_primaries = codec.color_trc = Colorspace.ITU709

    def write(self, layers: Sequence[Layer], time_s: float) -> None:
        """What was drawn, from the back to the front, from `time_s` (seconds from the first picture) on.

        A time that does not advance is skipped. Raises OutputError.
        """
        tick = round(time_s * _TICKS)
        if tick <= self._last_tick:
            return
        self._last_tick = tick
        frame = av.VideoFrame.from_ndarray(flattened(layers, self._stream.width, self._stream.height), "rgba")
        frame = frame.reformat(format="yuva444p10le", dst_colorspace=Colorspace.ITU709)
        frame.pts, frame.time_base = tick, Fraction(1, _TICKS)
        self._encode(frame)

    def close(self) -> None:
        """Finish the file. Raises OutputError where its end can't be written."""
        try:
            if self._last_tick >= 0:
                self._encode(None)
            self._container.close()
        except (av.error.FFmpegError, OSError) as error:
            raise self._failed(error) from error

    def _encode(self, frame: av.VideoFrame | None) -> None:
        try:
            self._container.mux(self._stream.encode(frame))
        except (av.error.FFmpegError, OSError) as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> OutputError:
        reason = getattr(error, "strerror", None) or str(error)
        return OutputError(f"{self.path} can't be written ({reason}); free some space or choose a folder")


def flattened(layers: Sequence[Layer], width: int, height: int) -> NDArray[np.uint8]:
    """(height, width, 4) RGBA, straight alpha as editors take it: layers over each other, clear elsewhere."""
    out = np.zeros((height, width, 4), np.uint8)
    for layer in layers:
        x0, y0 = max(layer.x, 0), max(layer.y, 0)
        front = layer.rgba[y0 - layer.y : height - layer.y, x0 - layer.x : width - layer.x]
        part = out[y0 : y0 + front.shape[0], x0 : x0 + front.shape[1]]
        clear = cv2.merge([cv2.bitwise_not(cv2.extractChannel(front, 3))] * 4)
        part[:] = cv2.add(front, cv2.multiply(part, clear, scale=1 / 255))
    drawn = cv2.boundingRect(cv2.extractChannel(out, 3))
    x, y, w, h = drawn
    if w:
        part = out[y : y + h, x : x + w]
        alpha = np.maximum(part[..., 3:], 1).astype(np.float32)
        part[..., :3] = np.minimum(np.rint(part[..., :3] * (255 / alpha)), 255).astype(np.uint8)
    return out
