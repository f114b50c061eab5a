"""The parts of the render layer that need no drawing."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import trimesh

from app.effects import make_effect
from app.render.blend import blend
from app.render.extent import SHADOW_ASIDE_M, SHADOW_DEEP_M, extent, shadowed_skin
from app.render.light.environment import DEFAULT_ENVIRONMENT, environment_names, load_environment
from app.render.light.estimate import SceneLight, estimate_light
from app.render.scene import EffectContext, Geometry, Metal, Paint, Prop
from app.render.surface import HandSurface
from app.render.viewport import FINEST, Viewport, viewport_around
from models.geometry import camera_from_fov, project
from models.hand.hand_data import load_open_hand
from tests.app.render.render_help import PALM, ball, posed_hand
from tests.paths import ROOT

CAMERA = camera_from_fov(640, 480)


@pytest.mark.parametrize("name", environment_names())
def test_environments_are_prefiltered_light(name):
    levels = load_environment(name).levels
    assert [level.shape for level in levels] == [(128 >> k, 256 >> k, 3) for k in range(5)]
    spread = []
    for level in levels:
        radiance = level.astype(np.float64)
        assert np.isfinite(radiance).all()
        assert radiance.min() >= 0
        solid = np.sin((np.arange(len(level)) + 0.5) / len(level) * np.pi)[:, None, None]
        assert (radiance * solid).mean() / solid.mean() == pytest.approx(1, abs=0.06)
        spread.append(radiance.std())
    assert spread == sorted(spread, reverse=True)  # the rougher, the flatter


def test_lamps_stand_behind_the_camera():
    level = load_environment(DEFAULT_ENVIRONMENT).levels[2].astype(float).mean(-1)
    brightest = np.argmax(level.sum(0)) / level.shape[1]
    assert brightest < 0.25 or brightest > 0.75  # the middle of the panorama is ahead


def test_environments_are_small_and_named():
    assert DEFAULT_ENVIRONMENT in environment_names()
    assert 3 <= len(environment_names()) <= 8
    assert sum(p.stat().st_size for p in (ROOT / "assets/env").iterdir()) < 1.5e6
    with pytest.raises(ValueError, match="choose from city"):
        load_environment("moon")


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"PYOPENGL_PLATFORM": "osmesa"}, "set it to egl"),
        ({"PYOPENGL_PLATFORM": "egl", "__EGL_VENDOR_LIBRARY_DIRS": "/nowhere"}, "no EGL device"),
        ({"PYOPENGL_PLATFORM": "egl", "LIBGL_DRIVERS_PATH": "/nowhere"}, "failed); install Mesa: apt-get"),
    ],
)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux: EGL")
def test_no_graphics_is_one_clear_line(env, message):
    code = (
        "from app.render.opening import open_compositor\n"
        "from app.render.gl.context import choose_platform\n"
        "from models.graphics import NoGraphics\n"
        "from models.hand.hand_data import load_open_hand\n"
        "choose_platform()\n"
        "try: open_compositor(load_open_hand())\n"
        "except NoGraphics as error: print('NO GRAPHICS:', error)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.stdout.startswith("NO GRAPHICS: no OpenGL"), run.stderr
    assert message in run.stdout
    assert run.stdout.count("\n") == 1
    assert run.stderr == ""  # Mesa's own warnings


def test_importing_starts_no_opengl():
    loaded = "'OpenGL' in sys.modules, 'torch' in sys.modules"
    code = f"import sys, app.effects, app.render.opening; print({loaded})"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert run.stdout.strip() == "False False", run.stderr


def test_window_holds_its_points():
    points = posed_hand(CAMERA).vertices_m
    viewport = viewport_around(points, CAMERA, 3)
    px = project(points, CAMERA)
    assert (px >= [viewport.x, viewport.y]).all()
    assert (px <= [viewport.x + viewport.width - 1, viewport.y + viewport.height - 1]).all()
    assert viewport.samples == 2
    few = viewport_around(points[:60], CAMERA, 3)
    assert few.samples == 3
    assert 9 * few.width * few.height <= FINEST


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([[0, 0, -1.0]], None),  # behind
        ([[9.0, 0, 1.0]], None),  # beside
        (np.zeros((0, 3)), None),
        ([[-9.0, -9, 1], [9, 9, 1]], Viewport(0, 0, 640, 480, 1)),  # all around
        ([[0, 0, 1.0], [0, 0, -1]], Viewport(316, 236, 8, 8, 3)),  # half behind
    ],
)
def test_window_at_the_limits(points, expected):
    assert viewport_around(points, CAMERA, 3, budget=500_000) == expected


def test_window_intrinsics_agree_with_the_camera():
    viewport = Viewport(100, 50, 64, 32, 3)
    fx, fy, cx, cy = viewport.intrinsics(CAMERA, 3)
    p = np.array([0.01, -0.02, 0.5])
    u, v = fx * p[0] / p[2] + cx, fy * p[1] / p[2] + cy
    x, y = project(p, CAMERA)
    assert u / 3 + 100 - 0.5 == pytest.approx(x)  # OpenGL counts from a pixel's corner
    assert v / 3 + 50 - 0.5 == pytest.approx(y)


@pytest.mark.parametrize("handedness", ["right", "left"])
def test_surface_looks_outward(handedness):
    surface = HandSurface(load_open_hand())
    hand = posed_hand(CAMERA, turn=PALM, handedness=handedness)
    buffer = surface.split(hand)
    assert buffer.shape == (3 * (1538 + 14), 8)  # 14 triangles close the wrist
    assert trimesh.Trimesh(hand.vertices_m, surface.faces[handedness], process=False).is_watertight
    np.testing.assert_allclose(np.linalg.norm(buffer[:, 3:6], axis=1), 1, atol=1e-4)
    corners = buffer[:, :3].reshape(-1, 3, 3)
    flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (np.einsum("ij,ij->i", flat, buffer[:, 3:6].reshape(-1, 3, 3).mean(1)) > 0).mean() > 0.99
    centred = corners - corners.mean((0, 1))
    volume = np.einsum("ij,ij->i", centred[:, 0], np.cross(centred[:, 1], centred[:, 2])).sum() / 6
    assert 1e-4 < volume < 1e-3  # cubic metres, positive: a quarter of a litre
    assert set(np.unique(buffer[:, 6])) == {0, 1, 2, 3, 4, 5}


@pytest.mark.parametrize("handedness", ["right", "left"])
def test_the_last_vertex_of_a_face_tells_its_part(handedness):
    """OpenGL takes what is flat from there, so hands need no vertices of each face's own."""
    surface = HandSurface(load_open_hand())
    vertices = surface.buffer(posed_hand(CAMERA, handedness=handedness))
    assert vertices.shape == (778, 8)
    parts = vertices[surface.faces[handedness], 6]
    np.testing.assert_array_equal(parts[:, 2], parts.max(1))
    split = surface.split(posed_hand(CAMERA, handedness=handedness)).reshape(-1, 3, 8)
    np.testing.assert_array_equal(split[..., :6], vertices[surface.faces[handedness], :6])
    np.testing.assert_array_equal(split[..., 6], np.repeat(parts.max(1)[:, None], 3, 1))


