"""The plots of the jitter test: the wrist as it is held, and what each model made of it."""

from __future__ import annotations

from collections import deque

import numpy as np
import pyqtgraph as pg
from PyQt6.QtWidgets import QVBoxLayout, QWidget

from app.jitter import JitterReport
from app.session import Picture
from app.ui import style
from models.evaluation.jitter import WINDOW, high_pass

COLOURS = ("#e3b655", "#6db3f2", "#7fd1a0", "#d58be0", "#f0857d", "#9aa3b5")
_AXES = ("x", "y", "z")
_SPAN_S = 4.0
_LEAST_MM = 3.0  # the live plots' reach: smaller ones would make noise look large


class LivePlots(QWidget):
    """Where the wrist was in the last seconds, about its middle: x, y, and z (the depth), millimetres."""

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._curves, self._plots = [], []
        for number, axis in enumerate(_AXES):
            plot = _plot(f"{axis}, mm")
            plot.setFixedHeight(104)
            plot.setXRange(-_SPAN_S, 0, padding=0)
            plot.setYRange(-_LEAST_MM, _LEAST_MM)
            plot.getPlotItem().getAxis("bottom").setStyle(showValues=number == 2)
            self._curves.append(plot.plot(pen=pg.mkPen(COLOURS[number], width=2), connect="finite"))
            self._plots.append(plot)
            column.addWidget(plot)
        self._track: deque[tuple[float, float, float, float]] = deque()

    def clear(self) -> None:
        """Begin anew."""
        self._track.clear()
        for curve in self._curves:
            curve.setData([], [])

    def take_picture(self, picture: Picture) -> None:
        """Go on by one picture; without a hand the lines break."""
        x, y, z = 1e3 * picture.hands[0].root_m if picture.hands else (np.nan,) * 3
        self._track.append((picture.time_s, float(x), float(y), float(z)))
        while self._track and picture.time_s - self._track[0][0] > _SPAN_S:
            self._track.popleft()
        table = np.array(self._track)
        if not np.isfinite(table[:, 1:]).any():
            return
        moved = table[:, 1:] - np.nanmedian(table[:, 1:], axis=0)
        for axis, (curve, plot) in enumerate(zip(self._curves, self._plots, strict=True)):
            curve.setData(table[:, 0] - picture.time_s, moved[:, axis])
            reach = max(_LEAST_MM, 1.2 * float(np.nanmax(np.abs(moved[:, axis]))))
            plot.setYRange(-reach, reach, padding=0)


class ResultPlots(QWidget):
    """The wrist's jitter about its moving mean: raw thin, filtered thick; a colour for each model."""

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._plots = {axis: _plot(f"{_AXES[axis]}, mm") for axis in (0, 2)}
        for plot in self._plots.values():
            plot.setFixedHeight(112)
            column.addWidget(plot)
        self._plots[2].setLabel("bottom", "seconds", **_LABEL)

    def show_report(self, report: JitterReport) -> None:
        """Draw another report."""
        times_s = report.times_s[WINDOW // 2 :]
        for axis, plot in self._plots.items():
            plot.clear()
            reach = [0.1]
            for index, model in enumerate(report.models.values()):
                for track, width, alpha in ((model.raw, 1, 150), (model.filtered, 2, 255)):
                    jitter = high_pass(1e3 * track.joints_m[:, 0, axis])
                    colour = pg.mkColor(COLOURS[index % len(COLOURS)])
                    colour.setAlpha(alpha)
                    pen = pg.mkPen(colour, width=width)
                    plot.plot(times_s[: len(jitter)], jitter, pen=pen, connect="finite")
                    if np.isfinite(jitter).any():
                        reach.append(float(np.nanpercentile(np.abs(jitter), 99.5)))
            plot.setYRange(-1.2 * max(reach), 1.2 * max(reach), padding=0)
            plot.setXRange(0, float(report.times_s[-1]), padding=0)


_LABEL = {"color": style.MUTED, "font-size": "11px"}


def _plot(title: str) -> pg.PlotWidget:
    plot = pg.PlotWidget(background=style.BACKGROUND)
    plot.setMenuEnabled(False)
    plot.setMouseEnabled(x=False, y=False)
    plot.hideButtons()
    plot.setAntialiasing(True)
    plot.showGrid(x=True, y=True, alpha=0.15)
    plot.setLabel("left", title, **_LABEL)
    for side in ("left", "bottom"):
        axis = plot.getPlotItem().getAxis(side)
        axis.setPen(style.LINE)
        axis.setTextPen(style.MUTED)
    plot.getPlotItem().getAxis("left").setWidth(46)
    return plot
