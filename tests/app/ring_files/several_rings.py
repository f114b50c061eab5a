"""Ring files with several rings: on a tray, in a box, leaning on each other; and one that only looks so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import trimesh

from tests.app.ring_files.glb_builder import Glb, Mesh
from tests.app.ring_files.ring_kinds import GOLD, INNER_MM, PAINT, ball, band

Place = tuple[float, float, float, float]  # x, y, z in millimetres, and a turn about y in degrees
TRAY: list[Place] = [(27.0 * (k % 4), 27.0 * (k // 4), 0, 35.0 * k) for k in range(12)]
FLAT: list[Place] = [(24.0 * (k % 4), 28.0 * (k // 4), 0, 0) for k in range(12)]
SLOTS: list[Place] = [(30.0 * (k // 4), 0, 9.0 * (k % 4), 0) for k in range(12)]
LEANING: list[Place] = [(7.0 * k, 0, 0, 60) for k in range(5)]


def _mesh(made: trimesh.Trimesh, x: float = 0, y: float = 0, z: float = 0) -> Mesh:
    return (made.vertices + np.array([x, y, z])) * 1e-3, np.array(made.faces, np.int64)


BOARD = ("Box_7", _mesh(trimesh.creation.box((140, 110, 4)), 40, 27, -20))
RIM = ("Torus_2", _mesh(trimesh.creation.torus(90, 3, 48, 12), 40, 27))


def rings_at(places: Sequence[Place], *scenery: tuple[str, Mesh]) -> Callable[[Path], Path]:
    """Rings with a stone each, the first of 17.3 mm."""

    def make(path: Path) -> Path:
        glb = Glb()
        for name, mesh in scenery:
            glb.plain(name, mesh)
        for k, (x, y, z, degrees) in enumerate(places):
            half, inner = np.radians(degrees) / 2, INNER_MM + 0.3 * (k % 5)
            where = {
                "translation": [1e-3 * x, 1e-3 * y, 1e-3 * z],
                "rotation": [0, float(np.sin(half)), 0, float(np.cos(half))],
            }
            glb.plain(f"No {k + 1}", band(inner), GOLD, **where)
            glb.plain("Brilliant", ball(0, inner / 2 + 3.4, 0, 1.5), PAINT, **where)
        return glb.write(path)

    return make


def one_mesh(path: Path) -> Path:
    """Twelve bands that are one mesh, as of a printing bed."""
    bands = [trimesh.Trimesh(*band(unit_m=1e-3)).apply_translation(place[:3]) for place in FLAT]
    trimesh.util.concatenate(bands).export(path)
    return path


def linked(path: Path) -> Path:
    """A chain that is one ring, 17.3 mm across inside: each link through the next, every other one turned."""
    glb, count, wire = Glb(), 24, 0.45
    radius = INNER_MM / 2 + 1.4 + wire
    link = trimesh.creation.torus(1.4, wire, 32, 10)
    pitch = np.pi * radius / count
    for k in range(count):
        turn = 2 * np.pi * k / count
        out = np.array([np.cos(turn), np.sin(turn), 0])
        along, up = np.array([-out[1], out[0], 0]), np.array([0, 0, 1])
        across = out if k % 2 else up
        shape = link.vertices * [(pitch + 0.55) / 1.4, 1, 1]
        points = shape @ np.stack([along, across, np.cross(along, across)])
        glb.plain(f"Link {k}", (1e-3 * (points + radius * out), np.array(link.faces, np.int64)), GOLD)
    return glb.write(path)
