"""The window of `latency`: a number that changes with every paint, and beside it what the camera sees."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QCloseEvent, QColor, QImage, QPainter, QPaintEvent
from PyQt6.QtWidgets import QApplication, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.errors import UserError
from app.frame import Picture
from app.measure.flash_code import draw_code, read_code
from app.measure.glass_to_glass import Latency, Seen, latency_of
from app.session import Session, Settings, Status
from app.ui.bridge import Bridge
from app.ui.style import style_sheet
from app.ui.view import PictureView

PATIENCE_S = 120.0  # for a person to find the right place for the camera
_READ_WIDTH = 640  # pixels: the code is large, and reading must not slow what is measured


class CodeView(QWidget):
    """Shows the next number whenever it is painted."""

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumSize(440, 440)
        self.shown_s: list[float] = []  # when each number was painted
        self._code: NDArray[np.uint8] | None = None

    def paintEvent(self, event: QPaintEvent | None) -> None:
        side = min(self.width(), self.height())
        code = draw_code(len(self.shown_s), max(side // 10, 1))
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("white"))
        left, top = (self.width() - len(code)) // 2, (self.height() - len(code)) // 2
        image = QImage(
            code.data,  # type: ignore[call-overload]
            len(code),
            len(code),
            len(code),
            QImage.Format.Format_Grayscale8,
        )
        painter.drawImage(left, top, image)
        self._code = code
        self.shown_s.append(time.monotonic())

    @property
    def code(self) -> NDArray[np.uint8] | None:
        """What it shows now, (S, S) grey."""
        return self._code


class LatencyWindow(QWidget):
    """Runs the whole way of a frame, as the window does, and keeps when each picture was painted."""

    def __init__(self, settings: Settings, source: str, seconds: float) -> None:
        super().__init__()
        self.setObjectName("root")
        self.setWindowTitle("Palmistry: latency from glass to glass")
        self.code, self.view, self._line = CodeView(), PictureView(), QLabel()
        self._line.setProperty("role", "title")
        self._line.setAlignment(Qt.AlignmentFlag.AlignCenter)
        both = QHBoxLayout()
        both.addWidget(self.code, 1)
        both.addWidget(self.view, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(both, 1)
        layout.addWidget(self._line)
        self.resize(1240, 620)
        self._seconds, self._until_s = seconds, time.monotonic() + PATIENCE_S
        self._seen: list[Seen] = []
        self._pictures: dict[float, NDArray[np.uint8]] = {}
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="read codes")
        self.fault = ""
        self._bridge = Bridge()
        self._bridge.picture.connect(self._show)
        self._bridge.status.connect(self._told)
        self.view.painted.connect(self._painted)
        self.session = Session(settings, self._bridge.listener())
        self.session.open(source)
        self._next = QTimer(self)
        self._next.setTimerType(Qt.TimerType.PreciseTimer)
        self._next.timeout.connect(self.code.update)
        self._next.start(_period_ms(self))
        self._clock = QTimer(self)
        self._clock.timeout.connect(self._tell)
        self._clock.start(100)
        self._tell()

    def result(self) -> Latency:
        """Once it is closed. Raises UserError where the code was not read often enough."""
        if self.fault:
            raise UserError(self.fault)
        try:
            return latency_of(self.code.shown_s, self._seen)
        except ValueError as error:
            raise UserError(str(error)) from error

    def closeEvent(self, event: QCloseEvent | None) -> None:
        self._next.stop()
        self._clock.stop()
        self.session.close()
        self._bridge.close()
        self._reading.shutdown()
        super().closeEvent(event)

    def _show(self, picture: Picture) -> None:
        grey = cv2.cvtColor(picture.frame.image_rgb, cv2.COLOR_RGB2GRAY)
        scale = _READ_WIDTH / max(_READ_WIDTH, grey.shape[1])
        small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        self._pictures = {picture.time_s: np.asarray(small, np.uint8)}
        self.view.set_picture(picture.image_rgb, picture.time_s)

    def _painted(self, captured_s: float) -> None:
        now_s, grey = time.monotonic(), self._pictures.pop(captured_s, None)
        if grey is not None:
            self._reading.submit(self._read, grey, captured_s, now_s)

    def _read(self, grey: NDArray[np.uint8], captured_s: float, painted_s: float) -> None:
        code = read_code(grey)
        if code is not None:
            self._seen.append(Seen(code, captured_s, painted_s))

    def _told(self, status: object) -> None:
        if isinstance(status, Status) and status.level == "error":
            self.fault = status.text

    def _tell(self) -> None:
        left_s = self._until_s - time.monotonic()
        if not self._seen:
            self._line.setText("Point the camera at the code, so near that it fills a third of the picture")
        else:
            left_s = self._seen[0].painted_s + self._seconds - time.monotonic()
            self._line.setText(f"{len(self._seen)} pictures read · {max(left_s, 0):.0f} s left · hold still")
        if left_s <= 0 or (self.fault and not self._seen):
            self.close()


def _period_ms(widget: QWidget) -> int:
    """How often the screen can show another number, as it says itself."""
    screen = widget.screen()
    rate = screen.refreshRate() if screen is not None else 0.0
    return max(round(1000 / rate), 4) if rate > 1 else 16


def measure_latency(settings: Settings, source: str, seconds: float) -> Latency:
    """Show the window on a camera until enough was seen. Raises UserError."""
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setStyle("Fusion")
    application.setStyleSheet(style_sheet())
    window = LatencyWindow(settings, source, seconds)
    window.show()
    application.setQuitOnLastWindowClosed(True)
    application.exec()
    return window.result()
