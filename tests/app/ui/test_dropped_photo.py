"""A photo dropped on the window."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
pytest.importorskip("PyQt6.QtWidgets", reason="needs PyQt6")

from app.ui.window import MainWindow
from tests.app.ui.test_window import application, drop, has_picture, open_window  # noqa: F401
from tests.waiting import pump


def test_a_dropped_photo_is_kept_and_a_snapshot_of_it_is_a_jpeg(
    open_window: Callable[..., MainWindow],  # noqa: F811
    tmp_path: Path,
) -> None:
    window = open_window()
    pump(has_picture(window))
    kept: list[tuple[str, Path]] = []
    window.session.keep_photo = lambda source, out: kept.append((source, out))  # type: ignore[method-assign]
    drop(window, tmp_path / "Her hand.heic")
    ((source, out),) = kept
    assert source == str(tmp_path / "Her hand.heic")
    assert out.parent == tmp_path / "Palmistry"
    assert out.name.endswith("-Her hand.jpg")
    window._shows_photo = True
    window._snapshot()
    pump(lambda: list(tmp_path.glob("Palmistry/*.jpg")))
