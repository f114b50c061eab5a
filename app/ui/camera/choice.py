"""The bar's list of a camera's sizes and rates, and what was chosen for each camera."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from PyQt6.QtCore import pyqtSignal

from app.capture import TRIED, USUAL, CameraInfo, CameraMode, CameraWishes, parse_mode, source_kind
from app.capture.modes import attempts
from app.ui.controls import Choice

_AUTOMATIC = ""
_WIDTH = 174


class CameraSize(Choice):
    """Shown while a camera plays, but not while it is recorded: a file has pictures of one size."""

    wanted = pyqtSignal(object)  # CameraMode; None for what the program chooses

    def __init__(self) -> None:
        super().__init__("The size and rate of the camera's pictures, as the camera offers them")
        self.setMaxVisibleItems(14)
        self.setFixedWidth(_WIDTH)
        self.chosen.connect(lambda text: self.wanted.emit(parse_mode(text) if text else None))
        self._camera, self._in_use = False, False
        self.hide()

    def set_in_use(self, in_use: bool) -> None:
        """Whether the pictures are recorded."""
        self._in_use = in_use
        self.setVisible(self._camera and not in_use)

    def show_camera(self, camera: CameraInfo | None, wish: CameraMode | None) -> None:
        """Offer a camera's modes; None: no camera plays."""
        self._camera = camera is not None
        self.setVisible(self._camera and not self._in_use)
        if camera is None:
            return
        usual = attempts(camera.modes, None)[0] if camera.modes else USUAL
        titles = {_AUTOMATIC: f"Auto · {usual.width}×{usual.height}"}
        titles |= {mode.text(): mode.title for mode in camera.modes or TRIED}
        if wish is not None:
            titles.setdefault(wish.text(), wish.title)
        self.fill(titles, _AUTOMATIC if wish is None else wish.text())


class CameraMemory:
    """Knows what each camera is asked for, and keeps the list and the session to it."""

    def __init__(
        self,
        size: CameraSize,
        remembered: Mapping[str, CameraMode],
        given: CameraMode | None,
        ask: Callable[[CameraWishes, bool], None],
    ) -> None:
        """given: for whichever camera plays first. ask: takes what cameras are asked for from now on, and
        whether the one that plays is to be opened anew."""
        self._size, self._ask = size, ask
        self._wishes = CameraWishes(given, dict(remembered))
        self._cameras: dict[str, CameraInfo] = {}
        self._source = ""
        size.wanted.connect(self._choose)

    @property
    def wishes(self) -> CameraWishes:
        """What cameras are asked for."""
        return self._wishes

    def take_cameras(self, cameras: Sequence[CameraInfo]) -> None:
        """The cameras of this machine."""
        self._cameras = {str(camera.index): camera for camera in cameras}
        self._show()

    def take_source(self, source: str) -> None:
        """What plays now."""
        self._source = source
        self._show()

    @property
    def _camera(self) -> CameraInfo | None:
        if source_kind(self._source) != "camera":
            return None
        return self._cameras.get(self._source, CameraInfo(int(self._source), f"Camera {self._source}"))

    def _show(self) -> None:
        camera = self._camera
        if camera is not None and self._wishes.given is not None and self._source in self._cameras:
            self._remember(camera.name, self._wishes.given)  # whoever types it once means that camera
        self._size.show_camera(camera, self._wishes.of(camera.name) if camera else None)

    def _choose(self, mode: CameraMode | None) -> None:
        camera = self._camera
        if camera is not None:
            self._remember(camera.name, mode)
            self._ask(self._wishes, True)

    def _remember(self, name: str, mode: CameraMode | None) -> None:
        by_name = {known: each for known, each in self._wishes.by_name.items() if known != name}
        if mode is not None:
            by_name[name] = mode
        self._wishes = replace(self._wishes, given=None, by_name=by_name)
        self._ask(self._wishes, False)
