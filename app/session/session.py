"""Capture → inference → drawing, each on its own thread, the newest frame always winning."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Lock, Thread

from app.capture import DEMO, CameraInfo, CameraWishes, SourceError, list_cameras, live_frames
from app.frame import Frame, Picture
from app.recorder import Recorder, RecordingOptions, RecordingState
from app.session.drawing import Drawing, MakeCompositor, load_compositor
from app.session.finder import HandFinder, MakePipeline, load_pipeline
from app.session.lookahead import LookAhead
from app.session.saving import PictureSaver
from app.session.settings import Settings
from app.session.statistics import StatisticsMeter
from app.session.status import Status
from app.session.virtual_camera import VirtualCamera
from app.slot import LatestSlot
from app.stream import StreamAddress, StreamSet
from models.graphics import NoGraphics

_log = logging.getLogger(__name__)

AUTO = "auto"
"""The source that is the first camera of this machine, or else the demo clip."""


@dataclass(frozen=True)
class Listener:
    """Where the session's news go. Called from its threads; must return quickly and never raise."""

    picture: Callable[[Picture], None]
    status: Callable[[Status], None]
    recording: Callable[[RecordingState], None]
    source: Callable[[str], None]  # the source that is being played, once AUTO has been decided
    fell_back: Callable[[Settings, Settings], None] = lambda failed, running: None
    """The models that `failed` asks for can't be loaded; those of `running` go on."""


@dataclass(frozen=True)
class _Request:
    source: str
    stop: Event  # set when another source is wanted, or none


