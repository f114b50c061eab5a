from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from app.effects import METALS, Rings, RingSettings, effect_names, make_effect
from app.effects.ring.designs import build_design
from app.render.scene import EffectContext
from models.geometry import camera_from_fov
from tests.app.render.render_help import grey_frame, posed_hand

CAMERA = camera_from_fov(640, 480)


def context(*hands, time_s=0.0) -> EffectContext:
    return EffectContext(grey_frame(CAMERA), hands, CAMERA, time_s)


def test_every_effect_can_be_made_and_survives_an_empty_frame():
    for name in effect_names():
        effect = make_effect(name)
        assert list(effect.place(context())) == []
        assert list(effect.readout()) == []


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("rings", None, "choose from ring, band"),
        ("none", RingSettings(), "expected NoSettings, got RingSettings"),
        ("ring", "gold", "expected Rings, got str"),
    ],
)
def test_wrong_names_and_settings(name, settings, message):
    with pytest.raises(ValueError, match=message):
        make_effect(name, settings)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"finger": "pinky"}, "finger: expected one of thumb"),
        ({"finger": "thumb", "segment": "middle"}, "thumb finger has"),
        ({"position": 1.2}, "0 to 1"),
        ({"metal": "tin"}, "choose from gold"),
        ({"design": "heart"}, "choose from plain, signet"),
        ({"stone": "glass"}, "choose from diamond"),
        ({"size_mm": 40.0}, "10 to 30 mm across"),
        ({"hands": "none"}, "both, right or left"),
    ],
)
def test_settings_no_workshop_takes(change, message):
    with pytest.raises(ValueError, match=message):
        RingSettings(**change)


@pytest.mark.parametrize(("hands", "worn_by"), [("both", [1, 2]), ("right", [1]), ("left", [2])])
def test_rings_on_the_hands_asked_for(hands, worn_by):
    effect = make_effect("ring", Rings((RingSettings(hands=hands),)))
    left = posed_hand(CAMERA, handedness="left", at=(0.15, 0.06, 0.5), track_id=2)
    props = effect.place(context(posed_hand(CAMERA), left))
    assert [p.mount.track_id for p in props] == worn_by


def test_ring_encircles_its_finger():
    hand = posed_hand(CAMERA)
    for finger, joints in (("index", (5, 6)), ("little", (17, 18)), ("thumb", (2, 3))):
        (prop,) = make_effect("ring", Rings((RingSettings(finger=finger),))).place(context(hand))
        a, b = hand.joints_m[list(joints)]
        t = (prop.pose[:3, 3] - a) @ (b - a) / ((b - a) @ (b - a))
        assert t == pytest.approx(0.6, abs=0.15)
        assert prop.pose[:3, 2] @ (b - a) / np.linalg.norm(b - a) > 0.95
        assert np.linalg.det(prop.pose[:3, :3]) > 0
        local = np.c_[hand.vertices_m, np.ones(778)] @ np.linalg.inv(prop.pose).T
        near = local[(np.abs(local[:, 2]) < 0.004) & (np.hypot(local[:, 0], local[:, 1]) < 0.0115)]
        radius = np.hypot(near[:, 0], near[:, 1])  # snug: the skin there lies about the band's inside
        assert len(near) > 5
        assert np.median(radius) == pytest.approx(prop.mount.inner_radius_m, rel=0.10)


def test_readout_names_the_size_while_the_ring_is_worn():
    effect = make_effect("ring")
    effect.place(context(posed_hand(CAMERA)))
    (line,) = effect.readout()
    mm, us, eu = line.split(" · ")
    size, uncertainty = mm.removesuffix(" mm").split(" ± ")
    assert 14 < float(size) < 22
    assert 0.04 < float(uncertainty) / float(size) < 0.08
    assert us.startswith("US ")
    assert eu.startswith("EU ")
    assert list(effect.place(context(time_s=0.5))) == []
    effect.place(context(time_s=2.0))
    assert list(effect.readout()) == []


def test_size_is_steady_on_a_breathing_mesh_and_its_place_follows():
    effect, rng = make_effect("ring"), np.random.default_rng(0)
    still = posed_hand(CAMERA)
    raw, sizes = [], []
    for i in range(60):
        grown = 1 + rng.normal(0, 0.03)
        vertices = (still.joints_m[0] + grown * (still.vertices_m - still.joints_m[0])).astype(np.float32)
        effect.place(context(replace(still, vertices_m=vertices), time_s=i / 30))
        raw.append(grown)
        sizes.append(effect.sizes()[0].diameter_mm)
    assert np.std(sizes[20:]) / np.mean(sizes) < np.std(raw) / 3
    moved = still.moved(np.array([0.03, 0, 0]))
    (prop,) = effect.place(context(moved, time_s=2.0))
    (fresh,) = make_effect("ring").place(context(moved))
    np.testing.assert_allclose(prop.pose[:3, 3], fresh.pose[:3, 3], atol=1e-3)


def test_time_that_runs_backwards_measures_afresh():
    effect = make_effect("ring")
    for t in (5.0, 5.0, 1.0):
        (prop,) = effect.place(context(posed_hand(CAMERA), time_s=t))
        assert np.isfinite(prop.pose).all()


def test_band_is_a_sound_shape():
    (part,) = build_design("plain", 0.0085).parts
    band = part.geometry
    mesh = trimesh.Trimesh(band.vertices_m, band.faces, process=False)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.volume > 0
    radius = np.hypot(band.vertices_m[:, 0], band.vertices_m[:, 1])
    assert radius.min() == pytest.approx(0.0085, rel=0.01)
    assert radius.max() == pytest.approx(0.0102, rel=0.01)
    assert np.ptp(band.vertices_m[:, 2]) == pytest.approx(0.004, rel=0.01)
    np.testing.assert_allclose(np.linalg.norm(band.normals, axis=1), 1, atol=1e-5)
    assert (np.einsum("ij,ij->i", mesh.vertex_normals, band.normals) > 0.9).all()
    assert build_design("plain", 0.0085).parts[0].geometry is band


def test_metals_are_physical():
    for metal in METALS.values():
        assert all(0 < c <= 1 for c in metal.reflectance_rgb)
        assert 0 <= metal.roughness <= 1


def test_a_ring_fades_in_on_a_hand_that_comes_later_and_is_whole_on_a_single_picture():
    hand = posed_hand(CAMERA)
    effect = make_effect("ring")
    assert [prop.opacity for prop in effect.place(context(hand))] == [1.0]
    effect = make_effect("ring")
    effect.place(context())
    shown = [effect.place(context(hand, time_s=t)) for t in (0.1, 0.2, 0.25, 0.4)]
    opacities = [prop.opacity for props in shown for prop in props]
    assert shown[0] == []
    assert opacities == pytest.approx([0.5, 0.75, 1.0])


def test_a_ring_of_which_a_speck_would_be_seen_fades_out():
    seen, fist = posed_hand(CAMERA), posed_hand(CAMERA, flexion=1.3)
    effect = make_effect("ring")
    effect.place(context(seen))
    (half,) = effect.place(context(fist, time_s=0.1))
    assert half.opacity == pytest.approx(0.5)
    assert effect.place(context(fist, time_s=0.25)) == []
    assert len(effect.readout()) == 1  # its size is known still
