"""Thumbnails of rings: drawn by the renderer that draws them on hands, kept, refused files named."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from app.commands import rings
from app.effects.ring.designs import build_design
from app.effects.ring.settings import RingSettings
from app.offline import thumbnails as drawn
from app.offline.thumbnails import SIZE_PX, draw_missing, draw_ring, thumbnails
from app.session.drawing import load_compositor
from models.graphics import NoGraphics
from tests.app.effects.ring.ring_models import bare_ring


@pytest.fixture(scope="module")
def compositor():
    try:
        made = load_compositor()
    except NoGraphics as error:
        pytest.skip(f"no OpenGL: {error}")
    with closing(made):
        yield made


def test_a_ring_stands_in_the_middle_of_grey(compositor):
    gold, silver = (
        draw_ring(compositor, build_design("flat", 0.0086), RingSettings(metal=metal)).astype(int)
        for metal in ("gold", "silver")
    )
    assert gold.shape == (SIZE_PX, SIZE_PX, 3)
    assert np.ptp(gold[:4, :4], axis=2).max() < 4  # the ground
    there = np.ptp(gold, axis=2) > 30
    assert 0.05 < there.mean() < 0.5
    y, x = np.nonzero(there)
    assert abs((x.min() + x.max()) / 2 - SIZE_PX / 2) < 6
    assert abs((y.min() + y.max()) / 2 - SIZE_PX / 2) < 6
    assert not there[
        SIZE_PX // 2 - 5 : SIZE_PX // 2 + 5, SIZE_PX // 2 - 3 : SIZE_PX // 2 + 3
    ].any()  # its hole
    assert gold[there][:, 2].mean() < silver[there][:, 2].mean() - 30


def test_finishes_cuts_and_settings_look_different(compositor):
    def look(**how):
        ring = RingSettings(**how)
        return draw_ring(compositor, build_design(ring.design, 0.0086, ring.made), ring, 96).astype(int)

    finishes = [look(design="court", finish=name) for name in ("polished", "sandblasted", "hammered")]
    there = [np.ptp(picture, axis=2) > 30 for picture in finishes]
    contrast = [picture[..., 1][on].std() for picture, on in zip(finishes, there, strict=True)]
    assert contrast[1] < 0.96 * min(contrast[0], contrast[2])
    assert np.abs(finishes[0] - finishes[2]).max() > 60
    cuts = [look(design="solitaire", cut=name) for name in ("round brilliant", "emerald", "marquise")]
    assert np.abs(cuts[0] - cuts[1]).max() > 60
    assert np.abs(cuts[1] - cuts[2]).max() > 60


def test_a_folder_is_drawn_once_and_what_cant_be_worn_is_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PALMISTRY_HOME", str(tmp_path / "home"))
    folder = tmp_path / "rings"
    folder.mkdir()
    bare_ring(40).export(folder / "wire.stl")
    (folder / "broken.glb").write_bytes(b"nothing")

    class Fake:
        def close(self) -> None:
            pass

    monkeypatch.setattr(drawn, "load_compositor", Fake)
    monkeypatch.setattr(drawn, "draw_ring", lambda *_: np.full((SIZE_PX, SIZE_PX, 3), 90, np.uint8))
    from app.cli import main

    assert main(["rings", str(folder), "--sheet", str(tmp_path / "sheet.png"), "--json"]) == 0
    told = capsys.readouterr()
    assert "broken.glb can't be worn" in told.err
    assert "1 rings, 1 refused" in told.out
    assert rings.read_image(tmp_path / "sheet.png").shape == (SIZE_PX, SIZE_PX, 3)
    assert list(draw_missing(thumbnails(folder))) == []  # kept
    bare_ring(44).export(folder / "wire.stl")
    assert len(list(draw_missing(thumbnails(folder)))) == 1  # the file has changed
    assert main(["rings", str(tmp_path / "home" / "none")]) == 2


def test_a_brush_leaves_lines_and_none_that_pixels_cannot_show(compositor):
    def look(finish: str, size_px: int):
        ring = RingSettings(design="court", finish=finish, width_mm=6)
        return draw_ring(compositor, build_design(ring.design, 0.0086, ring.made), ring, size_px).mean(2)

    def roughness(grey) -> float:
        """How much it changes from pixel to pixel beyond any slope."""
        return float(np.abs(np.diff(grey, 2, axis=1)).mean())

    satin, brushed = (look(finish, 256) for finish in ("satin", "brushed"))
    assert roughness(brushed) > 1.15 * roughness(satin)
    far = np.abs(look("brushed", 24) - look("satin", 24)).mean()
    assert far < 0.5 * np.abs(brushed - satin).mean() + 1.0
