"""The default microphone, by PortAudio (`sounddevice`)."""

from __future__ import annotations

import time
from queue import Empty, SimpleQueue
from typing import Any, Protocol

import numpy as np

from app.output import OutputError
from app.recorder.video import Sound
from models.inference.mediapipe.native_stderr import native_stderr_closed

RATE = 48_000


class SoundSource(Protocol):
    """Where sound comes from: one channel, int16, RATE samples a second."""

    def read(self) -> list[Sound]:
        """What came since the last call; times on the monotonic clock, seconds."""

    def close(self) -> None:
        """Stop."""


class Microphone:
    """Listens from its making until `close`."""

    def __init__(self) -> None:
        """Raises OutputError where there is no microphone, or none that may be used."""
        try:
            with native_stderr_closed():  # JACK complains of its own absence
                import sounddevice  # here: it looks for PortAudio when it is imported
        except ImportError as error:  # kept from everybody while MediaPipe is imported
            raise OutputError("no sound: sounddevice can't be imported yet; record again") from error
        except OSError as error:
            raise OutputError(
                "no sound: PortAudio is missing; on Debian or Ubuntu: sudo apt install libportaudio2"
            ) from error
        self._blocks: SimpleQueue[Sound] = SimpleQueue()
        try:
            self._stream = sounddevice.InputStream(
                samplerate=RATE, channels=1, dtype="int16", callback=self._take
            )
            self._stream.start()
        except (sounddevice.PortAudioError, ValueError) as error:
            raise OutputError(f"no sound: the microphone can't be opened ({error}); plug one in") from error

    def _take(self, block: np.ndarray, frames: int, times: Any, status: object) -> None:
        # PortAudio's clock is its own: how long ago the block began is what the two clocks share.
        began_s = time.monotonic() - (times.currentTime - times.inputBufferAdcTime)
        self._blocks.put(Sound(block[:, 0].copy(), began_s))

    def read(self) -> list[Sound]:
        """What came since the last call."""
        sounds: list[Sound] = []
        while True:
            try:
                sounds.append(self._blocks.get_nowait())
            except Empty:
                return sounds

    def close(self) -> None:
        """Stop listening."""
        self._stream.close()
