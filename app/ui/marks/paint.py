"""Pills of text, and the outline of a hand, painted over the picture."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen

from app.ui import style
from app.ui.marks.guide import Guidance
from app.ui.marks.hand_outline import outline_path

_DARK = QColor(10, 11, 13, 200)
_PILL_PX, _PAD_PX, _EDGE_PX = 34, 18, 14
_OUTLINE = 0.68  # of the picture's height


def paint_pill(painter: QPainter, picture: QRectF, text: str, opacity: float = 1.0) -> None:
    """One line at the foot of the picture, in its middle; what is too long ends in dots."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setOpacity(opacity)
    font = QFont(painter.font())
    font.setPixelSize(15)
    painter.setFont(font)
    metrics = QFontMetrics(font)
    room = int(picture.width()) - 2 * (_EDGE_PX + _PAD_PX)
    text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
    width = metrics.horizontalAdvance(text) + 2 * _PAD_PX
    pill = QRectF(picture.center().x() - width / 2, picture.bottom() - _EDGE_PX - _PILL_PX, width, _PILL_PX)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_DARK)
    painter.drawRoundedRect(pill, _PILL_PX / 2, _PILL_PX / 2)
    painter.setPen(QColor("white"))
    painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()


def paint_guidance(painter: QPainter, picture: QRectF, guidance: Guidance) -> None:
    """The outline, where there is one, and its line."""
    if guidance.outline:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(guidance.opacity)
        middle = picture.center() - QPointF(0, 0.03 * picture.height())
        path = outline_path(middle, _OUTLINE * picture.height())
        for colour, width in ((QColor(10, 11, 13, 110), 7.0), (QColor(style.ACCENT), 3.0)):
            pen = QPen(
                colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
            )
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPath(path)
        painter.restore()
    paint_pill(painter, picture, guidance.line, guidance.opacity)