class Session:
    """Runs from its making until `close`. Its methods may be called from any thread and return at once."""

    def __init__(
        self,
        settings: Settings,
        listener: Listener,
        make_pipeline: MakePipeline = load_pipeline,
        make_compositor: MakeCompositor = load_compositor,
    ) -> None:
        self.settings = settings
        self.wishes = CameraWishes()  # what a camera is asked for when it is opened
        self.find_cameras: Callable[[], Sequence[CameraInfo]] = lambda: list_cameras()
        self.statistics = StatisticsMeter()
        self._listener = listener
        self._make_pipeline = make_pipeline
        self._make_compositor = make_compositor
        self._frames: LatestSlot[Frame] = LatestSlot()
        self._results: LatestSlot[Picture] = LatestSlot()
        self._requests: LatestSlot[_Request] = LatestSlot()
        self._request = _Request(AUTO, Event())  # the newest
        self._lock = Lock()
        self._recorder: Recorder | None = None  # the newest
        self._unjoined: list[Recorder] = []  # every one that may still be writing
        self._virtual: VirtualCamera | None = None
        self._picture: Picture | None = None
        self._newest: Frame | None = None  # captured, whether searched for hands or not
        self._watcher: Callable[[Frame], None] | None = None
        self._streams = StreamSet(self._tell_of_streams)
        self._drawing_fails = False  # on the last frame
        self._losing_pictures = False  # the last one could not be handed on
        self._background = ThreadPoolExecutor(1, thread_name_prefix="background")
        self._saver = PictureSaver(self._background.submit, listener.status)
        loops = (self._capture_loop, self._inference_loop, self._drawing_loop)
        self._threads = [Thread(target=loop, name=loop.__name__.strip("_")) for loop in loops]
        for thread in self._threads:
            thread.start()

    def open(self, source: str) -> None:
        """Play another source: a camera's number, a file's path, `demo` or AUTO."""
        with self._lock:
            self._request.stop.set()
            self._request = _Request(source, Event())
            self._requests.put(self._request)

    def watch(self, watcher: Callable[[Frame], None] | None) -> None:
        """Hand every frame to `watcher` as it is captured, on the capture thread; None ends that."""
        self._watcher = watcher

    def start_recording(self, path: Path, options: RecordingOptions | None = None) -> None:
        """Record the finished pictures from the next one on. News and errors go to the listener."""
        self.stop_recording()
        recorder = Recorder(path, self._listener.recording, options)
        with self._lock:
            self._unjoined = [*(r for r in self._unjoined if r.running), recorder]
        self._recorder = recorder

    def stop_recording(self) -> None:
        """Finish the recording, if there is one."""
        if self._recorder is not None:
            self._recorder.finish()

    def pause_recording(self, paused: bool) -> None:
        """Leave out what is captured until it goes on again; nothing where none runs."""
        if self._recorder is not None:
            (self._recorder.pause if paused else self._recorder.go_on)()

    def set_virtual_camera(self, wanted: bool) -> None:
        """Offer the finished pictures to other programs as a camera, or stop that."""
        virtual = VirtualCamera(self._tell_of_virtual_camera) if wanted else None
        with self._lock:
            former, self._virtual = self._virtual, virtual
        if former is not None:
            self._background.submit(former.close)

    def set_streams(self, addresses: Sequence[StreamAddress]) -> None:
        """Send the hands of every frame, as they are found, to these addresses and no others."""
        for stream in self._streams.change(addresses):
            self._background.submit(stream.close)

    def snapshot(self, path: Path) -> None:
        """Save the picture that is shown now as PNG or JPEG, by the ending, and its hands as JSON."""
        self._saver.snapshot(self._picture, path)

    def keep_photo(self, source: str, path: Path) -> None:
        """If this source is a photo: save it, tried on and in its own size, once a hand is found in it."""
        self._saver.expect(source, path)

    def close(self) -> None:
        """Stop everything and wait until no thread of the session is left."""
        self._frames.close()
        self._results.close()
        with self._lock:
            self._requests.close()
            self._request.stop.set()
        for thread in self._threads:
            thread.join()
        self.set_virtual_camera(False)
        self.set_streams(())
        self._background.shutdown(wait=True)
        for recorder in self._unjoined:
            recorder.finish()
            recorder.join()

    def _capture_loop(self) -> None:
        while (request := self._requests.take()) is not None:
            try:
                self._play(request)
            except SourceError as error:
                self._listener.status(Status("source", "error", str(error)))
            except Exception as error:  # a fault in one source must not keep others from being opened
                _log.exception("capture failed")
                self._listener.status(Status("source", "error", f"The source failed ({error})"))

    def _play(self, request: _Request) -> None:
        if request.source != AUTO:
            self._read(request)
            return
        cameras = self.find_cameras()
        note = "No camera found: playing the demo clip. Plug one in and choose it below."
        if cameras:
            try:
                self._read(_Request(str(cameras[0].index), request.stop))
                return
            except SourceError as error:
                note = f"Playing the demo clip: {error}"
        self._read(_Request(DEMO, request.stop), note)

    def _read(self, request: _Request, note: str = "") -> None:
        def report(line: str) -> None:
            self._listener.status(Status("source", "warning", line))

        self.statistics.reset()
        self._listener.source(request.source)
        for frame in live_frames(request.source, request.stop, report, self.wishes):
            if frame.index == 0:
                report(note)  # only now is it sure that the source plays
            self._newest = frame = replace(frame, source=request.source)
            if (watcher := self._watcher) is not None:
                watcher(frame)
            if self._frames.put(frame):
                self.statistics.dropped()

    def _inference_loop(self) -> None:
        finder = HandFinder(self._make_pipeline, self._listener.status, self._listener.fell_back)
        source = ""
        try:
            while (frame := self._frames.take()) is not None:
                if frame.source != source or frame.index == 0:
                    source = frame.source
                    finder.reset()
                picture = Picture.undrawn(frame, finder.find(frame, self.settings))
                self._streams.show(picture.hands_as(frame.index, frame.time_s))
                if self._results.put(picture):
                    self.statistics.dropped()
        finally:
            finder.close()

    def _drawing_loop(self) -> None:
        drawing = Drawing(self._make_compositor, self._tell_no_graphics, self._withdraw_graphics_fault)
        look_ahead, source = LookAhead(), ""
        try:
            while (picture := self._results.take()) is not None:
                if picture.frame.source != source:
                    look_ahead, source = LookAhead(), picture.frame.source
                try:
                    chosen = self._look_ahead(look_ahead, picture)
                    if chosen is not None:
                        self._draw(drawing, chosen)
                except Exception as error:  # a fault with one picture must not stop all that follow
                    self._tell_of_lost_picture(error)
                else:
                    self._end_of_lost_pictures()
        finally:
            drawing.close()

    def _look_ahead(self, look_ahead: LookAhead, picture: Picture) -> Picture | None:
        """What is drawn: this frame, or a newer one with its hands predicted; None where that was drawn."""
        newest = self._newest
        same = newest is not None and newest.source == picture.frame.source
        most_ms = self.settings.predict_ms
        chosen = look_ahead(picture, newest if same else None, most_ms)
        self.statistics.predicted(look_ahead.error_px if most_ms > 0 else None)
        return chosen

    def _tell_of_lost_picture(self, error: Exception) -> None:
        """Say it once for a row of pictures that are lost; whoever is told may be what fails."""
        if self._losing_pictures:
            return
        self._losing_pictures = True
        _log.error("a picture was lost", exc_info=error)
        with suppress(Exception):
            self._listener.status(Status("graphics", "error", f"A picture was lost ({error}); it goes on"))

    def _end_of_lost_pictures(self) -> None:
        if self._losing_pictures:
            self._losing_pictures = False
            self._withdraw_graphics_fault()

    def _tell_no_graphics(self, error: NoGraphics) -> None:
        self._listener.status(Status("graphics", "error", f"No effects: {error}"))

    def _withdraw_graphics_fault(self) -> None:
        self._listener.status(Status("graphics", "info", ""))

    def _tell_of_virtual_camera(self, line: str, fault: bool) -> None:
        self._listener.status(Status("virtual camera", "error" if fault else "info", line))

    def _tell_of_streams(self, line: str) -> None:
        # A warning stays in sight as long as it holds, such as that another machine is told.
        self._listener.status(Status("stream", "warning" if line else "info", line))

    def _draw(self, drawing: Drawing, picture: Picture) -> None:
        if self._picture is None:  # the first frame at once, before the graphics are set up
            self._deliver(picture)
        try:
            if self._saver.awaits(picture):
                drawing.begin_anew()  # nothing fades in: this one picture is kept
            recorder = self._recorder
            keep_layers = recorder is not None and recorder.running and recorder.keeps_layers
            picture = drawing.draw(picture, self.settings, keep_layers)
            if self._drawing_fails:
                self._drawing_fails = False
                self._withdraw_graphics_fault()
        except Exception as error:  # a fault in one frame must not end the session
            if not self._drawing_fails:
                _log.exception("drawing failed")
                line = f"Drawing failed ({error}); the effect is left out"
                self._listener.status(Status("graphics", "error", line))
            self._drawing_fails = True
        self._deliver(picture)

    def _deliver(self, picture: Picture) -> None:
        self._picture = picture
        self._saver.take(picture)
        # Other threads may take either away at any moment: each is looked up once.
        recorder, virtual = self._recorder, self._virtual
        if recorder is not None:
            recorder.add(picture)
        if virtual is not None:
            virtual.show(picture.image_rgb)
        self._listener.picture(picture)
