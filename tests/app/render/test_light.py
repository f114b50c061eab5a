"""The light in the picture: direction from shading, colour, and the environment it is most like."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from app.render.light.ambient import ambient_cube
from app.render.light.environment import environment_names, load_environment
from app.render.light.estimate import SKIN, SceneLight, estimate_light, rotation_to
from app.render.light.shading import ShadingFit
from app.render.surface import HandSurface
from models.geometry import camera_from_fov, project
from models.hand.hand_data import load_open_hand
from tests.app.render.render_help import BACK, PALM, posed_hand

CAMERA = camera_from_fov(640, 480)
SURFACE = HandSurface(load_open_hand())
TURNS = (PALM, (0.5, 0.6, 0.2), (0.0, 2.6, 0.0), BACK)


def lit_frame(hand, toward, strength=0.6, rgb=(0.45, 0.28, 0.2)) -> np.ndarray:
    """(480, 640, 3) a matt hand under one distant lamp and a little light from everywhere, on grey."""
    frame = np.full((480, 640, 3), 0.2)
    faces, normals = SURFACE.faces[hand.handedness], SURFACE.normals(hand)
    px = project(hand.vertices_m, CAMERA)
    for face in faces[np.argsort(-hand.vertices_m[faces, 2].mean(1))]:
        shade = 1 + strength * float(normals[face].mean(0) @ toward)
        cv2.fillConvexPoly(frame, np.rint(px[face]).astype(int), [c * shade for c in rgb])
    noisy = frame + np.random.default_rng(0).normal(0, 0.004, frame.shape)
    return (255 * np.clip(noisy, 0, 1) ** (1 / 2.2)).astype(np.uint8)


def unit(*v: float) -> np.ndarray:
    return np.array(v) / np.linalg.norm(v)


@pytest.mark.parametrize("toward", [unit(-1, -0.6, -0.6), unit(1, -0.4, -0.3), unit(0.1, -1, -0.2)])
@pytest.mark.parametrize("handedness", ["right", "left"])
def test_the_lamp_is_found_from_a_hand_that_turns(toward, handedness):
    fit = ShadingFit(SURFACE)
    for k, turn in enumerate(TURNS):
        hand = posed_hand(CAMERA, turn=turn, handedness=handedness)
        fit.update(lit_frame(hand, toward), [hand], CAMERA, 0.2 * k)
    lit = lit_frame(hand, toward)
    for k in range(20):
        fit.update(lit, [hand], CAMERA, 1 + 0.13 * k)
    found = fit.gradient / np.linalg.norm(fit.gradient)
    assert np.degrees(np.arccos(found @ toward)) < 20


def test_light_does_not_jump_and_is_not_looked_for_in_every_frame():
    fit, hand = ShadingFit(SURFACE), posed_hand(CAMERA)
    left, right = (lit_frame(hand, unit(x, -0.5, -0.5)) for x in (-1, 1))
    fit.update(left, [hand], CAMERA, 0.0)
    before = fit.gradient
    fit.update(right, [hand], CAMERA, 0.05)
    assert fit.gradient is before
    fit.update(right, [hand], CAMERA, 0.2)
    assert np.linalg.norm(fit.gradient - before) < 0.1


def test_warm_light_is_warm_and_a_dark_room_dark():
    hand = posed_hand(CAMERA)
    whites = []
    for gain in ([1, 1, 1], [1.2, 1, 0.6], [0.2, 0.2, 0.2]):
        light = SceneLight(SURFACE)
        frame = lit_frame(hand, unit(-1, -1, -1))
        frame = (255 * ((frame / 255.0) ** 2.2 * gain).clip(0, 1) ** (1 / 2.2)).astype(np.uint8)
        light.update(frame, [hand], CAMERA, 0.0)
        whites.append(light.white_rgb)
    plain, warm, dark = whites
    assert warm[0] / warm[2] > 1.3 * plain[0] / plain[2]
    assert dark.mean() < 0.4 * plain.mean()


@pytest.mark.parametrize(("skin", "behind", "least", "most"), [(1.0, 0.1, 0.9, 1.1), (0.3, 1.0, 0.33, 0.6)])
def test_a_hand_brighter_than_what_is_behind_it_tells_the_light_alone(skin, behind, least, most):
    hand = posed_hand(CAMERA)
    linear = np.full((480, 640, 3), 0.22 * behind, np.float32)
    for x, y in np.rint(hand.joints_2d_px).astype(int):
        linear[max(y - 6, 0) : y + 6, max(x - 6, 0) : x + 6] = skin * SKIN
    frame = (255 * linear ** (1 / 2.2)).round().astype(np.uint8)
    white, _ = estimate_light(frame, [hand])
    assert least < np.exp(np.log(white).mean()) < most


def test_rooms_turn_until_their_lamps_stand_where_the_light_comes_from():
    for name in environment_names():
        environment = load_environment(name)
        for x in (-0.7, 0.0, 0.7):
            turn = 2 * np.pi * rotation_to(np.array([x, -0.5, -0.5]), environment)
            azimuth = np.arctan2(environment.main_light[0], environment.main_light[2]) - turn
            assert np.cos(azimuth) < -0.2  # never ahead of the camera, where the picture shows no lamp
            assert np.sin(azimuth) * x >= -1e-9


def test_another_room_fades_in_only_after_lasting_evidence(monkeypatch):
    monkeypatch.setattr("app.render.light.estimate._FAMILIAR", 0.0)
    light, hand = SceneLight(SURFACE), posed_hand(CAMERA)
    light.update(lit_frame(hand, unit(-1, -0.3, -0.8)), [hand], CAMERA, 0.0)
    first = light.environments[0].name
    overhead = lit_frame(hand, unit(0, -1, 0), strength=0.9, rgb=(0.2, 0.25, 0.4))
    shown, fading = [], []
    for k in range(1, 90):
        light.update(overhead, [hand], CAMERA, k / 15)
        shown.append(light.environments[0].name)
        fading.append(light.uniforms()["fading"])
    changes = sum(a != b for a, b in pairwise(shown))
    assert shown[20] == first
    assert shown[-1] != first
    assert changes == 1
    assert fading[fading.index(1.0) - 1] == 0.0
    assert all(b <= a for a, b in pairwise(fading[fading.index(1.0) :]))
    assert fading[-1] == 0.0


def test_one_environment_can_be_asked_for():
    light = SceneLight(SURFACE, "studio")
    assert [environment.name for environment in light.environments] == ["studio", "studio"]
    with pytest.raises(ValueError, match="no 'moon'"):
        SceneLight(SURFACE, "moon")


def test_soft_light_from_six_sides_is_that_of_the_panorama():
    environment = load_environment("sunset")
    top, bottom = (environment.levels[-1][row].astype(float).mean(0) for row in (0, -1))
    cube = ambient_cube((environment, environment), (0.0, 0.0), 0.0)
    grey = [handedness @ [0.2126, 0.7152, 0.0722] for handedness in (bottom, top)]
    np.testing.assert_allclose(
        cube[2:4, :3], 0.5 * np.stack([bottom, top]) + 0.5 * np.array(grey)[:, None], rtol=1e-4
    )
    # A quarter of a turn: what was right comes from ahead
    turned = ambient_cube((environment, environment), (0.25, 0.25), 0.0)
    np.testing.assert_allclose(turned[4, :3], np.minimum(cube[0, :3], 0.6), rtol=1e-4)
    other = load_environment("studio")
    half = ambient_cube((environment, other), (0.0, 0.0), 0.5)
    whole = ambient_cube((other, other), (0.0, 0.0), 0.0)
    np.testing.assert_allclose(half[1], 0.5 * cube[1] + 0.5 * whole[1], rtol=1e-4)
