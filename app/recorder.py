"""Crash-safe video: fragmented MP4 with true timestamps, written beside the live picture.

A fragment is closed every half second, so a recording that is cut off by a crash, a `kill -9` or a full
disk plays up to its last half second.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Event, Thread

import av
import cv2
import numpy as np
from av.video.frame import PictureType
from av.video.reformatter import Colorspace
from numpy.typing import NDArray

from app.errors import UserError

_TICKS = 90_000  # per second: the customary clock of video, finer than any camera's timestamps
_KEYFRAME_S = 1.0
_FRAGMENT_S = 0.5
_QUEUE_FRAMES = 16
_BT709 = 1  # what players take a video for when it says nothing, so that colours stay right everywhere


class RecordingError(UserError):
    """A video or picture that can't be written: one clear line that says why and what to do."""


def prepare_output(path: Path, suffix: str = ".mp4") -> None:
    """Make the folder of an output file and check that a file can be written there.

    Raises RecordingError otherwise. An existing file is left as it is.
    """
    if path.suffix.lower() != suffix:
        raise RecordingError(f"{path} must end in {suffix}; change the name")
    try:
        if path.is_dir():
            raise RecordingError(f"{path} is a folder; give a file name that ends in {suffix}")
        existed = path.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab"):
            pass
        if not existed:
            path.unlink()
    except OSError as error:
        raise RecordingError(
            f"{path} can't be written ({error.strerror}); choose a folder you may write to"
        ) from error


def refuse_source_as_output(source: Path, out: Path) -> None:
    """Raise RecordingError where an output would overwrite the file it is made from."""
    if out.resolve() == source.resolve():
        raise RecordingError(f"{out} is the source itself; choose another output")


def save_png(path: Path, image_rgb: NDArray[np.uint8]) -> None:
    """Write (H, W, 3) RGB as a PNG, whole or not at all. Raises RecordingError."""
    prepare_output(path, ".png")
    ok, data = cv2.imencode(".png", cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR))
    partial = path.with_suffix(".partial.png")
    try:
        if not ok:
            raise RecordingError(f"{path}: the picture can't be encoded as PNG; report this")
        partial.write_bytes(data.tobytes())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise RecordingError(f"{path} can't be written ({error.strerror}); free some space") from error


