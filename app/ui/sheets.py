"""Which sheets there are, and the place beside the picture where one of them may stand for the panel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PyQt6.QtWidgets import QHBoxLayout, QWidget

from app.capture import Frame
from app.measure.camera_files import CameraFile
from app.session import Picture, Settings
from app.ui.sheet import Sheet
from models.hand.profile import HandProfile

SHEETS = {"jitter": "Jitter test", "camera": "Camera", "hand": "My hand"}
"""What the panel offers to measure, by name."""


class Owner(Protocol):
    """What sheets need of the window."""

    @property
    def settings(self) -> Settings:
        """What is set now."""

    @property
    def source(self) -> str:
        """What plays now."""

    @property
    def camera_name(self) -> str:
        """The camera that is looked through, or the file that plays."""

    @property
    def mirrored(self) -> Callable[[], bool]:
        """Tells whether the picture is shown as in a mirror."""

    def use_calibration(self, calibration: CameraFile) -> None:
        """Look through this camera from now on."""

    def use_profile(self, profile: HandProfile | None) -> None:
        """Take every hand for this one from now on; None: for anyone's."""

    def watch(self, watcher: Callable[[Frame], None] | None) -> None:
        """Ask for the session's frames, or for no more of them."""


def make_sheet(name: str, owner: Owner) -> Sheet:
    """A sheet of SHEETS. What it needs is imported now: the window starts without."""
    if name == "camera":
        from app.ui.measure.calibration_page import CalibrationPage

        return CalibrationPage(
            owner.watch,
            lambda: owner.settings,
            lambda: owner.camera_name,
            owner.use_calibration,
            owner.mirrored,
        )
    if name == "hand":
        from app.ui.measure.hand_page import HandPage

        return HandPage(lambda: owner.settings, owner.use_profile)
    from app.ui.measure.jitter_page import JitterPage

    return JitterPage(owner.watch, lambda: owner.settings, lambda: owner.source)


class SheetPlace:
    """Shows the panel, or a sheet in its place."""

    def __init__(self, row: QHBoxLayout, panel: QWidget, owner: Owner) -> None:
        """row: where the panel is the last widget."""
        self._row, self._panel, self._owner = row, panel, owner
        self.sheet: Sheet | None = None

    def show(self, name: str) -> Sheet:
        """Open a sheet; one that is open is closed."""
        self.close()
        self.sheet = make_sheet(name, self._owner)
        self.sheet.closed.connect(self.close)
        self._panel.hide()
        self._row.addWidget(self.sheet)
        return self.sheet

    def take_picture(self, picture: Picture) -> None:
        """The picture that is shown now."""
        if self.sheet is not None:
            self.sheet.take_picture(picture)

    def close(self) -> bool:
        """Back to the panel; whether there was a sheet."""
        sheet, self.sheet = self.sheet, None
        if sheet is None:
            return False
        sheet.stop()
        self._row.removeWidget(sheet)
        sheet.hide()
        sheet.deleteLater()
        self._panel.show()
        return True
