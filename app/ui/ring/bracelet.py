"""The panel's choice of a bracelet from a file of the user's, in place of one of ours."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QFileDialog

from app.effects.ring.file import WRIST, describe
from app.effects.ring.model import OwnRing
from app.session import Status
from app.ui.controls import Choice
from app.ui.ring.controls import MODELS
from app.ui.ring.files import RingFiles

_NONE, _OWN, _OPEN = "", "own", "open a file"


class BraceletChoice(Choice):
    """Tells of a file as soon as it has been read; the window never waits for it."""

    changed = pyqtSignal(object)  # OwnRing, or None
    told = pyqtSignal(object)  # Status

    def __init__(self, tip: str, own: OwnRing | None) -> None:
        super().__init__(tip)
        self._own: OwnRing | None = None
        self._pending: Path | None = None
        self._files = RingFiles(WRIST)
        self._files.loaded.connect(self._wear)
        self._files.failed.connect(self._give_up)
        self.chosen.connect(self._choose)
        self.show_own(own)
        if own is not None and own.model is None:
            self._read(own.path)

    def show_own(self, own: OwnRing | None) -> None:
        """Show this one, without telling anybody."""
        self._own = own
        titles = {_NONE: "None"} | ({} if own is None else {_OWN: own.path.name}) | {_OPEN: "From a file …"}
        self.fill(titles, _NONE if own is None else _OWN)

    def wear_file(self, path: Path) -> None:
        """Wear a file as soon as it is read."""
        self.told.emit(Status("ring", "info", f"Reading {path.name} …"))
        self._read(path)

    def close_files(self) -> None:
        """The window is closing."""
        self._files.close()

    def _read(self, path: Path) -> None:
        self._pending = path
        self._files.read(path)

    def _choose(self, value: str) -> None:
        if value == _NONE:
            self._pending = None
            self.changed.emit(None)
        elif value == _OPEN:
            self.show_own(self._own)
            path, _ = QFileDialog.getOpenFileName(self, "Open a bracelet", "", MODELS)
            if path:
                self.wear_file(Path(path))

    def _wear(self, own: OwnRing) -> None:
        if self._pending == own.path:
            self._pending = None
            self.told.emit(Status("ring", "info", describe(own)))
            self.changed.emit(own)

    def _give_up(self, path: Path, fault: str) -> None:
        """What was worn so far stays; a file of the last time, that can't be worn any more, doesn't."""
        if self._pending == path:
            self._pending = None
            self.told.emit(Status("ring", "error", fault))
            if self._own is not None and self._own.model is None:
                self.changed.emit(None)
