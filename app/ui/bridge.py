"""Carries the session's news from its threads to the window's, by queued signals."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock, Thread

from PyQt6.QtCore import QObject, Qt, pyqtSignal

from app.capture import list_cameras
from app.session import Listener, Picture


class Bridge(QObject):
    """Its signals arrive on the thread the bridge lives on."""

    picture = pyqtSignal(object)  # Picture
    status = pyqtSignal(object)  # Status
    recording = pyqtSignal(object)  # RecordingState
    source = pyqtSignal(str)
    fell_back = pyqtSignal(object, object)  # the Settings that failed, and those that run
    cameras = pyqtSignal(object)  # tuple[CameraInfo, ...]
    _waiting = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()
        self._newest: Picture | None = None
        self._listing: Thread | None = None
        self._waiting.connect(self._hand_over, Qt.ConnectionType.QueuedConnection)  # type: ignore[call-arg]

    def listener(self) -> Listener:
        """What the session reports to."""
        return Listener(
            self._take_picture,
            self.status.emit,
            self.recording.emit,
            self.source.emit,
            self.fell_back.emit,
        )

    def ask_for_cameras(self, list_them: Callable[[], object] = list_cameras) -> None:
        """Look for cameras on a thread of its own; `cameras` tells what was found."""
        if self._listing is None or not self._listing.is_alive():
            self._listing = Thread(
                target=lambda: self.cameras.emit(list_them()), name="list cameras", daemon=True
            )
            self._listing.start()

    def close(self) -> None:
        """Wait for the thread that looks for cameras."""
        if self._listing is not None:
            self._listing.join()

    def _take_picture(self, picture: Picture) -> None:
        # Only one picture waits at a time, so that a busy window never works through old ones.
        with self._lock:
            nobody_waits, self._newest = self._newest is None, picture
        if nobody_waits:
            self._waiting.emit()

    def _hand_over(self) -> None:
        with self._lock:
            picture, self._newest = self._newest, None
        if picture is not None:
            self.picture.emit(picture)
