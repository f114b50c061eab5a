"""Ten seconds of frames for the jitter test, and the thread that measures them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from threading import Event, Lock, Thread

from app.capture import Frame
from app.jitter import JitterReport, JitterTest, NoHandFound
from app.jitter.spool import FrameSpool
from app.session import Settings

_log = logging.getLogger(__name__)

SECONDS = 10.0


class Recording:
    """Takes the session's frames once it is begun, until there are ten seconds of them. Any thread."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._lock = Lock()
        self._spool: FrameSpool | None = FrameSpool()
        self._began_s: float | None = None
        self._wanted = False
        self.done_s = 0.0  # how much there is
        self.fault = ""  # why it ended early

    @property
    def finished(self) -> bool:
        """Whether there is all of it, or no more will come."""
        return self.done_s >= self._seconds or bool(self.fault)

    def begin(self) -> None:
        """Take frames from now on."""
        self._wanted = True

    def take(self, frame: Frame) -> None:
        """The session's next frame."""
        with self._lock:
            if not self._wanted or self._spool is None or self.finished:
                return
            if self._began_s is None:
                self._began_s = frame.time_s
            try:
                self._spool.add(frame.image_rgb, frame.time_s)
            except OSError as error:
                self.fault = f"The frames can't be kept ({error.strerror}); free some disk space"
                return
            self.done_s = min(frame.time_s - self._began_s, self._seconds)

    def take_spool(self) -> FrameSpool | None:
        """What was recorded, to be closed by the caller."""
        with self._lock:
            spool, self._spool = self._spool, None
            return spool

    def close(self) -> None:
        """Throw it away."""
        spool = self.take_spool()
        if spool is not None:
            spool.close()


class Measuring:
    """Shows the recorded frames to the models on a thread of its own; its owner polls it.

    No signals: a run that was cancelled ends by itself after its owner has gone, and nobody hears of it.
    """

    def __init__(
        self,
        spool: FrameSpool,
        models: Sequence[str],
        settings: Settings,
        source: str,
        make_test: Callable[[Sequence[str], float], JitterTest] = JitterTest,
    ) -> None:
        """spool: closed at the end."""
        self.done = 0.0  # 0 .. 1
        self.report: JitterReport | None = None  # once it is done
        self.fault = ""  # why it ended without
        self._stop = Event()
        smoothing = 0.5 if settings.smoothing is None else settings.smoothing

        def work() -> None:
            try:
                self.report = self._measure(spool, make_test(models, smoothing), settings, source)
            except NoHandFound as error:
                self.fault = str(error)
            except Exception as error:  # whatever a model does must not take the window with it
                _log.exception("the jitter test failed")
                self.fault = f"The test failed ({error})"
            finally:
                spool.close()

        Thread(target=work, name="jitter test").start()

    def stop(self) -> None:
        """Tell it to end. Returns at once: a model may take seconds to be loaded or to finish a frame."""
        self._stop.set()

    def _measure(
        self, spool: FrameSpool, test: JitterTest, settings: Settings, source: str
    ) -> JitterReport | None:
        try:
            for index, (frame_rgb, time_s) in enumerate(spool.frames()):
                if self._stop.is_set():
                    return None
                height, width = frame_rgb.shape[:2]
                test.add(frame_rgb, time_s, settings.camera(width, height))
                self.done = (index + 1) / spool.count
            return test.report(source)
        finally:
            test.close()
