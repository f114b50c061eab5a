"""OpenGL that is lost or was never there: pictures go on, one line says so, and effects come back."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.frame import Frame, Picture
from app.session import Settings
from app.session import drawing as drawing_module
from app.session.drawing import Drawing
from models.geometry import camera_from_fov
from models.graphics import NoGraphics
from models.tracking.pipeline import PipelineResult
from tests.app.render.render_help import grey_frame, open_compositor, posed_hand
from tests.paths import ROOT

pytestmark = pytest.mark.fault

CAMERA = camera_from_fov(320, 240)
RESULT = PipelineResult((posed_hand(CAMERA),), CAMERA, {})


def lost(drawing: Drawing) -> None:
    """Take the context away behind the compositor's back, as a driver does that starts anew."""
    from OpenGL import EGL

    EGL.eglMakeCurrent(EGL.eglGetCurrentDisplay(), EGL.EGL_NO_SURFACE, EGL.EGL_NO_SURFACE, EGL.EGL_NO_CONTEXT)
    compositor = drawing._compositor
    compositor._context.make_current = lambda: None  # type: ignore[union-attr]


def test_a_context_that_is_lost_is_made_anew_on_the_same_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing_module, "AGAIN_S", 0.0)
    told: list[NoGraphics] = []
    drawing = Drawing(open_compositor, told.append)
    frame = grey_frame(CAMERA)
    picture = Picture.undrawn(Frame(frame, 0.0, 0), RESULT)
    try:
        before = drawing.draw(picture, Settings()).image_rgb
        lost(drawing)
        after = drawing.draw(picture, Settings()).image_rgb
    finally:
        drawing.close()
    assert (before != frame).any()
    assert np.abs(before.astype(int) - after).mean() < 1
    assert told == []


class Failing:
    """A compositor whose context is lost on every picture."""

    def compose(self, *_: object) -> np.ndarray:
        from OpenGL.error import GLError

        raise GLError(1286, None, None)

    def close(self) -> None:
        raise RuntimeError("there is nothing left to close")


def test_graphics_that_keep_failing_leave_the_picture_and_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_compositor().close()  # or skip
    monkeypatch.setattr(drawing_module, "AGAIN_S", 60.0)
    told: list[NoGraphics] = []
    again: list[str] = []
    made: list[Callable[[], object]] = [Failing]
    drawing = Drawing(lambda: made[0](), told.append, lambda: again.append("again"))  # type: ignore[arg-type, return-value]
    frame = grey_frame(CAMERA)
    picture = Picture.undrawn(Frame(frame, 0.0, 0), RESULT)
    for _ in range(5):
        image_rgb = drawing.draw(picture, Settings()).image_rgb
        assert image_rgb is frame
    assert len(told) == 1
    assert "OpenGL failed" in str(told[0])
    assert not again
    made[0] = open_compositor
    monkeypatch.setattr(drawing_module, "AGAIN_S", 0.0)
    image_rgb = drawing.draw(picture, Settings()).image_rgb
    drawing.close()
    assert again == ["again"]
    assert (image_rgb != frame).any()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="EGL")
def test_without_any_driver_process_ends_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    environment = os.environ | {"__EGL_VENDOR_LIBRARY_DIRS": str(tmp_path / "nothing")}
    command = [sys.executable, "main.py", "process", "demo", "--out", str(tmp_path / "out.mp4")]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith("palmistry: no OpenGL")
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == [tmp_path / "nothing"]
