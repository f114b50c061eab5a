"""Photograph the window: assets/pictures/window.jpg, and the animated assets/pictures/window.webp.

    xvfb-run -a -s "-screen 0 1600x1000x24" .venv/bin/python -m tools.picture.window

The window plays the demo clip with the default model. What is drawn changes with the clip, as the flags of
`live` would have it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from main import prepare_process
from tools.command import command

if TYPE_CHECKING:
    from PyQt6.QtWidgets import QWidget

    from app.session import Picture, Settings
    from app.ui.window import MainWindow

PICTURES = Path(__file__).resolve().parents[2] / "assets" / "pictures"
WINDOW_WH = (1240, 860)
CLIP_FRAMES = 300  # of the demo; it begins again and again
EVERY = 3  # of the clip's frames, 30 a second, one is shown
SHOWN_WH = (880, 610)
QUALITY = 62  # of the animation


@dataclass(frozen=True)
class Scene:
    """A part of the clip, and what is drawn meanwhile."""

    first: int  # frame of the clip
    frames: int
    flags: str  # of `live`


SCENES = (
    Scene(142, 36, "--effect ring --design solitaire --metal gold --stone diamond"),
    Scene(178, 34, "--effect ring --ring-on index=twist,middle=eternity,little --metal platinum"),
    Scene(266, 30, "--effect skin --skin xray"),
    Scene(8, 36, "--effect skin --skin wireframe"),
    Scene(44, 36, "--effect walkie_talkie"),
    Scene(80, 52, "--effect water"),
)
STILL_FRAME = 164  # of the clip, in the first scene


@command
def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=PICTURES)
    parser.add_argument("--still", action="store_true", help="window.jpg alone, as on a busy machine")
    arguments = parser.parse_args()
    out = arguments.out
    prepare_process()
    still, shots = photograph(SCENES[:1] if arguments.still else SCENES)
    still.save(out / "window.jpg", quality=88, optimize=True)
    if arguments.still:
        return 0
    first, *others = [shot.resize(SHOWN_WH, Image.Resampling.LANCZOS) for shot in shots]
    animation = out / "window.webp"
    each_ms = 1000 * EVERY // 30
    first.save(
        animation, save_all=True, append_images=others, duration=each_ms, loop=0, quality=QUALITY, method=6
    )
    print(f"{len(shots)} pictures, {animation.stat().st_size / 1e6:.2f} MB")
    return 0


def photograph(scenes: Sequence[Scene]) -> tuple[Image.Image, list[Image.Image]]:
    """The still, and the pictures of the animation, of the whole window."""
    from PyQt6.QtCore import QSettings
    from PyQt6.QtWidgets import QApplication

    from app.ui.preferences import Preferences
    from app.ui.style import style_sheet
    from app.ui.window import MainWindow
    from models.tracking.pipeline import MODELS

    application = QApplication(sys.argv[:1])
    application.setStyle("Fusion")
    application.setStyleSheet(style_sheet())
    settings = [_settings(scene) for scene in scenes]
    with tempfile.TemporaryDirectory() as folder:
        store = QSettings(f"{folder}/window.ini", QSettings.Format.IniFormat)
        window = MainWindow(Preferences(settings[0]), store, MODELS, "demo")
        window.resize(*WINDOW_WH)
        window.show()
        window._figures.stop()  # speed and delay are this machine's of this hour
        photographer = Photographer(window, scenes, settings)
        window.bridge.picture.connect(photographer.follow)
        photographer.done = application.quit
        application.exec()
        window.close()
    return photographer.still or photographer.shots[0], photographer.shots


class Photographer:
    """Follows the pictures that the window shows: changes what is drawn, and takes photographs."""

    def __init__(self, window: MainWindow, scenes: Sequence[Scene], settings: Sequence[Settings]) -> None:
        self.shots: list[Image.Image] = []
        self.still: Image.Image | None = None
        self.done: Callable[[], object] = lambda: None
        self._window, self._scenes, self._settings = window, scenes, settings
        self._scene = 0
        self._taken = -1  # frame of the clip photographed last in this scene; -1: none yet

    def follow(self, picture: Picture) -> None:
        """Called with every picture shown."""
        passes, frame = divmod(picture.frame.index, CLIP_FRAMES)
        if not passes or self._scene == len(self._scenes):  # in the first, models are loaded
            return
        scene = self._scenes[self._scene]
        if scene.first <= frame < scene.first + scene.frames:
            if self._taken < 0 or frame >= self._taken + EVERY:
                self._taken = frame
                self.shots.append(photograph_of(self._window))
            if self._scene == 0 and self.still is None and frame >= STILL_FRAME:
                self.still = photograph_of(self._window)
        elif self._taken >= 0:
            self._taken = -1
            self._scene += 1
            if self._scene == len(self._scenes):
                self.done()
            else:
                self._window._apply(self._settings[self._scene])


def photograph_of(widget: QWidget) -> Image.Image:
    """A widget as it is shown, RGB."""
    from PyQt6.QtGui import QImage

    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    bits = image.constBits()
    assert bits is not None
    data = bits.asstring(image.sizeInBytes())
    size = (image.width(), image.height())
    return Image.frombytes("RGB", size, data, "raw", "RGB", image.bytesPerLine())


def _settings(scene: Scene) -> Settings:
    from app.cli import build_parser
    from app.commands.options import settings_from
    from app.session import Settings

    return settings_from(build_parser().parse_args(["live", *scene.flags.split()]), Settings())


if __name__ == "__main__":
    raise SystemExit(main())
