"""What has been measured of this machine's cameras and of people's hands, put to use in the window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from app.capture import CameraInfo, Frame, source_kind, source_title
from app.errors import UserError
from app.measure.camera_files import CameraFile, calibration_of
from app.measure.profiles import load_profile
from app.session import Settings, Status
from models.hand.profile import HandProfile

Watch = Callable[[Callable[[Frame], None] | None], None]


class Measured:
    """Serves the sheets (as their Owner), and keeps the calibration that fits the source."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        change: Callable[[Settings], None],
        watch: Watch,
        say: Callable[[Status], None],
        mirrored: Callable[[], bool],
    ) -> None:
        """change: puts other settings to use. say: shows a line. mirrored: whether the picture is."""
        self._settings, self._change, self._watch, self._say = settings, change, watch, say
        self.mirrored = mirrored
        self._given = settings().calibration  # on the command line: for whatever plays
        self._names: dict[str, str] = {}
        self.source = ""

    @property
    def settings(self) -> Settings:
        """What is set now."""
        return self._settings()

    @property
    def camera_name(self) -> str:
        """The camera that is looked through, or the file that plays."""
        return self._names.get(self.source, source_title(self.source))

    def watch(self, watcher: Callable[[Frame], None] | None) -> None:
        """Hand every frame to `watcher` as it is captured; None ends that."""
        self._watch(watcher)

    def take_cameras(self, cameras: Sequence[CameraInfo]) -> None:
        """The cameras of this machine."""
        self._names = {str(camera.index): camera.name for camera in cameras}
        self._look_up()

    def take_source(self, source: str) -> None:
        """Another source plays."""
        self.source = source
        self._look_up()

    def use_calibration(self, calibration: CameraFile) -> None:
        """Look through this camera from now on, whatever was given before."""
        self._given = calibration if source_kind(self.source) != "camera" else None
        self._change(replace(self.settings, calibration=calibration, intrinsics=None))

    def use_profile(self, profile: HandProfile | None) -> None:
        """Take every hand for this one from now on; None: for anyone's."""
        self._change(replace(self.settings, profile=profile))

    def choose_profile(self, name: str) -> None:
        """The profile of a name; anyone's hand for an empty one."""
        try:
            self.use_profile(load_profile(name) if name else None)
        except UserError as error:
            self._say(Status("model", "error", str(error)))
            self._change(self.settings)

    def _look_up(self) -> None:
        """A camera's own calibration, where it has one and none was given."""
        found = self._given
        if found is None and self.source in self._names:
            try:
                found = calibration_of(self._names[self.source])
            except UserError as error:
                self._say(Status("source", "warning", str(error)))
        if found != self.settings.calibration:
            self._change(replace(self.settings, calibration=found))
