"""The finger hole is found in rings of any pose, scale and make."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from app.effects.ring.designs import build_design, ring_designs
from app.ring_files.hole import find_hole
from models.geometry import rotation_from_axis_angle
from tests.app.effects.ring.test_designs import meshes


def design(name: str) -> trimesh.Trimesh:
    """All its parts, inner radius 1, head or gap at +y."""
    whole = trimesh.util.concatenate(
        [mesh for part in build_design(name, 0.0085).parts for mesh in meshes(part.geometry)]
    )
    return whole.apply_scale(1 / 0.0085)


def arch(thickness: float, width: float, gap: float = 0.0) -> trimesh.Trimesh:
    """A square band of inner radius 1 with a gap (radians) at +y."""
    angle = np.pi / 2 + gap / 2 + np.linspace(0, 2 * np.pi - gap, 120)
    corners = [(1, -width), (1 + thickness, -width), (1 + thickness, width), (1, width)]
    v = np.array([[r * np.cos(a), r * np.sin(a), z / 2] for a in angle for r, z in corners])
    at = np.arange(119)[:, None] * 4
    k, j = np.arange(4), (np.arange(4) + 1) % 4
    quads = np.stack([at + k, at + j, at + 4 + j, at + 4 + k], 2).reshape(-1, 4)
    return trimesh.Trimesh(v, np.concatenate([quads[:, :3], quads[:, [0, 2, 3]]]), process=False)


RINGS = {name: lambda name=name: design(name) for name in ring_designs()} | {
    "thin": lambda: arch(0.03, 0.1),
    "thick": lambda: arch(0.6, 0.5),
    "wide": lambda: arch(0.12, 1.6),
    "open": lambda: arch(0.2, 0.3, gap=1.4),
}


@pytest.mark.parametrize("name", RINGS)
def test_axis_size_and_middle(name):
    rng = np.random.default_rng(len(name))
    turn = rotation_from_axis_angle(rng.normal(size=3) * 2)
    scale = 10 ** rng.uniform(-3, 3)
    offset = scale * rng.normal(size=3) * 5
    ring = RINGS[name]()
    hole = find_hole(scale * ring.vertices @ turn.T + offset, ring.faces)
    assert hole is not None
    assert np.degrees(np.arccos(min(1, abs(hole.axis @ turn[:, 2])))) < 2.5
    assert hole.inner_radius / scale == pytest.approx(1, abs=0.015)
    assert np.linalg.norm(hole.center - offset) / scale < 0.05
    assert hole.outer_radius > hole.inner_radius
    assert np.linalg.det(np.stack([hole.across, hole.up, hole.axis])) == pytest.approx(1)
    if name in ("signet", "solitaire", "open"):
        assert hole.up @ turn[:, 1] > np.cos(np.radians(6))


@pytest.mark.parametrize("what", ["ball", "box", "half"])
def test_what_has_no_hole(what):
    solid = {
        "ball": lambda: trimesh.creation.icosphere(3),
        "box": lambda: trimesh.creation.box((1, 2, 3)),
        "half": lambda: arch(0.2, 0.3, gap=3.4),
    }[what]()
    assert find_hole(solid.vertices, solid.faces) is None
