"""Ring files of the user's own: worn as they are, made simpler, or refused in one line."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import numpy as np
import pytest
import trimesh

from app.effects import OwnRing, Placement, Rings, RingSettings, make_effect
from app.effects.ring.file import MOST_TRIANGLES, describe, load_own_ring
from app.effects.ring.memory import recall, remember
from app.effects.shading import shaded
from app.errors import UserError
from app.render.scene import EffectContext, Metal
from models.geometry import camera_from_fov, rotation_from_axis_angle
from tests.app.effects.ring.ring_models import (
    TRIANGLE,
    bare_ring,
    glb,
    links_of_chain,
    one_mesh,
    ring_scene,
    ring_with_picture,
)
from tests.app.render.render_help import grey_frame, posed_hand


@pytest.fixture(autouse=True)
def own_home(monkeypatch, tmp_path):
    monkeypatch.setenv("PALMISTRY_HOME", str(tmp_path / "home"))


def triangles(own: OwnRing) -> int:
    return sum(len(part.geometry.faces) for part in own.model.parts)


def test_a_glb_with_stones_is_worn_in_its_own_colours_and_upright(tmp_path):
    scene = ring_scene("solitaire")
    turn = np.eye(4)
    turn[:3, :3], turn[:3, 3] = rotation_from_axis_angle([0.4, 1.1, -2.0]), (0.3, -0.2, 0.1)
    scene.apply_transform(turn)
    scene.export(tmp_path / "ring.glb")
    own = load_own_ring(tmp_path / "ring.glb")
    assert (own.unit, own.guessed) == ("m", True)
    assert own.inner_diameter_mm == pytest.approx(17, abs=0.15)
    assert describe(own).startswith("ring.glb: taken as metres: inner diameter 1")
    metals = [p.material for p in own.model.parts if isinstance(p.material, Metal)]
    assert metals
    assert all(m.reflectance_rgb[0] > m.reflectance_rgb[2] for m in metals)
    (stone,) = (p.geometry for p in own.model.parts if p.material == "stone")
    middle = stone.copies[0][:3, 3]
    assert middle[1] == pytest.approx(0.0085 + 0.0046, abs=0.0009)  # on the back of the finger
    assert np.hypot(middle[0], middle[2]) < 0.0005
    assert len(np.unique(stone.normals.round(2), axis=0)) > 40  # its facets are flat still


@pytest.mark.parametrize(("kind", "scale", "unit"), [("stl", 1e3, "mm"), ("obj", 1 / 0.0254, "in")])
def test_the_unit_is_guessed_said_and_can_be_told(tmp_path, kind, scale, unit):
    path = tmp_path / f"ring.{kind}"
    bare_ring(scale=scale).export(path)
    own = load_own_ring(path)
    assert own.unit == unit
    assert own.inner_diameter_mm == pytest.approx(17, rel=0.01)
    assert [part.material for part in own.model.parts] == ["metal"]  # the wearer's choice
    with pytest.raises(UserError, match=r"which no finger wears; give another unit"):
        load_own_ring(path, "m")


def test_what_was_said_of_a_file_is_remembered_by_what_is_in_it(tmp_path):
    path = tmp_path / "ring.stl"
    bare_ring(scale=100.0).export(path)
    own = load_own_ring(path)
    assert (own.unit, own.guessed) == ("cm", True)
    placement = Placement(1.5, -20.0, 1.1, True)
    remember(own.sha256, placement, "cm")
    other = path.rename(tmp_path / "renamed.stl")
    again = load_own_ring(other)
    assert (again.unit, again.guessed) == ("cm", False)
    assert recall(again.sha256).placement == placement
    memory = next((tmp_path / "home").rglob("*.json"))
    for damaged in ("{", "[]", '{"%s": 3}' % own.sha256, '{"%s": {"scale": "x"}}' % own.sha256):  # noqa: UP031
        memory.write_text(damaged)
        assert recall(own.sha256).placement == Placement()


def test_an_unmeasurable_ring_fits_all_the_same(tmp_path):
    bare_ring(scale=1.0).apply_scale(1e-4).export(tmp_path / "dust.stl")
    own = load_own_ring(tmp_path / "dust.stl")
    assert own.inner_diameter_mm == pytest.approx(17.3)
    assert "no unit makes a ring of it" in describe(own)


@pytest.mark.slow
def test_a_million_triangles_become_twenty_thousand(tmp_path):
    path = tmp_path / "million.stl"
    trimesh.creation.torus(9.3, 0.8, 1000, 500).export(path)
    started_s = time.thread_time()
    own = load_own_ring(path)
    assert time.thread_time() - started_s < 2  # at most this long can it keep a window's thread waiting
    assert 5_000 < triangles(own) <= MOST_TRIANGLES
    assert "1,000,000 triangles were reduced to 20,000" in describe(own)
    assert own.inner_diameter_mm == pytest.approx(17, rel=0.01)


@pytest.mark.slow
def test_a_chain_of_many_links_and_colours_becomes_a_few_parts(tmp_path):
    links_of_chain(800, colours=20).export(tmp_path / "chain.glb")
    own = load_own_ring(tmp_path / "chain.glb")
    assert triangles(own) <= MOST_TRIANGLES
    assert len(own.model.parts) == 12
    assert "20 materials were reduced to 12" in describe(own)
    assert own.inner_diameter_mm == pytest.approx(17, abs=0.3)


def test_a_picture_that_would_fill_the_memory_is_not_unpacked(tmp_path):
    path = ring_with_picture(tmp_path / "ring.glb", side_px=30_000)
    assert path.stat().st_size < 1_000_000
    assert load_own_ring(path).inner_diameter_mm == pytest.approx(17, abs=0.2)


def test_a_torn_mesh_is_seen_from_both_sides(tmp_path):
    ring = bare_ring()
    kept = np.random.default_rng(0).random(len(ring.faces)) > 0.1
    faces = np.r_[ring.faces[kept], ring.faces[kept][:60, ::-1], [[0, 0, 1], [5, 6, 5]]]
    trimesh.Trimesh(ring.vertices, faces, process=False, validate=False).export(tmp_path / "torn.obj")
    own = load_own_ring(tmp_path / "torn.obj")
    (part,) = own.model.parts
    assert triangles(own) == 2 * kept.sum()
    normals = part.geometry.normals[part.geometry.faces].mean(1)
    np.testing.assert_allclose(normals.sum(0), 0, atol=1e-2)
    assert own.inner_diameter_mm == pytest.approx(17, rel=0.01)


def test_other_files_are_never_read(tmp_path):
    secret = tmp_path / "secret.mtl"
    secret.write_text("newmtl red\nKd 1 0 0\n")
    inside = tmp_path / "inside"
    inside.mkdir()
    path = inside / "ring.obj"
    body = bare_ring().export(file_type="obj", include_normals=False)
    for name in ("../secret.mtl", str(secret), "link.mtl"):
        (inside / "link.mtl").unlink(missing_ok=True)
        (inside / "link.mtl").symlink_to(secret)
        path.write_text(f"mtllib {name}\nusemtl red\n{body}")
        own = load_own_ring(path)
        assert [part.material for part in own.model.parts] == ["metal"]
        assert "other files was left out" in describe(own)
    (inside / "own.mtl").write_text("newmtl red\nKd 1 0 0\n")
    path.write_text(f"mtllib own.mtl\nusemtl red\n{body}")
    (part,) = load_own_ring(path).model.parts
    assert isinstance(part.material, Metal)
    assert part.material.reflectance_rgb[0] > 0.9


def _junk(path: Path) -> Path:
    path.write_bytes(np.random.default_rng(0).integers(0, 255, 4000, dtype=np.uint8).tobytes())
    return path


def _written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _cut(path: Path) -> Path:
    ring_scene("plain").export(path)
    return _written(path, path.read_bytes()[:5000])


BAD = {
    "missing": (lambda d: d / "none.stl", "does not exist"),
    "folder": (lambda d: d, "no 3D model"),
    "kind": (lambda d: _written(d / "a.fbx", "x"), "give a .glb, .obj or .stl"),
    "empty": (lambda d: _written(d / "a.stl", ""), "is empty"),
    "no triangles": (lambda d: _written(d / "a.obj", "v 0 0 0\n"), "no triangles"),
    "noise stl": (lambda d: _junk(d / "a.stl"), "can't be worn"),
    "noise obj": (lambda d: _junk(d / "a.obj"), "can't be worn"),
    "noise glb": (lambda d: _junk(d / "a.glb"), "damaged or not GLB"),
    "cut off": (lambda d: _cut(d / "a.glb"), "damaged"),
    "lying count": (
        lambda d: _written(d / "a.stl", b"\0" * 80 + struct.pack("<I", 1 << 31) + b"\0" * 500),
        "can't be worn",
    ),
    "not a number": (
        lambda d: _written(d / "a.obj", "v nan 0 0\nv 1 inf 0\nv 0 1 0\nf 1 2 3\n"),
        "no triangles",
    ),
    "no such vertex": (
        lambda d: _written(d / "a.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 999999999\n"),
        "damaged",
    ),
    "outside buffer": (
        lambda d: glb(d / "a.glb", one_mesh(3, uri="../../etc/passwd")),
        "parts of itself in other files",
    ),
    "two billion": (lambda d: glb(d / "a.glb", one_mesh(2_000_000_000), TRIANGLE), "can't be worn"),
    "many nodes": (lambda d: glb(d / "a.glb", one_mesh(3, nodes=50_000), TRIANGLE), "more than 3000 nodes"),
    "compressed": (
        lambda d: glb(d / "a.glb", one_mesh(3) | {"extensionsRequired": ["ACME_mesh_compression"]}, TRIANGLE),
        "export it without",
    ),
    "deep": (lambda d: glb(d / "a.glb", one_mesh(3), nested=100_000), "damaged"),
    "ball": (lambda d: Path(_exported(trimesh.creation.icosphere(3), d / "a.stl")), "no hole for a finger"),
}


def _exported(mesh: trimesh.Trimesh, path: Path) -> Path:
    mesh.export(path)
    return path


@pytest.mark.parametrize("what", BAD)
def test_bad_files_are_refused_in_one_line(tmp_path, what):
    make, words = BAD[what]
    with pytest.raises(UserError) as caught:
        load_own_ring(make(tmp_path))
    line = str(caught.value)
    assert words in line
    assert "\n" not in line
    assert len(line) < 220


def test_a_reader_that_hangs_or_dies_is_one_line(tmp_path, monkeypatch):
    path = tmp_path / "ring.stl"
    bare_ring().export(path)
    reader = tmp_path / "reader.py"
    monkeypatch.setattr("app.effects.ring.file._READER", reader)
    monkeypatch.setattr("app.effects.ring.file._TIME_S", 0.5)
    for code, words in (
        ("while True: pass", "took longer than"),
        ("import os; os.abort()", "damaged, or takes"),
    ):
        reader.write_text(code)
        with pytest.raises(UserError, match=words):
            load_own_ring(path)


def test_shading_keeps_creases_and_smooths_the_rest():
    box = trimesh.creation.box((1, 1, 1))
    np.testing.assert_allclose(np.abs(shaded(box.vertices, box.faces).normals).max(1), 1, atol=1e-6)
    ball = trimesh.creation.icosphere(3)
    smooth = shaded(ball.vertices, ball.faces)
    assert (smooth.normals * smooth.vertices_m).sum(1).min() > 0.999


def test_an_own_ring_sits_on_the_finger_and_nothing_is_drawn_while_it_is_read(tmp_path):
    bare_ring().export(tmp_path / "ring.stl")
    own = load_own_ring(tmp_path / "ring.stl")
    camera = camera_from_fov(640, 480)
    context = EffectContext(grey_frame(camera), [posed_hand(camera)], camera, 0.0)
    (theirs,) = make_effect("ring", Rings((RingSettings(own=own),))).place(context)
    (ours,) = make_effect("ring").place(context)
    inner = [np.linalg.norm(p.pose[:3, 0]) * p.mount.inner_radius_m for p in (theirs, ours)]
    assert inner[0] == pytest.approx(inner[1])
    waiting = make_effect("ring", Rings((RingSettings(own=OwnRing(tmp_path / "ring.stl")),)))
    assert list(waiting.place(context)) == []
