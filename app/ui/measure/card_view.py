"""A picture on which the four corners of a card are marked with the mouse."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt6.QtWidgets import QWidget

from app.ui import style
from app.ui.view import as_qimage

_GRIP_PX = 14.0
_LOUPE_PX, _LOUPE_SCALE = 96, 5.0


class CardView(QWidget):
    """A click sets a corner; a corner can be dragged. A loupe shows what lies under the mouse."""

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumHeight(336)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self._image_rgb: NDArray[np.uint8] | None = None
        self._corners: list[QPointF] = []  # pixels of the picture
        self._held: int | None = None
        self._mouse: QPointF | None = None

    @property
    def corners_px(self) -> NDArray[np.float64]:
        """(N, 2) the corners so far, pixels of the picture."""
        return np.array([[p.x(), p.y()] for p in self._corners]).reshape(-1, 2)

    def show_picture(self, image_rgb: NDArray[np.uint8]) -> None:
        """Another picture (H, W, 3), without corners."""
        self._image_rgb, self._corners = np.ascontiguousarray(image_rgb), []
        self.update()
        self.changed.emit()

    def picture_rect(self) -> QRectF:
        """Where the picture lies in the widget."""
        if self._image_rgb is None:
            return QRectF(self.rect())
        height, width = self._image_rgb.shape[:2]
        scale = min(self.width() / width, self.height() / height)
        return QRectF((self.width() - width * scale) / 2, 0, width * scale, height * scale)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        if event is None or self._image_rgb is None:
            return
        at = event.position()
        distances = [(self._on_screen(p) - at).manhattanLength() for p in self._corners]
        if distances and min(distances) < _GRIP_PX:
            self._held = distances.index(min(distances))
        elif len(self._corners) < 4:
            self._corners.append(self._in_picture(at))
            self._held = len(self._corners) - 1
        self._told()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        if event is None:
            return
        self._mouse = event.position()
        if self._held is not None:
            self._corners[self._held] = self._in_picture(event.position())
            self._told()
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        self._held = None

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self._image_rgb is None:
            return
        painter.drawImage(self.picture_rect(), as_qimage(self._image_rgb))
        painter.setPen(QPen(QColor(style.ACCENT), 1.6))
        points = [self._on_screen(p) for p in self._corners]
        if len(points) == 4:
            middle = QPointF(sum(p.x() for p in points) / 4, sum(p.y() for p in points) / 4)
            points.sort(key=lambda p: float(np.arctan2(p.y() - middle.y(), p.x() - middle.x())))
            painter.drawPolygon(QPolygonF(points))
        for point in points:
            painter.drawEllipse(point, 5, 5)
        if self._mouse is not None and self.picture_rect().contains(self._mouse):
            self._paint_loupe(painter, self._mouse)

    def _paint_loupe(self, painter: QPainter, at: QPointF) -> None:
        assert self._image_rgb is not None
        middle, half = self._in_picture(at), _LOUPE_PX / _LOUPE_SCALE / 2
        source = QRectF(middle.x() + 0.5 - half, middle.y() + 0.5 - half, 2 * half, 2 * half)
        left = 8.0 if at.x() > self.width() / 2 else self.width() - _LOUPE_PX - 8.0
        loupe = QRectF(left, 8, _LOUPE_PX, _LOUPE_PX)
        painter.drawImage(loupe, as_qimage(self._image_rgb), source)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(loupe)
        painter.drawLine(
            QPointF(loupe.center().x(), loupe.top()), QPointF(loupe.center().x(), loupe.bottom())
        )
        painter.drawLine(
            QPointF(loupe.left(), loupe.center().y()), QPointF(loupe.right(), loupe.center().y())
        )

    def _told(self) -> None:
        self.update()
        self.changed.emit()

    def _on_screen(self, point: QPointF) -> QPointF:
        assert self._image_rgb is not None
        rect = self.picture_rect()
        scale = rect.width() / self._image_rgb.shape[1]
        return QPointF(rect.x() + (point.x() + 0.5) * scale, rect.y() + (point.y() + 0.5) * scale)

    def _in_picture(self, at: QPointF) -> QPointF:
        assert self._image_rgb is not None
        height, width = self._image_rgb.shape[:2]
        rect = self.picture_rect()
        scale = rect.width() / width
        x, y = (at.x() - rect.x()) / scale - 0.5, (at.y() - rect.y()) / scale - 0.5
        return QPointF(min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0))
