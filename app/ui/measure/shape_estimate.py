"""Estimates a hand's shape from its meshes on a thread of its own."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from threading import Thread

from PyQt6.QtCore import QObject, pyqtSignal

from models.hand.hand_data import load_open_hand
from models.hand.profile import estimate_betas
from models.types import HandMesh

_log = logging.getLogger(__name__)


class ShapeEstimate(QObject):
    """Begins with its making. Nobody need wait for it: whoever no longer wants the answer drops it."""

    found = pyqtSignal(object)  # (10,) betas
    failed = pyqtSignal(str)

    def __init__(self, meshes: Sequence[HandMesh]) -> None:
        super().__init__()
        self._meshes = meshes

    def start(self) -> None:
        """Begin, once the signals are connected."""
        Thread(target=self._work, name="hand shape").start()

    def _work(self) -> None:
        try:
            betas, _ = estimate_betas(load_open_hand(), self._meshes)
            self.found.emit(betas)
        except ValueError as error:
            self.failed.emit(f"{error}; keep the hand in the picture")
        except Exception as error:  # a fault here must not take the window with it
            _log.exception("the hand's shape can't be measured")
            self.failed.emit(f"The shape can't be measured ({error})")
