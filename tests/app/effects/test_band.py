"""The paper band follows the palm's cross-section, and the hand hides its far half."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.effects import make_effect
from app.effects.palm_section import SPOKES_M, PalmSections
from app.render.scene import EffectContext, Geometry
from models.geometry import camera_from_fov
from models.hand.hand_data import load_open_hand
from tests.app.render.render_help import BACK, PALM, grey_frame, open_compositor, posed_hand

CAMERA = camera_from_fov(640, 480)


def worn(hand, effect=None, time_s=0.0):
    """The props on one hand: paper first, then the print."""
    return (effect or make_effect("band")).place(EffectContext(grey_frame(CAMERA), (hand,), CAMERA, time_s))


def in_camera(prop) -> np.ndarray:
    return prop.geometry.vertices_m @ prop.pose[:3, :3].T + prop.pose[:3, 3]


@pytest.mark.parametrize("handedness", ["right", "left"])
@pytest.mark.parametrize("turn", [BACK, PALM, (0.4, 0.9, 0.2)])
def test_it_lies_close_around_the_palm(handedness, turn):
    hand = posed_hand(CAMERA, turn=turn, handedness=handedness)
    paper = worn(hand)[0]
    own = np.c_[hand.vertices_m, np.ones(778)] @ np.linalg.inv(paper.pose).T
    regions = load_open_hand().regions
    skin = own[(np.abs(own[:, 2]) < 0.009) & (regions == 0)][:, :3]
    assert len(skin) > 15
    band = paper.geometry.vertices_m
    angle = np.arctan2(band[:, 1], band[:, 0])
    for x, y, _ in skin:  # inside the paper, and most of it not far
        k = np.argsort(np.abs(np.angle(np.exp(1j * (angle - np.arctan2(y, x))))))[:4]
        assert np.hypot(x, y) < np.hypot(*band[k, :2].T).max() + 0.002
    length = np.linalg.norm(np.roll(band[::2], -1, 0) - band[::2], axis=1).sum()
    assert 0.16 < length < 0.26  # round an adult's palm


def test_the_section_is_that_of_an_ellipse_for_an_ellipse():
    sections = PalmSections(load_open_hand())
    section = sections.section(posed_hand(CAMERA), 0.8, np.array([0.0]))
    outline = section.radii[0][:, None] * SPOKES_M
    assert np.ptp(outline[:, 0]) == pytest.approx(0.085, abs=0.02)
    assert np.ptp(outline[:, 1]) == pytest.approx(0.030, abs=0.012)


def test_it_says_how_far_it_is_round():
    effect = make_effect("band")
    worn(posed_hand(CAMERA), effect)
    (line,) = effect.readout()
    assert 160 < float(line.split()[1]) < 260


def test_it_is_steady_on_a_breathing_mesh():
    effect, rng = make_effect("band"), np.random.default_rng(0)
    widths = []
    for k in range(60):
        grown = 1 + rng.normal(0, 0.03)
        props = worn(posed_hand(CAMERA, scale=grown), effect, k / 30)
        widths.append(np.ptp(props[0].geometry.vertices_m[:, 0]))
    assert np.std(widths[15:]) / np.mean(widths) < 0.03 / 2


@pytest.fixture(scope="module")
def compositor():
    made = open_compositor()
    yield made
    made.close()


def opaque(compositor, hands, props) -> int:
    """Pixels that are wholly covered."""
    drawn = compositor.layer(grey_frame(CAMERA), hands, props, CAMERA, 0.0)
    return 0 if drawn is None else int((drawn[1][..., 3] > 250).sum())


@pytest.mark.parametrize("turn", [BACK, PALM])
def test_its_near_half_is_seen_whole_and_its_far_half_not_at_all(compositor, turn):
    hand = posed_hand(CAMERA, turn=turn)
    paper = worn(hand)[0]
    points, shape = in_camera(paper), paper.geometry
    depth = points[:, 2][shape.faces].mean(1)
    near, far = shape.faces[depth < np.median(depth)], shape.faces[depth > np.quantile(depth, 0.7)]
    near_half, far_half = (
        replace(paper, geometry=Geometry(shape.vertices_m, shape.normals, np.concatenate([f, f[:, ::-1]])))
        for f in (near, far)
    )  # from both sides, so that only the hand can hide them
    assert opaque(compositor, [hand], [near_half]) > 0.93 * opaque(compositor, [], [near_half]) > 1000
    assert opaque(compositor, [hand], [far_half]) < 0.05 * opaque(compositor, [], [far_half])
