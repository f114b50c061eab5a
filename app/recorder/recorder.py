"""Records on a thread of its own: the picture, and what was asked for beside it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Event, Thread

from app.export.formats.sidecar import SidecarWriter
from app.frame import Picture
from app.output import OutputError, prepare_output
from app.recorder.layer_video import LayerWriter
from app.recorder.microphone import RATE, Microphone, SoundSource
from app.recorder.pauses import Pauses
from app.recorder.video import Sound, VideoWriter

_log = logging.getLogger(__name__)

_QUEUE_PICTURES = 16


@dataclass(frozen=True)
class RecordingOptions:
    """What is kept beside the picture."""

    clean: bool = False  # NAME.clean.mp4: the camera's picture, nothing drawn on it
    hands: bool = False  # NAME.jsonl: the sidecar
    sound: bool = False  # the default microphone, in the video
    layer: bool = False  # NAME.layer.mov: what is drawn, alone, with alpha


@dataclass(frozen=True)
class RecordingState:
    """What a recording has come to."""

    path: Path
    elapsed_s: float
    frames: int
    dropped: int  # pictures skipped because the disk or the encoder was too slow
    finished: bool
    error: str = ""  # one clear line where it ended by itself
    lacks: str = ""  # one clear line where something that was asked for could not be had


class Recorder:
    """Records from the first picture it is given; `add` never waits."""

    def __init__(
        self,
        path: Path,
        on_state: Callable[[RecordingState], None],
        options: RecordingOptions | None = None,
        listen: Callable[[], SoundSource] = Microphone,
    ) -> None:
        """on_state: called from the recording thread, a few times a second and once at the end.

        listen: opens the microphone; raises OutputError where there is none.
        """
        self.path = path
        self._options = options or RecordingOptions()
        self._listen = listen
        self._on_state = on_state
        self._queue: Queue[Picture] = Queue(_QUEUE_PICTURES)
        self._dropped = 0
        self._began = False  # a picture was taken
        self._lacks = ""
        self._finishing = Event()
        self._pauses = Pauses()
        self._thread = Thread(target=self._run, name="recorder")
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether its files may still be written to."""
        return self._thread.is_alive()

    def add(self, picture: Picture) -> None:
        """Record a picture, which must not change later; its time is on the monotonic clock, seconds."""
        if self._finishing.is_set() or self._pauses.recorded_s(picture.time_s) is None:
            return
        if self.keeps_layers and picture.layers is None and not self._began:
            return  # it was drawn before anybody asked for layers
        self._began = True
        try:
            self._queue.put_nowait(picture)
        except Full:
            self._dropped += 1

    @property
    def keeps_layers(self) -> bool:
        """Whether pictures are to bring what was drawn on them apart."""
        return self._options.layer

    @property
    def paused(self) -> bool:
        """Whether it takes no pictures now."""
        return self._pauses.paused

    def pause(self) -> None:
        """Leave out what is captured from now on; the files have no gap there."""
        self._pauses.pause(time.monotonic())

    def go_on(self) -> None:
        """Record again after a pause."""
        self._pauses.go_on(time.monotonic())

    def finish(self) -> None:
        """Take no more pictures; what is waiting is still written. Returns at once."""
        self._finishing.set()

    def join(self) -> None:
        """Wait until the files are whole. Call `finish` before."""
        self._thread.join()

    def _run(self) -> None:
        files: _Files | None = None
        microphone: SoundSource | None = None
        errors: list[str] = []
        reported_s = 0.0
        try:
            prepare_output(self.path)
            microphone = self._open_microphone()
            while not (self._finishing.is_set() and self._queue.empty()):
                try:
                    picture = self._queue.get(timeout=0.05)
                except Empty:
                    if files is not None and microphone is not None:
                        files.write_sound(microphone.read())  # what is heard in a pause must not pile up
                    continue
                if self._pauses.recorded_s(picture.time_s) is None:
                    continue  # it was paused while the picture was on its way
                if files is None:
                    files = _Files(self.path, self._options, picture, microphone is not None, self._pauses)
                files.write(picture)
                if microphone is not None:
                    files.write_sound(microphone.read())
                if time.monotonic() - reported_s > 0.2:
                    reported_s = time.monotonic()
                    files.picture.check()
                    self._on_state(self._state(files, finished=False))
        except OutputError as failure:
            errors.append(str(failure))
        except Exception as failure:  # whatever it was, the recording has ended, and it must be told
            _log.exception("recording failed")
            errors.append(f"{self.path}: the recording failed ({failure})")
        self._finishing.set()
        if microphone is not None:
            microphone.close()
        if files is not None:
            errors += files.close()
        self._on_state(self._state(files, finished=True, error=next(iter(errors), "")))

    def _open_microphone(self) -> SoundSource | None:
        """None where no sound is wanted, or none can be had: the picture is recorded all the same."""
        if not self._options.sound:
            return None
        try:
            return self._listen()
        except OutputError as failure:
            self._lacks = str(failure)
            return None

    def _state(self, files: _Files | None, *, finished: bool, error: str = "") -> RecordingState:
        elapsed_s, frames = (files.picture.elapsed_s, files.picture.frames) if files else (0.0, 0)
        return RecordingState(self.path, elapsed_s, frames, self._dropped, finished, error, self._lacks)


class _Files:
    """The files of one recording; times in them count from its first picture."""

    def __init__(
        self, path: Path, options: RecordingOptions, first: Picture, sound: bool, pauses: Pauses
    ) -> None:
        height, width = first.image_rgb.shape[:2]
        self._pauses = pauses
        self._start_s = pauses.recorded_s(first.time_s) or 0.0
        self.picture = VideoWriter(path, (width, height), live=True, sound_rate=RATE if sound else None)
        self._clean: VideoWriter | None = None
        self._hands: SidecarWriter | None = None
        self._layer: LayerWriter | None = None
        self._index = 0
        try:
            if options.clean:
                height, width = first.frame.image_rgb.shape[:2]
                self._clean = VideoWriter(path.with_suffix(".clean.mp4"), (width, height), live=True)
            if options.layer:
                self._layer = LayerWriter(path.with_suffix(".layer.mov"), (width, height))
            if options.hands:
                self._hands = SidecarWriter(path.with_suffix(".jsonl"), in_place=True)
        except OutputError:
            self.close()
            raise

    def write(self, picture: Picture) -> None:
        """One picture, in every file."""
        recorded_s = self._pauses.recorded_s(picture.time_s)
        if recorded_s is None:
            return
        time_s = recorded_s - self._start_s
        previous = self.picture.frames
        self.picture.write(picture.image_rgb, time_s)
        if self.picture.frames == previous:
            return  # its time did not advance
        if self._clean is not None:
            self._clean.write(picture.frame.image_rgb, time_s)
        if self._layer is not None:
            self._layer.write(picture.layers or (), time_s)
        if self._hands is not None:
            self._hands.add(picture.hands_as(self._index, time_s))
        self._index += 1

    def write_sound(self, sounds: list[Sound]) -> None:
        """What was heard meanwhile."""
        for sound in sounds:
            for piece in self._pauses.recorded(sound, RATE):
                self.picture.write_sound(replace(piece, time_s=piece.time_s - self._start_s))

    def close(self) -> list[str]:
        """Finish every file; what went wrong, a line each."""
        errors = []
        for end in (
            self.picture.close,
            *([self._clean.close] if self._clean else []),
            *([self._layer.close] if self._layer else []),
            *([self._hands.save] if self._hands else []),
        ):
            try:
                end()
            except OutputError as failure:
                errors.append(str(failure))
        return errors
