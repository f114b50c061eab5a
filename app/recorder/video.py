"""Crash-safe video: fragmented MP4 with true timestamps, written beside the live picture.

A fragment is closed every half second, so a recording that is cut off by a crash, a `kill -9` or a full
disk plays up to its last half second.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import PictureType
from numpy.typing import NDArray

from app.output import OutputError
from app.recorder.planes import video_frame

_TICKS = 90_000  # per second: the customary clock of video, finer than any camera's timestamps
_KEYFRAME_S = 1.0
_FRAGMENT_S = 0.5
_BT709 = 1  # what players take a video for when it says nothing, so that colours stay right everywhere
_GAP_S = 0.1  # sound that is this late or early is put in its place; less is left to the clocks


@dataclass(frozen=True)
class Sound:
    """One channel of sound."""

    samples: NDArray[np.int16]  # (N,)
    time_s: float  # of the first sample, on the clock of the pictures


class VideoWriter:
    """One H.264 video of variable frame rate, with sound if asked. Make, use and close it on one thread."""

    def __init__(
        self, path: Path, size_wh: tuple[int, int], *, live: bool, sound_rate: int | None = None
    ) -> None:
        """`live` trades a little size for a file that never lags behind: nothing is held back in the encoder.

        path: ends in .mp4, overwritten. size_wh: of the pictures to come; odd sizes are padded by one
        pixel. sound_rate: samples a second of the sound to come; None: silent.
        """
        self.path = path
        self.frames = 0
        self._broken = False  # something could not be written
        self._size_wh = size_wh
        self._last_tick = -1
        self._key_tick = 0
        self._durations: dict[int, int] = {}
        # Live, 40 % less work at the same PSNR, for a file a fifth larger.
        # Bits for flat parts by less: as near to the picture by PSNR within 0.2 dB, a sixth less work.
        flat = "aq-strength=0.4"
        effort = {"preset": "superfast", "crf": "20", "tune": "zerolatency", "x264-params": flat}
        options = {"bf": "0"} | (effort if live else {"preset": "veryfast", "crf": "20"})
        try:
            self._container = av.open(
                f"file:{path}",  # a name with a colon in it names no protocol
                "w",
                format="mp4",
                options={
                    "movflags": "frag_keyframe+empty_moov+default_base_moof",
                    "frag_duration": str(round(_FRAGMENT_S * 1e6)),
                    "flush_packets": "1",
                    "max_interleave_delta": str(round(_FRAGMENT_S * 1e6)),  # a microphone may fall silent
                },
            )
            self._stream = self._container.add_stream("libx264", rate=30, options=options)
            self._sound = None if sound_rate is None else self._container.add_stream("aac", rate=sound_rate)
        except (av.error.FFmpegError, OSError) as error:
            raise self._failed(error) from error
        self._stream.width, self._stream.height = (size + size % 2 for size in size_wh)
        self._stream.pix_fmt = "yuv420p"
        codec = self._stream.codec_context
        codec.time_base = Fraction(1, _TICKS)
        codec.thread_count = 1 if live else 2
        codec.colorspace = codec.color_primaries = codec.color_trc = _BT709
        if self._sound is not None:
            self._sound.layout = "mono"
        self._samples = 0  # of sound, written so far

    @property
    def elapsed_s(self) -> float:
        """Time from the first frame to the last, seconds."""
        return max(0, self._last_tick) / _TICKS

    def write(self, image_rgb: NDArray[np.uint8], time_s: float, duration_s: float | None = None) -> None:
        """Add a picture shown from `time_s` (seconds, the first frame's being 0) until the next one's time.

        duration_s: matters for the last picture only. A time that does not advance is skipped: two pictures
        can't be shown at once. Raises OutputError, also for a picture of another size.
        """
        if (image_rgb.shape[1], image_rgb.shape[0]) != self._size_wh:
            raise OutputError(
                f"{self.path}: the picture changed from {self._size_wh[0]}×{self._size_wh[1]} to "
                f"{image_rgb.shape[1]}×{image_rgb.shape[0]}; start a new recording"
            )
        tick = round(time_s * _TICKS)
        if tick <= self._last_tick:
            return
        frame = video_frame(image_rgb)
        frame.pts, frame.time_base = tick, self._stream.codec_context.time_base
        if self.frames == 0 or tick - self._key_tick >= _KEYFRAME_S * _TICKS:
            frame.pict_type, self._key_tick = PictureType.I, tick
        if duration_s:
            self._durations[tick] = round(duration_s * _TICKS)
        self._encode(frame)
        self._last_tick = tick
        self.frames += 1

    def write_sound(self, sound: Sound) -> None:
        """Add sound; its time is seconds since the first picture. What is from before that is left out.

        Gaps become silence, so that sound and picture stay together. Raises OutputError.
        """
        if self._sound is None:
            raise ValueError("sound: this video was begun without")
        rate, samples = self._sound.rate, sound.samples
        start = round(sound.time_s * rate)
        if start < 0:
            samples, start = samples[-start:], 0
        late = start - self._samples
        if late < -_GAP_S * rate:
            samples = samples[-late:]
        elif late > _GAP_S * rate:
            samples = np.concatenate([np.zeros(late, np.int16), samples])
        if not len(samples):
            return
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples)[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, self._samples, Fraction(1, rate)
        self._samples += len(samples)
        self._mux_sound(frame)

    def check(self) -> None:
        """Raise OutputError where somebody has removed the file: all that is written would be lost."""
        if not self.path.exists():
            raise OutputError(f"{self.path} was removed while it was written; make it again")

    def close(self) -> None:
        """Finish the file. Raises OutputError where the last frames can't be written."""
        try:
            if self.frames:
                self._encode(None)
            if self._samples:
                self._mux_sound(None)
            self._container.close()
            self.check()
        except (av.error.FFmpegError, OSError) as error:
            raise self._failed(error) from error
        finally:
            if self._broken:
                cut_to_whole_fragments(self.path)

    def _encode(self, frame: av.VideoFrame | None) -> None:
        try:
            for packet in self._stream.encode(frame):
                if packet.pts in self._durations:
                    packet.duration = self._durations.pop(packet.pts)
                self._container.mux(packet)
        except (av.error.FFmpegError, OSError) as error:
            raise self._failed(error) from error

    def _mux_sound(self, frame: av.AudioFrame | None) -> None:
        assert self._sound is not None
        try:
            # The encoder's run-up comes before the first picture; the file would shift all but that for it.
            heard = [packet for packet in self._sound.encode(frame) if packet.pts is None or packet.pts >= 0]
            self._container.mux(heard)
        except (av.error.FFmpegError, OSError) as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> OutputError:
        self._broken = True
        reason = getattr(error, "strerror", None) or str(error)
        return OutputError(f"{self.path} can't be written ({reason}); free some space or choose a folder")


def cut_to_whole_fragments(path: Path) -> None:
    """Cut a fragmented MP4, whose end could not be written, behind its last whole fragment.

    Players differ in what they make of half a fragment. A file that can't be cut is left as it is.
    """
    try:
        with path.open("r+b") as file:
            size, at, whole = path.stat().st_size, 0, 0
            while len(head := file.read(8)) == 8:
                at += int.from_bytes(head[:4], "big")
                if at > size or head[:4] == bytes(4):
                    break
                if head[4:] in (b"moov", b"mdat"):
                    whole = at
                file.seek(at)
            if whole:
                file.truncate(whole)
    except OSError:
        return
