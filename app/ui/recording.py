"""Recording from the window: the button, the clock over the picture, and what it came to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from PyQt6.QtCore import QStandardPaths

from app.recorder import RecordingState
from app.session import Session, Status
from app.ui.bar import BottomBar
from app.ui.view import PictureView, clock


class RecordingControl:
    """Starts and ends recordings; tells what became of each."""

    def __init__(
        self,
        session: Callable[[], Session],
        bar: BottomBar,
        view: PictureView,
        say: Callable[[Status], None],
    ) -> None:
        self._session, self._bar, self._view, self._say = session, bar, view, say
        self.path: Path | None = None  # of the recording that runs
        self.paused = False

    def start(self, path: Path | None = None) -> None:
        """Record to `path`, or to a new file in the user's folder of videos."""
        target = path or new_file(QStandardPaths.StandardLocation.MoviesLocation, ".mp4")
        self.path = target
        self._session().start_recording(target, self._bar.record_menu.options)
        self._bar.show_recording(True)
        self._show_paused(False)
        self._view.set_recording(0.0)

    def toggle(self) -> None:
        """Start, or end the one that runs."""
        if self.path is None:
            self.start()
        else:
            self._session().stop_recording()

    def toggle_pause(self) -> None:
        """Leave out what comes, or go on; nothing where no recording runs."""
        if self.path is None:
            return
        self._show_paused(not self.paused)
        self._session().pause_recording(self.paused)

    def _show_paused(self, paused: bool) -> None:
        self.paused = paused
        self._bar.show_paused(paused)
        self._view.set_paused(paused)

    def take_state(self, state: RecordingState) -> None:
        """News of the recording."""
        if not state.finished:
            self._view.set_recording(state.elapsed_s)
            return
        self.path = None
        self._bar.show_recording(False)
        self._view.set_recording(None)
        self._show_paused(False)
        self._say(_end_of(state))


def _end_of(state: RecordingState) -> Status:
    if state.error:
        return Status("recording", "error", f"The recording ended: {state.error}")
    if not state.frames:
        return Status("recording", "warning", "Nothing was recorded: no picture came in")
    dropped = f", {state.dropped} pictures left out" if state.dropped else ""
    lacks = f", {state.lacks}" if state.lacks else ""
    line = f"Recorded {clock(state.elapsed_s)}{dropped}: {state.path}{lacks}"
    return Status("recording", "warning" if lacks else "info", line)


def new_file(location: QStandardPaths.StandardLocation, suffix: str) -> Path:
    """A file of this moment's name, not there yet, in one of the user's folders."""
    folder = Path(QStandardPaths.writableLocation(location) or Path.home()) / "Palmistry"
    now = datetime.now()
    return folder / f"palmistry-{now:%Y-%m-%d-%H-%M-%S}-{now.microsecond // 1000:03}{suffix}"
