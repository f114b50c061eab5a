"""Each skin looks as it is named."""

from __future__ import annotations

import numpy as np
import pytest

from app.effects import make_effect
from app.effects.skins import SkinSettings, skeleton
from app.render.scene import HAND_STYLES, EffectContext
from models.geometry import camera_from_fov, project
from tests.app.render.render_help import BACK, grey_frame, open_compositor, posed_hand

CAMERA = camera_from_fov(640, 480)
HAND = posed_hand(CAMERA)
TILTED = posed_hand(CAMERA, turn=(1.1, 0, 0), at=(0, 0.02, 0.42))


@pytest.fixture(scope="module")
def compositor():
    made = open_compositor()
    yield made
    made.close()


def drawn(compositor, style: str, hand=HAND) -> np.ndarray:
    """(H, W, 3) the picture."""
    effect = make_effect("skin", SkinSettings(style))
    return compositor.compose(grey_frame(CAMERA), [hand], CAMERA, effect, 0.0).astype(int)


def covered(picture: np.ndarray) -> np.ndarray:
    return np.abs(picture - grey_frame(CAMERA)).max(2) > 12


def at(picture: np.ndarray, point_m) -> np.ndarray:
    x, y = np.rint(project(point_m, CAMERA)).astype(int)
    return picture[y, x]


@pytest.mark.parametrize("style", HAND_STYLES)
def test_it_covers_the_hand_and_nothing_else(compositor, style):
    seen = covered(drawn(compositor, style))
    px = project(HAND.vertices_m, CAMERA)
    rows, columns = np.nonzero(seen)
    for found, true in ((columns, px[:, 0]), (rows, px[:, 1])):
        assert true.min() - 3 < found.min() < true.min() + 6
        assert true.max() - 6 < found.max() < true.max() + 3
    assert np.mean([seen[y, x] for x, y in np.rint(project(HAND.joints_m, CAMERA)).astype(int)]) > 0.9


def test_styles_look_different(compositor):
    pictures = [drawn(compositor, style) for style in HAND_STYLES]
    mask = covered(pictures[0])
    for i, first in enumerate(pictures):
        for second in pictures[:i]:
            assert np.abs(first - second)[mask].mean() > 12


def test_every_finger_has_its_own_colour(compositor):
    picture = drawn(compositor, "fingers")
    middles = [0.5 * (HAND.joints_m[4 * f + 2] + HAND.joints_m[4 * f + 3]) for f in range(5)]
    colours = [at(picture, m) for m in middles] + [at(picture, HAND.joints_m[[0, 9]].mean(0))]
    for i, first in enumerate(colours):
        for second in colours[:i]:
            assert np.abs(first - second).max() > 35


def test_depth_grows_along_its_scale(compositor):
    picture = drawn(compositor, "depth", TILTED)
    order = np.argsort(TILTED.joints_m[[12, 11, 10, 9, 0], 2])
    light = [at(picture, TILTED.joints_m[[12, 11, 10, 9, 0][k]]).sum() for k in order]
    assert light[0] > light[2] > light[-1]  # near is light, far is dark


def test_wires_are_thin_and_bright_on_dark(compositor):
    picture = drawn(compositor, "wireframe")
    light = picture.max(2)[covered(picture)]
    assert 0.05 < (light > 150).mean() < 0.5
    assert (light < 110).mean() > 0.3


def test_xrays_show_27_bones_where_the_joints_are(compositor):
    assert sum(len(prop.geometry.copies) for prop in skeleton(HAND)) == 27
    picture = drawn(compositor, "xray")
    bright = [
        at(picture, 0.5 * (HAND.joints_m[k] + HAND.joints_m[k + 1])).sum()
        for k in (2, 5, 6, 9, 10, 13, 14, 17)
    ]
    flesh = np.median(picture.sum(2)[covered(picture)])
    assert min(bright) > 1.5 * flesh


def test_fists_do_not_hide_bones(compositor):
    fist = posed_hand(CAMERA, flexion=1.3)
    picture = drawn(compositor, "xray", fist)
    a, b = fist.joints_m[10], fist.joints_m[11]
    assert max(at(picture, f * a + (1 - f) * b).sum() for f in (0.3, 0.5, 0.7)) > 300


@pytest.mark.parametrize("style", HAND_STYLES)
def test_both_hands_wear_it(compositor, style):
    left = posed_hand(CAMERA, handedness="left", turn=BACK, at=(0.14, 0.06, 0.45), track_id=2)
    effect = make_effect("skin", SkinSettings(style))
    hands = [posed_hand(CAMERA, at=(-0.12, 0.06, 0.45)), left]
    seen = covered(compositor.compose(grey_frame(CAMERA), hands, CAMERA, effect, 0.0).astype(int))
    assert seen[:, :320].sum() == pytest.approx(seen[:, 320:].sum(), rel=0.4)


def test_unknown_styles_and_settings_are_told():
    with pytest.raises(ValueError, match="choose from clay"):
        make_effect("skin", SkinSettings("velvet"))
    assert list(make_effect("skin").place(EffectContext(grey_frame(CAMERA), (), CAMERA, 0.0))) == []
