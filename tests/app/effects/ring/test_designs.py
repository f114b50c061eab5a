"""The designs that are built by code, and the brilliant cut."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from app.effects import METALS, STONES, Placement, Rings, RingSettings, make_effect
from app.effects.ring.designs import build_design, ring_designs
from app.effects.ring.footprint import footprint
from app.effects.ring.stones import CROWN_DEG, PAVILION_DEG, TABLE, brilliant
from app.effects.solids import tube
from app.render.scene import EffectContext, Gem, Geometry
from models.geometry import camera_from_fov
from tests.app.render.render_help import grey_frame, posed_hand

CAMERA = camera_from_fov(640, 480)
RADIUS_M = 0.0086


def context(*hands, time_s=0.0) -> EffectContext:
    return EffectContext(grey_frame(CAMERA), hands, CAMERA, time_s)


def meshes(geometry: Geometry) -> list[trimesh.Trimesh]:
    """The geometry, or each of its copies, its vertices welded."""
    poses = [np.eye(4)] if geometry.copies is None else geometry.copies
    made = [trimesh.Trimesh(geometry.vertices_m, geometry.faces, process=False) for _ in poses]
    for mesh, pose in zip(made, poses, strict=True):
        mesh.apply_transform(pose)
    return made


@pytest.mark.parametrize("name", ring_designs())
def test_a_design_is_a_sound_ring_of_its_size(name):
    model = build_design(name, RADIUS_M)
    assert model is build_design(name, RADIUS_M)
    triangles = sum(len(p.geometry.faces) * len(meshes(p.geometry)) for p in model.parts)
    assert triangles <= 20_000
    assert any(p.material == "stone" for p in model.parts) == ring_designs()[name].has_stones
    metal = [m for p in model.parts if p.material != "stone" for m in meshes(p.geometry)]
    stones = [m for p in model.parts if p.material == "stone" for m in meshes(p.geometry)]
    for welded in [trimesh.util.concatenate(metal), *stones]:
        for solid in trimesh.Trimesh(welded.vertices, welded.faces).split(only_watertight=False):
            assert solid.is_watertight
            assert solid.volume > 0
    for part in model.parts:
        for mesh in meshes(part.geometry):
            clear = np.hypot(mesh.vertices[:, 0], mesh.vertices[:, 1]).min()
            assert clear > RADIUS_M - 1e-6  # nothing pricks the finger
        normals = part.geometry.normals
        np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-4)
        faces = trimesh.Trimesh(part.geometry.vertices_m, part.geometry.faces, process=False).face_normals
        assert ((faces * normals[part.geometry.faces].mean(1)).sum(1) > 0).mean() > 0.999
    band = model.parts[0].geometry.vertices_m
    assert np.hypot(band[:, 0], band[:, 1]).min() == pytest.approx(RADIUS_M, rel=0.005)
    assert 0.0010 < model.outer_radius_m - model.inner_radius_m < 0.0026


def test_a_rings_footprint_is_as_wide_as_it_touches_the_finger():
    width_mm = {
        name: 2e3 * np.array(build_design(name, RADIUS_M).footprint)[:, 1] for name in ("plain", "signet")
    }
    np.testing.assert_allclose(width_mm["plain"], 4.0, atol=0.3)
    assert width_mm["signet"][0] == pytest.approx(10, abs=1)  # under its face
    assert width_mm["signet"][24] == pytest.approx(3.2, abs=0.4)
    middle = np.array(build_design("open", RADIUS_M).footprint)[:, 0]
    assert middle[3] * middle[-3] < 0  # its ends pass each other
    turn = np.linspace(0.6, 2 * np.pi - 0.6, 100)  # from the finger's back towards +x
    wire = tube(0.0096 * np.stack([np.sin(turn), np.cos(turn), 0 * turn], 1), 0.001)
    there = np.array(footprint([wire], RADIUS_M))[:, 2]
    np.testing.assert_array_equal(np.flatnonzero(there == 0), [0, 1, 2, 3, 45, 46, 47])


def test_a_brilliant_has_its_facets_and_angles():
    stone = brilliant(0.006)
    mesh = meshes(stone)[0]
    assert trimesh.Trimesh(mesh.vertices, mesh.faces).is_watertight
    assert trimesh.Trimesh(mesh.vertices, mesh.faces).is_convex
    facets = np.unique(stone.normals.round(3), axis=0)
    assert len(facets) == 57 + 16  # .. and the girdle's
    slopes = np.degrees(np.arccos(facets[:, 1]))
    assert (np.abs(slopes - CROWN_DEG) < 0.1).sum() == 8
    assert (np.abs(slopes - (180 - PAVILION_DEG)) < 0.1).sum() == 8
    assert (np.abs(slopes) < 0.1).sum() == 1
    table = stone.vertices_m[stone.normals[:, 1] > 0.999]
    assert np.hypot(table[:, 0], table[:, 2]).max() == pytest.approx(TABLE * 0.003, rel=0.001)


def test_the_solitaires_stone_is_round_on_an_oval_finger_and_on_its_back():
    hand = posed_hand(CAMERA)
    settings = RingSettings(design="solitaire", stone="ruby", metal="platinum")
    band, head, stone = make_effect("ring", Rings((settings,))).place(context(hand))
    assert band.material == head.material == METALS["platinum"]
    assert stone.material == STONES["ruby"]
    assert isinstance(stone.material, Gem)
    squeezed, kept = (np.linalg.svd(p.pose[:3, :3], compute_uv=False) for p in (band, stone))
    assert np.ptp(squeezed) > 5e-4
    assert np.ptp(kept) < 1e-9
    assert kept[0] == pytest.approx(1, abs=0.35)
    at = (stone.pose @ stone.geometry.copies[0])[:3, 3]
    assert at[2] < band.pose[2, 3]  # the camera sees the back of the hand


def test_a_placement_moves_turns_scales_and_flips():
    hand = posed_hand(CAMERA)

    def band(**placement):
        settings = RingSettings(design="signet", placement=Placement(**placement))
        return make_effect("ring", Rings((settings,))).place(context(hand))[0].pose

    plain = band()
    axis = plain[:3, 2] / np.linalg.norm(plain[:3, 2])
    np.testing.assert_allclose(band(along_mm=2.0)[:3, 3] - plain[:3, 3], 2e-3 * axis, atol=1e-6)
    np.testing.assert_allclose(band(scale=1.25)[:3, :3], 1.25 * plain[:3, :3], atol=1e-6)
    np.testing.assert_allclose(band(flipped=True)[:3, 2], -plain[:3, 2], atol=1e-6)
    np.testing.assert_allclose(band(flipped=True)[:3, 1], plain[:3, 1], atol=1e-6)
    half = band(turn_deg=180.0)
    np.testing.assert_allclose(half[:3, 1], -plain[:3, 1], atol=1e-6)
    for bad in ({"along_mm": 50.0}, {"turn_deg": 270.0}, {"scale": 0.0}, {"scale": float("nan")}):
        with pytest.raises(ValueError, match="expected"):
            Placement(**bad)


def test_a_ring_of_a_fixed_size_says_how_it_fits():
    hand = posed_hand(CAMERA)
    fit = make_effect("ring")
    fit.place(context(hand))
    size_mm = fit.sizes()[0].diameter_mm
    for off_mm, words in ((0.0, "· fits"), (2.0, "2.0 mm too large"), (-2.0, "2.0 mm too small")):
        effect = make_effect("ring", Rings((RingSettings(size_mm=size_mm + off_mm),)))
        (prop,) = effect.place(context(hand))
        assert effect.readout()[0].endswith(words)
        across = np.linalg.norm(prop.pose[:3, 0]) * 2 * prop.mount.inner_radius_m
        assert across == pytest.approx(1e-3 * (size_mm + off_mm), rel=0.21)  # as far as the photo differs
        assert np.linalg.norm(prop.pose[:3, 1]) == pytest.approx(np.linalg.norm(prop.pose[:3, 0]))


def test_a_measured_hand_has_a_finger_of_known_size():
    hand = posed_hand(CAMERA)
    for size_error, at_most_mm in ((0.06, 1.2), (0.02, 0.5)):
        effect = make_effect("ring", size_error=size_error)
        effect.place(context(hand))
        assert float(effect.readout()[0].split("± ")[1].split(" mm")[0]) <= at_most_mm


def test_several_rings_on_several_hands():
    rings = (
        RingSettings(finger="index", hands="left"),
        RingSettings(finger="ring", design="twist"),
        RingSettings(finger="middle", segment="middle", hands="right"),
    )
    left = posed_hand(CAMERA, handedness="left", at=(0.15, 0.06, 0.5), track_id=2)
    effect = make_effect("ring", Rings(rings))
    props = effect.place(context(posed_hand(CAMERA), left))
    assert {(p.mount.track_id, p.mount.region) for p in props} == {(2, 2), (1, 4), (2, 4), (1, 3)}
    assert sorted(line.split(":")[0] for line in effect.readout()) == ["Index", "Middle", "Ring", "Ring"]


def test_a_growing_finger_gets_a_new_ring_before_its_parts_are_stretched():
    effect = make_effect("ring", Rings((RingSettings(design="solitaire"),)))
    for i in range(40):
        hand = posed_hand(CAMERA, scale=1 + 0.01 * i)
        stone = effect.place(context(hand, time_s=0.5 * i))[-1]
        built = np.linalg.norm(stone.pose[:3, 0])
        photo = effect._states[1, 0].estimate.scale
        oval = np.ptp(effect._states[1, 0].estimate.half_axes_mm) / 8
        assert built / photo == pytest.approx(1, abs=0.06 + oval)