def test_light_follows_the_frame():
    hand = posed_hand(CAMERA)
    dark, _ = estimate_light(np.full((480, 640, 3), 40, np.uint8), [])
    bright, skin = estimate_light(np.full((480, 640, 3), (220, 170, 150), np.uint8), [hand])
    assert dark.mean() < 0.3 * bright.mean()
    assert bright[0] > bright[2]
    np.testing.assert_allclose(skin ** (1 / 2.2) * 255, (220, 170, 150), atol=1)
    light = SceneLight(HandSurface(load_open_hand()))
    light.update(np.full((480, 640, 3), 40, np.uint8), [], CAMERA, 0.0)
    light.update(np.full((480, 640, 3), 200, np.uint8), [], CAMERA, 0.1)
    after = light.white_rgb.mean()
    assert dark.mean() < after < bright.mean()  # on its way
    light.update(np.full((480, 640, 3), 40, np.uint8), [], CAMERA, -50.0)
    np.testing.assert_allclose(light.white_rgb, dark)


def test_shapes_are_checked():
    v = np.zeros((3, 3), np.float32)
    with pytest.raises(ValueError, match="indices below 3"):
        Geometry(v, v, np.array([[0, 1, 3]], np.int32))
    with pytest.raises(ValueError, match="vertices and normals"):
        Geometry(v, v[:2], np.array([[0, 1, 2]], np.int32))
    triangle = Geometry(v, v, np.array([[0, 1, 2]], np.int32))
    with pytest.raises(ValueError, match="finite"):
        Prop(triangle, np.full((4, 4), np.nan), Metal((1, 1, 1), 0.1))


