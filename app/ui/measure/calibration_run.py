"""Looks for the chessboard in the session's frames, on a thread of its own, the newest frame first."""

from __future__ import annotations

import logging
from threading import Thread

import numpy as np
from PyQt6.QtCore import QObject, pyqtSignal

from app.capture import Frame
from app.measure.chessboard import ENOUGH_VIEWS, Board, CalibrationError, Calibrator
from app.slot import LatestSlot

_log = logging.getLogger(__name__)


class CalibrationRun(QObject):
    """Runs from its making until it has enough views, or until `finish` or `stop`."""

    searched = pyqtSignal(str, object)  # outcome, outlines (4, 2) of the views so far, pixels
    finished = pyqtSignal(object)  # Calibration
    failed = pyqtSignal(str)

    def __init__(self, board: Board) -> None:
        super().__init__()
        self._calibrator = Calibrator(board)
        self._frames: LatestSlot[Frame] = LatestSlot()
        self._wanted = True  # whether a result is
        Thread(target=self._work, name="calibration").start()

    @property
    def size_wh(self) -> tuple[int, int]:
        """Of the pictures, once there is one; 0, 0 before."""
        return self._calibrator.size_wh

    def take(self, frame: Frame) -> None:
        """The session's next frame; older ones that wait are forgotten. Any thread."""
        self._frames.put(frame)

    def finish(self) -> None:
        """Solve with the views that there are; the answer comes by signal."""
        self._frames.close()

    def stop(self) -> None:
        """End without an answer. Returns at once: a large picture may take a second to be searched."""
        self._wanted = False
        self._frames.close()

    def _work(self) -> None:
        try:
            while (frame := self._frames.take()) is not None:
                outcome = self._calibrator.add(frame.image_rgb)
                if not self._wanted:
                    return
                self.searched.emit(outcome, self._outlines())
                if len(self._calibrator.views) >= ENOUGH_VIEWS:
                    break
            if self._wanted:
                self.finished.emit(self._calibrator.solve())
        except CalibrationError as error:
            self._fail(str(error))
        except Exception as error:  # a fault here must not take the window with it
            _log.exception("calibration failed")
            self._fail(f"the calibration failed ({error})")

    def _fail(self, line: str) -> None:
        if self._wanted:
            self.failed.emit(line)

    def _outlines(self) -> list[np.ndarray]:
        board = self._calibrator.board
        last = board.columns * board.rows - 1
        ends = [0, board.columns - 1, last, last - board.columns + 1]
        return [view[ends] for view in self._calibrator.views]
