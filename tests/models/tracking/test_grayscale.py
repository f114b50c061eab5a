"""Grey pictures are known as such and toned; pictures with colour are left alone."""

from __future__ import annotations

import numpy as np
import pytest

from models.tracking.grayscale import in_colour, is_grey, skin_toned


@pytest.mark.parametrize("size_wh", [(640, 480), (1, 1), (17, 3)])
def test_grey_is_told_from_colour(size_wh: tuple[int, int]) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (size_wh[1], size_wh[0], 1), np.uint8).repeat(3, -1)
    assert is_grey(grey)
    slightly_off = np.clip(grey + np.array([2, 0, -2]), 0, 255).astype(np.uint8)
    assert is_grey(slightly_off)
    coloured = grey.copy()
    coloured[::2, ::2] = (200, 150, 120)
    assert not is_grey(coloured)
    assert np.array_equal(in_colour(grey), skin_toned(grey))
    assert in_colour(coloured) is coloured


def test_toning_warms_the_middle_and_keeps_the_ends() -> None:
    ramp = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, -1)
    before = ramp.copy()
    toned = skin_toned(ramp)[0].astype(int)
    assert np.array_equal(ramp, before)
    assert (toned[0] == 0).all()
    assert (toned[255] == 255).all()
    red, green, blue = toned[128]
    assert red > green + 20 > blue + 40
    assert (np.diff(toned, axis=0) >= 0).all()
