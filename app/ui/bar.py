"""The bar below the picture: record, snapshot, source, mirror, and the figures."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QPointF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QIcon, QPainter, QPixmap
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy

from app.capture import DEMO, CameraInfo, source_title
from app.recorder import RecordingOptions
from app.session import Statistics
from app.ui import style
from app.ui.camera.choice import CameraSize
from app.ui.controls import Choice, button, label
from app.ui.record_menu import RecordMenu

OPEN_FILE = "open file"
_HEIGHT = 56
_GAP = "   ·   "


class BottomBar(QFrame):
    """Tells what was pressed; shows what it is told."""

    record_pressed = pyqtSignal()
    pause_pressed = pyqtSignal()
    snapshot_pressed = pyqtSignal()
    mirror_pressed = pyqtSignal()
    help_pressed = pyqtSignal()
    source_chosen = pyqtSignal(str)  # a source, or OPEN_FILE
    cameras_wanted = pyqtSignal()

    def __init__(self, recording: RecordingOptions | None = None) -> None:
        """recording: what is kept beside a recording, to begin with."""
        super().__init__()
        self.setObjectName("bar")
        self.setFixedHeight(_HEIGHT)
        self._cameras: tuple[CameraInfo, ...] = ()
        self._current = ""
        self._record = button("Record", "Record a video · Space", "record", checkable=True)
        self._record.setIcon(_dot())
        self._record.setMinimumWidth(94)  # the bar keeps still when the text changes
        self._record.clicked.connect(self.record_pressed)
        self._pause = button("Pause", "Leave out what comes until you go on · P", "", True)
        self._pause.setMinimumWidth(82)
        self._pause.clicked.connect(self.pause_pressed)
        self._pause.hide()
        self.record_menu = RecordMenu(recording or RecordingOptions())
        beside = button("▾", "What is kept beside a recording; virtual camera; streams of hands", "menu")
        beside.setMenu(self.record_menu)
        beside.setFixedWidth(26)
        snapshot = button("Snapshot", "Save this picture, and its hands as JSON · S")
        snapshot.clicked.connect(self.snapshot_pressed)
        self._mirror = button(
            "Mirror", "Show the picture as in a mirror; nothing is saved mirrored · M", "", True
        )
        self._mirror.clicked.connect(self.mirror_pressed)
        helper = button("?", "Keys · H")
        helper.setFixedWidth(34)
        helper.clicked.connect(self.help_pressed)
        self._source = Choice("Where the pictures come from; a video or image can also be dropped here")
        self._source.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._source.setFixedWidth(190)
        self._source.chosen.connect(self.source_chosen)
        self._source.about_to_open.connect(self.cameras_wanted)
        self.camera = CameraSize()
        self._hud = label("", "hud")
        self._hud.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._hud.setMinimumWidth(0)
        self._hud.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(style.MARGIN, 0, style.MARGIN, 0)
        row.setSpacing(style.GAP)
        for widget in (self._record, beside, self._pause, snapshot, self._source, self.camera, self._mirror):
            row.addWidget(widget)
        row.addWidget(self._hud, 1)
        row.addWidget(helper)
        self.show_source(DEMO)

    def show_recording(self, recording: bool) -> None:
        """Whether a recording runs."""
        self._record.setChecked(recording)
        self._record.setText("Stop" if recording else "Record")
        self._pause.setVisible(recording)
        self.camera.set_in_use(recording)
        self.show_paused(False)

    def show_paused(self, paused: bool) -> None:
        """Whether the recording that runs leaves out what comes."""
        self._pause.setChecked(paused)
        self._pause.setText("Go on" if paused else "Pause")

    def show_mirrored(self, mirrored: bool) -> None:
        """Whether the picture is shown mirrored."""
        self._mirror.setChecked(mirrored)

    def show_cameras(self, cameras: Sequence[CameraInfo]) -> None:
        """Offer these cameras."""
        if tuple(cameras) != self._cameras or not self._source.count():
            self._cameras = tuple(cameras)
            self._refill()

    def show_source(self, source: str) -> None:
        """The source that plays; offered from now on if it was not."""
        self._current = source
        self._refill()

    def show_figures(self, figures: Statistics, model: str) -> None:
        """Frames per second, capture → display, dropped frames, what it takes of the machine, model."""
        if not figures.fps:
            self._hud.setText("")
            return
        delays = figures.latency_p50_ms, figures.latency_p95_ms, figures.latency_p99_ms
        delay = f"delay {' / '.join(f'{ms:.0f}' for ms in delays)} ms"
        taken = f"{100 * figures.cores:.0f} % CPU", f"{figures.memory_mb:.0f} MB"
        parts = [f"{figures.fps:.0f} fps", delay, f"{figures.dropped} dropped", *taken, model]
        if figures.prediction_error_px is not None:
            parts.insert(2, f"predicted ± {figures.prediction_error_px:.1f} px")
        while self._hud.fontMetrics().horizontalAdvance(_GAP.join(parts)) > self._hud.width() and parts:
            parts.pop()  # in a narrow window the last ones give way
        self._hud.setText(_GAP.join(parts))
        self._hud.setToolTip(
            "Pictures a second · capture → display, median / 95 % / 99 % · frames left out · "
            "processor (100 % is one core) · memory · model"
        )

    def _refill(self) -> None:
        titles = {str(camera.index): camera.name for camera in self._cameras}
        titles |= {DEMO: source_title(DEMO)}
        titles.setdefault(self._current, source_title(self._current))
        titles |= {OPEN_FILE: "Open a file …"}
        self._source.fill(titles, self._current)


def _dot() -> QIcon:
    pixmap = QPixmap(28, 28)
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(style.RED))
    painter.drawEllipse(QPointF(7, 7), 5, 5)
    painter.end()
    return QIcon(pixmap)
