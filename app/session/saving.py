"""Pictures kept as files: snapshots, and photos that things were tried on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.errors import UserError
from app.export.formats.sidecar import save_frame
from app.frame import Picture
from app.output import save_picture
from app.session.status import Status

_PATIENCE_S = 3.0  # for a hand in a photo


@dataclass(frozen=True)
class _Expected:
    """A photo that was opened and is not saved yet."""

    source: str
    out: Path


class PictureSaver:
    """Saves in the background. `take` and `awaits` belong to the thread that draws."""

    def __init__(self, submit: Callable[..., object], tell: Callable[[Status], None]) -> None:
        """submit: has a function called with its arguments on another thread. tell: receives one line."""
        self._submit, self._tell = submit, tell
        self._expected: _Expected | None = None
        self._since_s: float | None = None  # pictures have been searched for a hand

    def snapshot(self, picture: Picture | None, path: Path) -> None:
        """Save a picture as PNG or JPEG by the path's ending, and its hands beside it as JSON."""
        self._submit(self._save, picture, path, "Snapshot saved")

    def expect(self, source: str, out: Path) -> None:
        """Save the first picture of this source with a hand, if it is a photo, in the photo's own size."""
        self._expected, self._since_s = _Expected(source, out), None

    def awaits(self, picture: Picture) -> bool:
        """Whether this picture, once drawn, is the one to be saved."""
        expected = self._expected
        return (
            expected is not None
            and picture.frame.photo
            and picture.frame.source == expected.source
            and bool(picture.hands)
        )

    def take(self, picture: Picture) -> None:
        """A finished picture."""
        expected = self._expected
        if expected is None or picture.frame.source != expected.source:
            return
        if not picture.frame.photo:
            self._expected = None  # a video
        elif picture.hands:
            self._expected = None
            height, width = picture.image_rgb.shape[:2]
            self._submit(self._save, picture, expected.out, f"Tried on, {width}×{height}, and saved")
        elif picture.found.stages_ms.keys() - {"draw"}:  # somebody has looked for a hand
            self._since_s = self._since_s or picture.time_s
            if picture.time_s - self._since_s > _PATIENCE_S:
                self._expected = None
                line = f"No hand is found in {Path(expected.source).name}: nothing was saved"
                self._tell(Status("snapshot", "warning", line))

    def _save(self, picture: Picture | None, path: Path, said: str) -> None:
        if picture is None:
            self._tell(Status("snapshot", "warning", "There is no picture yet to take"))
            return
        try:
            save_picture(path, picture.image_rgb)
            save_frame(path.with_suffix(".json"), picture.hands_as(picture.frame.index, picture.time_s))
            self._tell(Status("snapshot", "info", f"{said}: {path}"))
        except UserError as error:
            self._tell(Status("snapshot", "error", str(error)))
