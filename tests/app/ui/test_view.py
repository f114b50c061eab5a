"""The picture in the window: scaled, mirrored; the clock over it."""

from __future__ import annotations

import os
import re

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
pytest.importorskip("PyQt6.QtWidgets", reason="needs PyQt6")
from app.ui.style import style_sheet
from app.ui.view import clock, scaled


@pytest.mark.parametrize("size", [(160, 120), (60, 45), (40, 30), (32, 24), (80, 60)])
def test_a_picture_is_scaled_evenly_and_mirrored_as_it_is_shown(size: tuple[int, int]) -> None:
    image_rgb = np.zeros((60, 80, 3), np.uint8)
    image_rgb[30:, :20] = (200, 100, 50)
    shown = scaled(image_rgb, size, True)
    assert shown.shape == (size[1], size[0], 3)
    covered = (shown > 0).all(-1)
    assert covered.mean() == pytest.approx(0.125, abs=0.02)
    assert tuple(shown[-1, -1]) == (200, 100, 50)
    assert not covered[:, : size[0] // 2].any()
    assert image_rgb[-1, 0, 0] == 200


def test_clock() -> None:
    assert [clock(s) for s in (0, 7.9, 754, 3723)] == ["0:00", "0:07", "12:34", "1:02:03"]


def test_a_pressed_button_needs_no_more_room_than_it_has() -> None:
    rules = re.findall(r":checked \{([^}]*)\}", style_sheet())
    assert len(rules) >= 2
    assert not any("font" in rule for rule in rules)  # bold letters are wider: they were cut off