def test_extent_holds_copies():
    square = Geometry(
        np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32),
        np.tile(np.float32([0, 0, 1]), (3, 1)),
        np.array([[0, 1, 2]], np.int32),
        np.stack([np.diag([0.01, 0.01, 0.01, 1]), np.diag([0.02, 0.01, 0.01, 1])]).astype(np.float32),
    )
    pose = np.eye(4)
    pose[:3, 3] = 0.1, 0.0, 0.4
    prop = Prop(square, pose, Paint((0.5, 0.5, 0.5)))
    points = extent([prop])
    np.testing.assert_allclose(points.min(0), [0.1, 0, 0.4], atol=1e-6)
    np.testing.assert_allclose(points.max(0), [0.12, 0.01, 0.4], atol=1e-6)


def test_extent_holds_what_a_ring_shades_and_what_may_hide_it():
    hand = posed_hand(CAMERA)
    (ring,) = make_effect("ring").place(EffectContext(np.zeros((480, 640, 3), np.uint8), [hand], CAMERA, 0.0))
    away = replace(ring, mount=replace(ring.mount, off_mesh_m=(0.02, 0.0, 0.0)))
    points, shifted = (
        (extent([prop]) - ring.pose[:3, 3]) @ np.linalg.inv(ring.pose[:3, :3]).T for prop in (ring, away)
    )
    assert ring.mount.sleeve_m > ring.mount.half_width_m
    np.testing.assert_allclose(points[:, 2].max(), ring.mount.sleeve_m)
    back = np.linalg.inv(ring.pose[:3, :3]) @ [0.02, 0, 0]
    np.testing.assert_allclose(shifted.min(0), np.minimum(points.min(0), points.min(0) - back))


def test_skin_in_shadow_lies_along_the_light():
    at = np.array([0.1, 0.0, 0.35])
    prop = ball(at)
    hand = posed_hand(CAMERA, at=(0.1, 0.02, 0.41))  # behind the ball
    behind, before, above = (
        shadowed_skin([prop], (hand,), np.array(to_light, float))
        for to_light in ([0, 0, -1], [0, 0, 1], [0, -1, 0])
    )
    off = behind - at
    assert len(behind) > 50
    assert np.abs(off[:, :2]).max() < 0.02 + SHADOW_ASIDE_M
    assert len(before) == len(behind)  # the light behind the hand: its shadow falls on the ball
    assert np.abs(above[:, 1] - at[1]).max(initial=0) < 0.02 + SHADOW_DEEP_M
    assert not len(shadowed_skin([prop], (posed_hand(CAMERA, at=(-0.3, 0.06, 0.4)),), np.array([0, 0, -1.0])))
    assert not len(shadowed_skin([], (hand,), np.array([0, 0, -1.0])))


def test_blend_lays_premultiplied_colour_over():
    picture = np.full((4, 4, 3), 100, np.uint8)
    layer = np.zeros((2, 2, 4), np.uint8)
    layer[0, 0] = [50, 60, 70, 128]
    layer[1, 1] = [255, 255, 255, 255]
    blend(picture, Viewport(1, 1, 2, 2, 1), layer)
    assert picture[1, 1].tolist() == [100, 110, 120]
    assert picture[2, 2].tolist() == [255, 255, 255]
    assert (picture[0] == 100).all()
