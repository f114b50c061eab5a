"""A ring design is one file: put into the folder, it can be worn, chosen and saved."""

from __future__ import annotations

import argparse
import os
from textwrap import dedent

import pytest

from app.commands.options import add_look, settings_from
from app.effects import RINGS, RingSettings
from app.effects.catalog import saved_settings, settings_to_save
from app.effects.ring import designs
from app.effects.ring.designs import build_design, ring_designs
from app.session import Settings

TOY = """
    '''A toy: a band as plain as can be, with a flat face.'''

    from app.effects.ring.model import Design, RingModel, RingPart
    from app.effects.ring.shapes import band_profile, lathe


    def washer(inner_radius_m):
        band = lathe(band_profile(inner_radius_m, 0.002, 0.001))
        return RingModel((RingPart(band, "metal"),), inner_radius_m, inner_radius_m + 0.001, 0.001)


    DESIGN = Design("washer", washer, order=15)
"""


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """The toy as the designs' folder's only new file."""
    (tmp_path / "toy_design_of_a_test.py").write_text(dedent(TOY))
    monkeypatch.setattr(designs, "__path__", [*designs.__path__, str(tmp_path)])
    ring_designs.cache_clear()
    yield
    ring_designs.cache_clear()
    build_design.cache_clear()


def test_it_is_listed_in_its_order_built_chosen_and_saved(toy):
    assert list(ring_designs())[:3] == ["plain", "washer", "signet"]
    assert build_design("washer", 0.009).outer_radius_m == pytest.approx(0.010)
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_look(parser)
    flags = argparse.Namespace(**dict.fromkeys(("model", "intrinsics", "calibration", "fov", "smoothing")))
    chosen = settings_from(parser.parse_args(["--design", "washer"], flags), Settings()).effects
    assert [ring.design for ring in chosen.of(RINGS).rings] == ["washer"]
    assert saved_settings(settings_to_save(chosen)) == chosen


def test_the_panel_lists_it(toy):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    widgets = pytest.importorskip("PyQt6.QtWidgets", reason="needs PyQt6")
    application = widgets.QApplication.instance() or widgets.QApplication([])
    from app.ui.controls import Choice
    from app.ui.ring.controls import RingControls

    controls = RingControls((RingSettings(design="washer"),))
    listed = [[c.itemText(i) for i in range(c.count())] for c in controls.findChildren(Choice)]
    assert any("Washer" in texts for texts in listed)
    assert application is not None


def test_without_it_there_is_none():
    assert "washer" not in ring_designs()
    with pytest.raises(ValueError, match="there is no 'washer'"):
        RingSettings(design="washer")
