"""The ring library: a folder of ring files as thumbnails; one click wears one."""

from __future__ import annotations

import sys
from pathlib import Path

from PyQt6.QtCore import QProcess, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QIcon
from PyQt6.QtWidgets import QFileDialog, QListView, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.errors import UserError
from app.folders import read_limited, user_folder
from app.offline.thumbnails import Thumbnail, thumbnails
from app.output import write_whole
from app.session import Status
from app.ui.controls import button
from models.manifest import ASSETS

_ICON_PX, _CELL_WH = 64, (76, 88)  # three beside each other
_HEIGHT_PX = 190
_LOOK_MS = 400  # between looks at what has been drawn
_MAIN = ASSETS.parent / "main.py"


class RingLibrary(QWidget):
    """Its thumbnails are drawn by another process, which has its own OpenGL, and are kept."""

    chosen = pyqtSignal(object)  # Path
    told = pyqtSignal(object)  # Status

    def __init__(self) -> None:
        super().__init__()
        self._thumbnails: list[Thumbnail] = []
        self._drawing = QProcess(self)
        self._looking = QTimer(self)
        self._looking.setInterval(_LOOK_MS)
        self._open = button("Ring library …", "Choose a folder of ring files, to wear one by a click", "chip")
        self._list = QListWidget()
        self._list.setViewMode(QListView.ViewMode.IconMode)
        self._list.setResizeMode(QListView.ResizeMode.Adjust)
        self._list.setMovement(QListView.Movement.Static)
        self._list.setIconSize(QSize(_ICON_PX, _ICON_PX))
        self._list.setGridSize(QSize(*_CELL_WH))
        self._list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self._list.setObjectName("library")
        self._list.setFixedHeight(_HEIGHT_PX)
        self._list.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._open)
        column.addWidget(self._list)
        self._open.clicked.connect(self._ask)
        self._list.itemClicked.connect(self._choose)
        self._looking.timeout.connect(self._look)

    def show_folder(self, folder: Path) -> None:
        """Show a folder's rings, and remember it."""
        try:
            self._thumbnails = thumbnails(folder)
            write_whole(_memory(), str(folder.resolve()))
        except UserError as error:
            self.told.emit(Status("ring", "error", str(error)))
            return
        self._list.clear()
        for thumbnail in self._thumbnails:
            item = QListWidgetItem(thumbnail.ring.stem)
            item.setToolTip(thumbnail.ring.name)
            item.setSizeHint(QSize(*_CELL_WH))  # before there is an icon, too
            item.setData(Qt.ItemDataRole.UserRole, thumbnail.ring)
            self._list.addItem(item)
        self._list.show()
        self._open.setText(f"Ring library: {folder.name} …")
        self._look()
        if any(not t.picture.exists() and not t.refused.exists() for t in self._thumbnails):
            self._drawing.kill()
            self._drawing.waitForFinished(500)
            self._drawing.start(sys.executable, [str(_MAIN), "rings", str(folder)])
            self._looking.start()

    def show_remembered(self) -> None:
        """The folder of the last time, if there was one that is still there."""
        try:
            folder = Path(read_limited(_memory()))
        except UserError:
            return
        if folder.is_dir():
            self.show_folder(folder)

    def close_library(self) -> None:
        """The window is closing."""
        self._looking.stop()
        self._drawing.kill()
        self._drawing.waitForFinished(500)

    def _look(self) -> None:
        """Show what has been drawn by now."""
        for index, thumbnail in enumerate(self._thumbnails):
            item = self._list.item(index)
            if item is None or not item.icon().isNull():
                continue
            if thumbnail.picture.exists():
                item.setIcon(_icon(thumbnail.picture))
            elif thumbnail.refused.exists() and item.flags() & Qt.ItemFlag.ItemIsEnabled:
                item.setFlags(Qt.ItemFlag.NoItemFlags)
                item.setToolTip(thumbnail.refused.read_text("utf-8"))
        if self._drawing.state() == QProcess.ProcessState.NotRunning:
            self._looking.stop()

    def _ask(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "A folder of ring files")
        if folder:
            self.show_folder(Path(folder))

    def _choose(self, item: QListWidgetItem) -> None:
        self.chosen.emit(item.data(Qt.ItemDataRole.UserRole))


def _icon(picture: Path) -> QIcon:
    """The picture as it is, chosen or not."""
    icon = QIcon()
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
        icon.addFile(str(picture), mode=mode)
    return icon


def _memory() -> Path:
    return user_folder("rings") / "library.txt"
