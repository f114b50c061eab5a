"""A camera's calibration in the window: the board is shown from many sides until there is enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt6.QtWidgets import QDoubleSpinBox, QProgressBar, QSpinBox, QWidget

from app.capture import Frame
from app.errors import UserError
from app.measure.camera_files import CameraFile, calibration_path, save_calibration
from app.measure.chessboard import ENOUGH_VIEWS, FEWEST_VIEWS, Board, Calibration
from app.session import Settings
from app.ui import style
from app.ui.controls import beside, button, label
from app.ui.measure.calibration_run import CalibrationRun
from app.ui.sheet import Sheet, in_a_row, steps, text

_ADVICE = {
    "kept": "Kept. Now another: tilt it, move it",
    "no board": "No board found: all of it must show, with its white border",
    "blurred": "Blurred: hold it still for a moment",
    "known view": "Too near to a view that is kept: tilt it, or move it to another part of the picture",
}


class CalibrationPage(Sheet):
    """Asks the window for frames; hands it the camera it has found."""

    def __init__(
        self,
        watch: Callable[[Callable[[Frame], None] | None], None],
        settings: Callable[[], Settings],
        camera_name: Callable[[], str],
        use: Callable[[CameraFile], None],
        mirrored: Callable[[], bool],
    ) -> None:
        super().__init__("Camera")
        self._watch, self._settings, self._camera_name, self._use = watch, settings, camera_name, use
        self._mirrored = mirrored
        self._run: CalibrationRun | None = None
        self._columns, self._rows = _number(3, 30, 9), _number(3, 30, 6)
        self._square = QDoubleSpinBox()
        self._square.setRange(1, 1000)
        self._square.setDecimals(1)
        self._square.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self._square.setValue(25)
        self._square.setSuffix(" mm")
        self._state = text("", "muted")
        self._fault = text("", "warning")
        start = button("Start", "Look for the board", "primary")
        start.clicked.connect(self.begin)
        self._ready_page = self.add_page(
            text("Depth is right when the camera's focal length is. A chessboard measures it."),
            steps(
                [
                    "Print a chessboard and glue it to something flat and stiff.",
                    "Count its inner corners, where four squares meet, and measure a square.",
                    "Press Start and show it from many sides: tilted, near, far, in every corner.",
                ]
            ),
            label("BOARD", "section"),
            in_a_row(beside("Corners across", self._columns), beside("down", self._rows)),
            beside("Side of a square", self._square),
            label("NOW", "section"),
            self._state,
            None,
            self._fault,
            start,
        )
        self._count = text("", "big", centred=True)
        self._advice = text("", "muted", centred=True)
        self._bar = QProgressBar()
        self._bar.setRange(0, ENOUGH_VIEWS)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(6)
        self._coverage = Coverage()
        self._enough = button(
            "Finish", f"Calculate with what there is; {FEWEST_VIEWS} views at least", "primary"
        )
        self._enough.clicked.connect(self._finish)
        cancel = button("Cancel", "Back to the start")
        cancel.clicked.connect(self._cancel)
        self._run_page = self.add_page(
            self._count,
            self._advice,
            self._bar,
            label("WHERE THE BOARD HAS BEEN", "section"),
            self._coverage,
            None,
            in_a_row(cancel, self._enough),
        )
        self._focal, self._result = text("", "value"), text("")
        self._depth = text("", "muted")
        again = button("Again", "Calibrate once more")
        again.clicked.connect(self._cancel)
        done = button("Done", "Back to the panel", "primary")
        done.clicked.connect(self.closed)
        self._result_page = self.add_page(
            label("FOCAL LENGTH", "section"),
            self._focal,
            self._result,
            self._depth,
            None,
            in_a_row(again, done),
        )
        self._fault.hide()
        self._show_state()

    def begin(self) -> None:
        """Look for the board in the frames that come."""
        self._fault.hide()
        board = Board(self._columns.value(), self._rows.value(), self._square.value() / 1e3)
        self._run = run = CalibrationRun(board)
        run.searched.connect(self._show_progress)
        run.finished.connect(self._show_result)
        run.failed.connect(self._take_failure)
        self._show_progress("no board", [])
        self.show_page(self._run_page)
        self._watch(run.take)

    def stop(self) -> None:
        self._watch(None)
        run, self._run = self._run, None
        if run is not None:
            run.stop()

    def _finish(self) -> None:
        self._watch(None)
        if self._run is not None:
            self._advice.setText("Calculating …")
            self._run.finish()

    def _cancel(self) -> None:
        self.stop()
        self._show_state()
        self.show_page(self._ready_page)

    def _show_progress(self, outcome: str, outlines: Sequence[np.ndarray]) -> None:
        if self._run is None:
            return
        views = len(outlines)
        self._count.setText(f"{views}")
        self._bar.setValue(views)
        self._advice.setText(f"views of {ENOUGH_VIEWS}\n{_ADVICE[outcome]}")
        self._enough.setEnabled(views >= FEWEST_VIEWS)
        self._coverage.show_outlines(outlines, self._run.size_wh, self._mirrored())

    def _show_result(self, found: Calibration) -> None:
        if self.sender() is not self._run:
            return  # it was cancelled, or begun anew, while the answer was on its way
        self.stop()
        camera, name = found.camera, self._camera_name()
        try:
            kept = save_calibration(calibration_path(name), name, found)
        except UserError as error:
            self._fail(str(error))
            return
        self._use(kept)
        self._focal.setText(f"{camera.fx:.1f} × {camera.fy:.1f} px  (± {100 * found.focal_error:.2f} %)")
        self._result.setText(
            f"Middle at {camera.cx:.1f}, {camera.cy:.1f} px of {camera.width}×{camera.height}\n"
            f"Reprojection error {found.error_px:.2f} px over {found.views} views\n"
            f"The lens bends the corners by {found.bend_px:.1f} px\n\n"
            f"Kept for “{name}”, and used from now on."
        )
        settings = replace(self._settings(), calibration=kept, intrinsics=None)
        self._depth.setText(settings.depth_error.text())
        self.show_page(self._result_page)

    def _take_failure(self, line: str) -> None:
        if self.sender() is self._run:
            self._fail(line)

    def _fail(self, line: str) -> None:
        self.stop()
        self._fault.setText(line[:1].upper() + line[1:])
        self._fault.show()
        self._show_state()
        self.show_page(self._ready_page)

    def _show_state(self) -> None:
        settings = self._settings()
        if settings.intrinsics is not None:
            known = "The focal length was given on the command line."
        elif settings.calibration is not None:
            known = f"“{settings.calibration.name}” is calibrated."
        else:
            known = f"The field of view is taken for {settings.fov_used_deg:.0f}°."
        self._state.setText(f"{known} {settings.depth_error.text()}")


class Coverage(QWidget):
    """The picture's area, and the boards that were kept in it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(240)
        self._outlines: Sequence[np.ndarray] = ()
        self._size_wh, self._mirrored = (4, 3), False

    def show_outlines(self, outlines: Sequence[np.ndarray], size_wh: tuple[int, int], mirrored: bool) -> None:
        """Boards as (4, 2) corners, pixels of pictures of a size; as in a mirror, where the picture is."""
        self._outlines, self._mirrored = outlines, mirrored
        self._size_wh = size_wh if all(size_wh) else (4, 3)
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scale = min((self.width() - 2) / self._size_wh[0], (self.height() - 2) / self._size_wh[1])
        width, height = (scale * side for side in self._size_wh)
        area = QRectF((self.width() - width) / 2, 1, width, height)
        painter.setPen(QPen(QColor(style.LINE), 1))
        painter.setBrush(QColor(style.BACKGROUND))
        painter.drawRoundedRect(area, 4, 4)
        inside = QColor(style.ACCENT)
        inside.setAlpha(38)
        painter.setBrush(inside)
        painter.setPen(QPen(QColor(style.ACCENT), 1.2, Qt.PenStyle.SolidLine))
        if self._mirrored:
            painter.translate(self.width(), 0)
            painter.scale(-1, 1)
        for outline in self._outlines:
            corners = [QPointF(area.x() + scale * x, area.y() + scale * y) for x, y in outline]
            painter.drawPolygon(QPolygonF(corners))


def _number(low: int, high: int, value: int) -> QSpinBox:
    box = QSpinBox()
    box.setRange(low, high)
    box.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
    box.setValue(value)
    return box
