"""Photographs seen again from near: the hand's box goes where the hand goes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from models.datasets.close_view import close_view
from models.datasets.kept_out import is_kept_out, kept_out, not_kept_out
from models.datasets.registry import read_set


def photograph() -> np.ndarray:
    """A red oblong on grey."""
    picture = np.full((300, 240, 3), 90, np.uint8)
    picture[80:220, 70:150] = (255, 0, 0)
    return picture


@pytest.mark.parametrize("seed", range(12))
def test_the_box_holds_the_hand_and_fills_the_picture(seed: int) -> None:
    view, (x, y, w, h) = close_view(photograph(), (70, 80, 80, 140), np.random.default_rng(seed))
    height, width = view.shape[:2]
    assert 0.59 < max(w / width, h / height) < 1.31
    red = view[..., 0].astype(int) > view[..., 1].astype(int) + 8
    inside = np.zeros_like(red)
    inside[max(round(y), 0) : round(y + h), max(round(x), 0) : round(x + w)] = True
    both, either = (red & inside).sum(), (red | inside).sum()
    assert both / either > 0.5, "a turned oblong's box is not quite its own"


def test_the_same_seed_gives_the_same_view() -> None:
    one, box = close_view(photograph(), (70, 80, 80, 140), np.random.default_rng(5))
    again, its_box = close_view(photograph(), (70, 80, 80, 140), np.random.default_rng(5))
    assert (one == again).all()
    assert box == its_box


def test_filled_takes_only_what_is_kept_out(tmp_path: Path) -> None:
    entries = []
    for k in range(8):
        cv2.imwrite(str(tmp_path / f"{k}.png"), photograph() + np.uint8(k))
        entries.append(f'"{k}.png": {{"boxes": [[70, 80, 150, 220]]}}')
    (tmp_path / "boxes.json").write_text("{" + ", ".join(entries) + "}")
    names = [s.name for s in read_set("filled", tmp_path, 1).read()]
    assert names == [f"{k}.png" for k in range(8) if is_kept_out(tmp_path / f"{k}.png")]
    assert 0 < len(names) < 8
    sample = next(iter(read_set("filled", tmp_path, 1).read()))
    assert isinstance(sample.image, np.ndarray)
    assert sample.box_px is not None


def test_filled_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"boxes\.json"):
        read_set("filled", tmp_path, 1)


def test_pictures_are_either_learnt_from_or_judged_by() -> None:
    paths = [Path(f"{k}.jpg") for k in range(40)]
    assert not set(kept_out(paths)) & set(not_kept_out(paths))
    assert sorted({*kept_out(paths), *not_kept_out(paths)}) == sorted(paths)
    assert kept_out(paths[:5]) == not_kept_out(paths[:5]) == paths[:5]
