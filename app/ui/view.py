"""The picture: scaled to fit, its proportions kept, mirrored only as it is shown."""

from __future__ import annotations

import time

import cv2
import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QFont, QImage, QMouseEvent, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from app.render.orbit import corner_viewport
from app.ui import style
from app.ui.marks.guide import Guidance
from app.ui.marks.paint import paint_guidance, paint_pill


def as_qimage(image_rgb: NDArray[np.uint8]) -> QImage:
    """C-contiguous (H, W, 3) RGB as a QImage over the same memory: keep the array while the image is used."""
    height, width = image_rgb.shape[:2]
    return QImage(
        image_rgb.data,  # type: ignore[call-overload]
        width,
        height,
        3 * width,
        QImage.Format.Format_RGB888,
    )


def scaled(image_rgb: NDArray[np.uint8], size_wh: tuple[int, int], mirrored: bool) -> NDArray[np.uint8]:
    """(H, W, 3) at another size, mirrored if asked: a fraction of the time that a painter takes for it."""
    while image_rgb.shape[1] >= 2 * size_wh[0] and image_rgb.shape[0] >= 2 * size_wh[1]:
        # OpenCV halves many times faster than it averages over other areas; below that nobody sees it.
        half = image_rgb.shape[1] // 2, image_rgb.shape[0] // 2
        image_rgb = np.asarray(cv2.resize(image_rgb, half, interpolation=cv2.INTER_AREA), np.uint8)
    if (image_rgb.shape[1], image_rgb.shape[0]) != size_wh:
        image_rgb = np.asarray(cv2.resize(image_rgb, size_wh, interpolation=cv2.INTER_LINEAR), np.uint8)
    return np.asarray(cv2.flip(image_rgb, 1), np.uint8) if mirrored else image_rgb


def clock(seconds: float) -> str:
    """Elapsed time as people read it: 0:07, 12:34, 1:02:03."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class PictureView(QWidget):
    """Shows the newest picture; text and marks are drawn over it, never mirrored."""

    painted = pyqtSignal(float)  # the capture time of a picture that is on the screen for the first time
    corner_dragged = pyqtSignal(float, float)  # the mouse, over the small 3D view, in fractions of its width

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 240)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._image_rgb: NDArray[np.uint8] | None = None
        self._time_s = 0.0
        self._fresh = False
        self._mirrored = False
        self._recording_s: float | None = None
        self._paused = False
        self._message = "Starting …"
        self._guidance: Guidance | None = None
        self._note = ""
        self._held: QPointF | None = None  # where the mouse is, in the picture's own pixels, while it drags

    def sizeHint(self) -> QSize:
        return QSize(960, 720)

    def set_picture(self, image_rgb: NDArray[np.uint8], time_s: float) -> None:
        """Show a picture, (H, W, 3) RGB, captured at `time_s` on the monotonic clock."""
        self._image_rgb = np.ascontiguousarray(image_rgb)
        self._time_s, self._fresh = time_s, True
        self.update()

    @property
    def mirrored(self) -> bool:
        """Whether the picture is shown as in a mirror."""
        return self._mirrored

    def set_mirrored(self, mirrored: bool) -> None:
        """Mirror the picture as it is shown; the picture itself stays as it is."""
        self._mirrored = mirrored
        self.update()

    def set_recording(self, elapsed_s: float | None) -> None:
        """Show the red dot and the elapsed time; None hides them."""
        self._recording_s = elapsed_s
        self.update()

    def set_paused(self, paused: bool) -> None:
        """Whether the recording leaves out what is seen now."""
        self._paused = paused
        self.update()

    def set_guidance(self, guidance: Guidance | None) -> None:
        """What to show over the picture while no hand is seen. Painted with the next picture."""
        self._guidance = guidance

    def set_note(self, line: str) -> None:
        """One line at the picture's foot, where nothing guides. Painted with the next picture."""
        self._note = line

    def set_message(self, text: str) -> None:
        """What to say while there is no picture."""
        self._message = text
        self.update()

    def picture_rect(self) -> QRectF:
        """Where the picture lies in the widget, pixels."""
        if self._image_rgb is None:
            return QRectF(self.rect())
        height, width = self._image_rgb.shape[:2]
        scale = min(self.width() / width, self.height() / height)
        size = width * scale, height * scale
        return QRectF((self.width() - size[0]) / 2, (self.height() - size[1]) / 2, *size)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        if event is None or self._image_rgb is None or event.button() != Qt.MouseButton.LeftButton:
            return
        corner, at = self._corner(), self._in_picture(event.position())
        if corner.contains(at):
            self._held = at

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        if event is None or self._held is None:
            return
        at = self._in_picture(event.position())
        moved, self._held = (at - self._held) / self._corner().width(), at
        self.corner_dragged.emit(moved.x(), moved.y())

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        self._held = None

    def _corner(self) -> QRectF:
        """Where the small 3D view is drawn, pixels of the picture."""
        assert self._image_rgb is not None
        window = corner_viewport(self._image_rgb.shape[1], self._image_rgb.shape[0])
        return QRectF(window.x, window.y, window.width, window.height)

    def _in_picture(self, at: QPointF) -> QPointF:
        """A point of the widget, in pixels of the picture before it is mirrored."""
        assert self._image_rgb is not None
        rect = self.picture_rect()
        scale = self._image_rgb.shape[1] / rect.width()
        x = rect.right() - at.x() if self._mirrored else at.x() - rect.x()
        return QPointF(scale * x, scale * (at.y() - rect.y()))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("#0a0b0d"))
        if self._image_rgb is None:
            painter.setPen(QColor(style.MUTED))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._message)
            return
        rect, ratio = self.picture_rect(), self.devicePixelRatioF()
        size = max(1, round(rect.width() * ratio)), max(1, round(rect.height() * ratio))
        shown_rgb = scaled(self._image_rgb, size, self._mirrored)
        image = as_qimage(shown_rgb)
        image.setDevicePixelRatio(ratio)
        painter.drawImage(QPointF(round(rect.x() * ratio) / ratio, round(rect.y() * ratio) / ratio), image)
        if self._guidance is not None:
            paint_guidance(painter, rect, self._guidance)
        elif self._note:
            paint_pill(painter, rect, self._note)
        if self._recording_s is not None:
            self._paint_recording(painter, rect, self._recording_s)
        if self._fresh:
            self._fresh = False
            self.painted.emit(self._time_s)

    def _paint_recording(self, painter: QPainter, rect: QRectF, elapsed_s: float) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setPixelSize(14)
        font.setBold(True)
        painter.setFont(font)
        text = f"{'PAUSED' if self._paused else 'REC'}  {clock(elapsed_s)}"
        width = painter.fontMetrics().horizontalAdvance(text) + 46
        pill = QRectF(rect.x() + 14, rect.y() + 14, width, 32)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(10, 11, 13, 190))
        painter.drawRoundedRect(pill, 16, 16)
        mark = QPointF(pill.x() + 18, pill.center().y())
        if self._paused:
            painter.setBrush(QColor(style.WARNING))
            for aside in (-4.5, 1.5):
                painter.drawRoundedRect(QRectF(mark.x() + aside, mark.y() - 6, 3.5, 12), 1, 1)
        else:
            dot = QColor(style.RED)
            dot.setAlphaF(1.0 if time.monotonic() % 1 < 0.6 else 0.45)
            painter.setBrush(dot)
            painter.drawEllipse(mark, 6, 6)
        painter.setPen(QColor("white"))
        painter.drawText(pill.adjusted(32, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, text)
