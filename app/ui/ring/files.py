"""Reads the user's ring files beside the window, which never waits for them."""

from __future__ import annotations

from pathlib import Path
from threading import Lock, Thread

from PyQt6.QtCore import QObject, pyqtSignal

from app.effects.ring.file import FINGER, Fits, load_own_ring
from app.effects.ring.model import OwnRing
from app.errors import UserError


class RingFiles(QObject):
    """Its signals arrive on the thread it lives on."""

    loaded = pyqtSignal(object)  # OwnRing
    failed = pyqtSignal(object, str)  # the Path, and what was wrong with it

    def __init__(self, fits: Fits = FINGER) -> None:
        """fits: what the files are worn on."""
        super().__init__()
        self._fits = fits
        self._lock = Lock()
        self._closed = False

    def read(self, path: Path, unit: str | None = None) -> None:
        """Start to read a file."""
        Thread(target=self._read, args=(path, unit), name="read a ring", daemon=True).start()

    def close(self) -> None:
        """Say nothing any more. A file that is being read is left to its own end."""
        with self._lock:
            self._closed = True

    def _read(self, path: Path, unit: str | None) -> None:
        own: OwnRing | None = None
        fault = ""
        try:
            own = load_own_ring(path, unit, fits=self._fits)
        except UserError as error:
            fault = str(error)
        except Exception as error:  # a fault of ours must not leave the ring waiting for ever
            fault = f"{path.name} can't be worn ({error})"
        with self._lock:
            if self._closed:
                return
            if own is not None:
                self.loaded.emit(own)
            else:
                self.failed.emit(path, fault)