class VideoWriter:
    """One H.264 video of variable frame rate. Make, use and close it on one thread."""

    def __init__(self, path: Path, size_wh: tuple[int, int], *, live: bool) -> None:
        """`live` trades a little size for a file that never lags behind: nothing is held back in the encoder.

        path: ends in .mp4, overwritten. size_wh: of the pictures to come; odd sizes are padded by one pixel.
        """
        self.path = path
        self.frames = 0
        self._size_wh = size_wh
        self._last_tick = -1
        self._key_tick = 0
        self._durations: dict[int, int] = {}
        options = {"preset": "veryfast", "crf": "20", "bf": "0"} | ({"tune": "zerolatency"} if live else {})
        try:
            self._container = av.open(
                str(path),
                "w",
                format="mp4",
                options={
                    "movflags": "frag_keyframe+empty_moov+default_base_moof",
                    "frag_duration": str(round(_FRAGMENT_S * 1e6)),
                    "flush_packets": "1",
                },
            )
            self._stream = self._container.add_stream("libx264", rate=30, options=options)
        except (av.error.FFmpegError, OSError) as error:
            raise self._failed(error) from error
        self._stream.width, self._stream.height = (size + size % 2 for size in size_wh)
        self._stream.pix_fmt = "yuv420p"
        codec = self._stream.codec_context
        codec.time_base = Fraction(1, _TICKS)
        codec.thread_count = 1 if live else 2
        codec.colorspace = codec.color_primaries = codec.color_trc = _BT709

    @property
    def elapsed_s(self) -> float:
        """Time from the first frame to the last, seconds."""
        return max(0, self._last_tick) / _TICKS

    def write(self, image_rgb: NDArray[np.uint8], time_s: float, duration_s: float | None = None) -> None:
        """Add a picture shown from `time_s` (seconds, the first frame's being 0) until the next one's time.

        duration_s: matters for the last picture only. A time that does not advance is skipped: two pictures
        can't be shown at once. Raises RecordingError, also for a picture of another size.
        """
        if (image_rgb.shape[1], image_rgb.shape[0]) != self._size_wh:
            raise RecordingError(
                f"{self.path}: the picture changed from {self._size_wh[0]}×{self._size_wh[1]} to "
                f"{image_rgb.shape[1]}×{image_rgb.shape[0]}; start a new recording"
            )
        tick = round(time_s * _TICKS)
        if tick <= self._last_tick:
            return
        right, bottom = self._size_wh[0] % 2, self._size_wh[1] % 2
        if right or bottom:
            image_rgb = np.asarray(
                cv2.copyMakeBorder(image_rgb, 0, bottom, 0, right, cv2.BORDER_REPLICATE), np.uint8
            )
        frame = av.VideoFrame.from_ndarray(image_rgb, format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
        frame.pts, frame.time_base = tick, self._stream.codec_context.time_base
        if self.frames == 0 or tick - self._key_tick >= _KEYFRAME_S * _TICKS:
            frame.pict_type, self._key_tick = PictureType.I, tick
        if duration_s:
            self._durations[tick] = round(duration_s * _TICKS)
        self._encode(frame)
        self._last_tick = tick
        self.frames += 1

    def close(self) -> None:
        """Finish the file. Raises RecordingError where the last frames can't be written."""
        try:
            if self.frames:
                self._encode(None)
            self._container.close()
        except (av.error.FFmpegError, OSError) as error:
            raise self._failed(error) from error

    def _encode(self, frame: av.VideoFrame | None) -> None:
        try:
            for packet in self._stream.encode(frame):
                if packet.pts in self._durations:
                    packet.duration = self._durations.pop(packet.pts)
                self._container.mux(packet)
        except (av.error.FFmpegError, OSError) as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> RecordingError:
        reason = getattr(error, "strerror", None) or str(error)
        return RecordingError(f"{self.path} can't be written ({reason}); free some space or choose a folder")


@dataclass(frozen=True)
class RecordingState:
    """What a recording has come to."""

    path: Path
    elapsed_s: float
    frames: int
    dropped: int  # pictures skipped because the disk or the encoder was too slow
    finished: bool
    error: str = ""  # one clear line where it ended by itself


class Recorder:
    """Records pictures on a thread of its own; `add` never waits."""

    def __init__(self, path: Path, on_state: Callable[[RecordingState], None]) -> None:
        """on_state: called from the recording thread, a few times a second and once at the end."""
        self.path = path
        self._on_state = on_state
        self._queue: Queue[tuple[NDArray[np.uint8], float]] = Queue(_QUEUE_FRAMES)
        self._dropped = 0
        self._finishing = Event()
        self._thread = Thread(target=self._run, name="recorder")
        self._thread.start()

    def add(self, image_rgb: NDArray[np.uint8], time_s: float) -> None:
        """Record a picture captured at `time_s` (seconds, monotonic). The array must not change later."""
        if self._finishing.is_set():
            return
        try:
            self._queue.put_nowait((image_rgb, time_s))
        except Full:
            self._dropped += 1

    def finish(self) -> None:
        """Take no more pictures; what is waiting is still written. Returns at once."""
        self._finishing.set()

    def join(self) -> None:
        """Wait until the file is whole. Call `finish` before."""
        self._thread.join()

    def _run(self) -> None:
        writer: VideoWriter | None = None
        error, start_s, reported_s = "", 0.0, 0.0
        try:
            prepare_output(self.path)
            while not (self._finishing.is_set() and self._queue.empty()):
                try:
                    image_rgb, time_s = self._queue.get(timeout=0.05)
                except Empty:
                    continue
                if writer is None:
                    height, width = image_rgb.shape[:2]
                    writer, start_s = VideoWriter(self.path, (width, height), live=True), time_s
                writer.write(image_rgb, time_s - start_s)
                if time.monotonic() - reported_s > 0.2:
                    reported_s = time.monotonic()
                    self._on_state(self._state(writer, finished=False))
        except RecordingError as failure:
            error = str(failure)
        self._finishing.set()
        if writer is not None:
            try:
                writer.close()
            except RecordingError as failure:
                error = error or str(failure)
        self._on_state(self._state(writer, finished=True, error=error))

    def _state(self, writer: VideoWriter | None, *, finished: bool, error: str = "") -> RecordingState:
        elapsed_s, frames = (writer.elapsed_s, writer.frames) if writer else (0.0, 0)
        return RecordingState(self.path, elapsed_s, frames, self._dropped, finished, error)
