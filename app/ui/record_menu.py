"""The menu beside the record button: what is kept beside a recording, the virtual camera, streams."""

from __future__ import annotations

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QMenu

from app.recorder import RecordingOptions
from app.ui.stream_menu import StreamMenu


class RecordMenu(QMenu):
    """Each line can be checked; `options` is what is chosen now."""

    virtual_camera_wanted = pyqtSignal(bool)

    def __init__(self, options: RecordingOptions) -> None:
        super().__init__()
        self._clean = self._line("Clean picture beside it", options.clean)
        self._hands = self._line("Hands beside it (.jsonl)", options.hands)
        self._sound = self._line("Sound", options.sound)
        self._layer = self._line("Drawn layer with transparency (.mov)", options.layer)
        self.addSeparator()
        self._virtual = self._line("Virtual camera", False)
        self._virtual.toggled.connect(self.virtual_camera_wanted)
        self.streams = StreamMenu()
        self.addMenu(self.streams)

    @property
    def options(self) -> RecordingOptions:
        """What the next recording keeps."""
        lines = (self._clean, self._hands, self._sound, self._layer)
        return RecordingOptions(*(line.isChecked() for line in lines))

    def set_virtual_camera(self) -> None:
        """Check the virtual camera's line."""
        self._virtual.setChecked(True)

    def _line(self, text: str, checked: bool) -> QAction:
        line = QAction(text, self)
        line.setCheckable(True)
        line.setChecked(checked)
        self.addAction(line)
        return line
