"""Which ring of a file is worn, and what each of its parts is: the guess, and how to change it."""

from __future__ import annotations

from functools import partial

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QVBoxLayout, QWidget

from app.effects.ring.model import KIND_WORDS, OwnRing
from app.ui.controls import Choice, beside

_TITLE_WIDTH = 70
_LONGEST = 11  # letters of a part's name


class RingParts(QWidget):
    """A row for each part; hidden for rings that are built in."""

    told = pyqtSignal(int, object)  # which ring of the file, and what its parts are, by their labels

    def __init__(self) -> None:
        super().__init__()
        self._own: OwnRing | None = None
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 4, 0, 0)
        self._rows.setSpacing(4)
        self.hide()

    def show_parts(self, own: OwnRing | None) -> None:
        """Show these, without telling anybody."""
        if own is self._own:
            return
        self._own = own
        while (item := self._rows.takeAt(0)) is not None:
            row = item.widget()
            if row is not None:
                row.hide()
                row.deleteLater()
        self.setVisible(own is not None and own.model is not None)
        if own is None or own.model is None:
            return
        if len(own.rings) > 1:
            ring = Choice("The file holds several rings: which one is worn")
            ring.fill({str(k): name for k, name in enumerate(own.rings)}, str(own.picked))
            ring.chosen.connect(lambda k: self.told.emit(int(k), self._kinds()))
            self._rows.addWidget(beside("Ring", ring, title_width=_TITLE_WIDTH))
        for part in own.labels:
            kind = Choice(f"What {part.label} is drawn as")
            titles: dict[str, str] = {
                k: word + (" (guess)" if k == part.guess else "") for k, word in KIND_WORDS.items()
            }
            kind.fill(titles, part.kind)
            kind.chosen.connect(partial(self._tell, part.label))
            short = part.label if len(part.label) <= _LONGEST else f"{part.label[: _LONGEST - 1]}…"
            self._rows.addWidget(beside(short, kind, title_width=_TITLE_WIDTH))

    def _kinds(self) -> dict[str, str]:
        """What differs from the guess."""
        parts = self._own.labels if self._own else ()
        return {part.label: part.kind for part in parts if part.kind != part.guess}

    def _tell(self, label: str, kind: str) -> None:
        if self._own is not None:
            self.told.emit(self._own.picked, {**self._kinds(), label: kind})
