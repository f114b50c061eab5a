"""A ring from a file of the user's: glTF, OBJ or STL, measured, turned upright and brought to metres."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from app.effects.ring.memory import recall
from app.effects.ring.model import UNIT_WORDS, UNITS_M, Chosen, Kind, OwnRing, PartLabel, RingModel, RingPart
from app.effects.ring.settings import LARGEST_MM, SMALLEST_MM
from app.effects.shading import shaded
from app.errors import UserError
from app.render.scene import Material, Metal, Paint
from app.ring_files import program
from app.ring_files.content import kind_of
from app.ring_files.hole import Hole
from app.ring_files.piece import Unusable, printable

KINDS = (".glb", ".gltf", ".obj", ".stl")
OTHER_KINDS = (".ply", ".fbx", ".dae", ".3mf", ".3dm", ".step", ".stp", ".blend")  # not read
MOST_TRIANGLES = 20_000
_MOST_FILE_BYTES = 300 << 20
_TIME_S = 90.0
_READER = Path(program.__file__)
# In which unit a file is likely to be, the likeliest first: glTF is in metres, but not every exporter knows.
_LIKELY = ("mm", "m", "cm", "0.1mm")
_LIKELY_GLTF = ("m", "mm", "cm", "0.1mm")


@dataclass(frozen=True)
class Fits:
    """What is worn where: inner diameters, millimetres."""

    where: str
    most_mm: tuple[float, float]  # of most
    all_mm: tuple[float, float]  # of any
    usual_mm: float  # taken where no unit makes a ring of the file


FINGER = Fits("finger", (13.0, 24.0), (SMALLEST_MM, LARGEST_MM), 17.3)
WRIST = Fits("wrist", (48.0, 75.0), (40.0, 95.0), 60.0)


def load_own_ring(
    path: Path,
    unit: str | None = None,
    ring: int | None = None,
    kinds: Mapping[str, Kind] | None = None,
    fits: Fits = FINGER,
) -> OwnRing:
    """Read a ring file. Takes a second or more: not for a thread that draws. Raises UserError.

    unit: of UNITS_M, what one number of the file means. ring: which of several in it, from 0. kinds: what
    parts are, by their labels. None takes what was said of this very file before, or else guesses. Reading
    happens in a process of its own, with its memory and time limited, because files come from strangers.
    """
    if unit is not None and unit not in UNITS_M:
        raise UserError(f"ring unit: there is no {unit!r}; choose from {', '.join(UNITS_M)}")
    sha256 = _checked(path)
    known = recall(sha256)
    unit = unit or known.unit
    said = {
        "ring": known.ring if ring is None else ring,
        "kinds": dict(known.kinds if kinds is None else kinds),
    }
    found = _read(path, said)
    hole = program.hole_of(found)
    metres, taken, notes = _metres(hole, path, unit, fits)
    return OwnRing(
        path,
        taken,
        unit is None,
        _upright(found.parts, hole, metres),
        sha256,
        (*notes, *dict.fromkeys(found.notes)),
        tuple(found.rings),
        found.picked,
        tuple(PartLabel(*label) for label in found.labels),  # type: ignore[arg-type]
    )


def describe(own: OwnRing) -> str:
    """One line on how a file was understood, such as "taken as millimetres: inner diameter 17.3 mm"."""
    if own.model is None:
        return f"{own.path.name} is being read"
    size = f"inner diameter {own.inner_diameter_mm:.1f} mm"
    if not own.unit:
        how = f"no unit makes a ring of it: taken as {own.inner_diameter_mm:.1f} mm across"
    else:
        how = f"{'taken as' if own.guessed else 'in'} {UNIT_WORDS[own.unit]}: {size}"
    return "; ".join([f"{printable(own.path.name)}: {how}", *own.notes])


def _checked(path: Path) -> str:
    """The file's checksum, if it is one that can be a ring. Raises UserError."""
    try:
        if path.is_dir():
            raise UserError(f"{path} is a folder, no 3D model; --rings shows the rings in a folder")
        if not path.is_file():
            raise UserError(f"{path} does not exist or is no file; check the path")
        if path.suffix.lower() not in KINDS and kind_of(path) is None:
            raise UserError(f"{path.name} is no 3D model that can be read; give a .glb, .obj or .stl")
        size = path.stat().st_size
        if size == 0:
            raise UserError(f"{path.name} is empty; export the ring again")
        if size > _MOST_FILE_BYTES:
            raise UserError(
                f"{path.name} has {size >> 20} MB, up to {_MOST_FILE_BYTES >> 20} can be read; "
                "export it with fewer triangles"
            )
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except Unusable as error:
        raise UserError(f"{path.name} can't be worn: {error}") from error
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path.name} can't be read ({getattr(error, 'strerror', None) or error}); check the path"
        ) from error


def _read(path: Path, said: dict[str, Any]) -> program.Read:
    """What the program makes of the file. Raises UserError."""
    arguments = [str(path), path.suffix[1:].lower(), str(MOST_TRIANGLES), json.dumps(said)]
    command = [sys.executable, "-I", str(_READER), *arguments]
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # their stacks count as memory
    try:
        done = subprocess.run(command, capture_output=True, timeout=_TIME_S, env=dict(os.environ) | threads)
    except subprocess.TimeoutExpired:
        raise UserError(
            f"{path.name} took longer than {_TIME_S:.0f} s to read; export it with fewer triangles"
        ) from None
    if done.returncode == 3:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise UserError(f"{path.name} can't be worn: {lines[-1] if lines else 'no reason given'}")
    if done.returncode != 0:
        raise UserError(f"{path.name} can't be read: it is damaged, or takes too much memory or time")
    try:
        return program.unpacked(done.stdout)
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise UserError(f"{path.name} can't be read; export the ring again") from error


def _metres(hole: Hole, path: Path, unit: str | None, fits: Fits) -> tuple[float, str, list[str]]:
    """Metres for one number of the file, its unit ("" where none makes a ring), and what to say of it.

    Raises UserError.
    """
    across_mm = 2e3 * hole.inner_radius
    if unit is not None:
        size_mm = across_mm * UNITS_M[unit]
        if not fits.all_mm[0] <= size_mm <= fits.all_mm[1]:
            raise UserError(
                f"{path.name} in {UNIT_WORDS[unit]} has an inner diameter of {size_mm:.4g} mm, which no "
                f"{fits.where} wears; give another unit"
            )
        return UNITS_M[unit], unit, []
    metric = _LIKELY_GLTF if path.suffix.lower() in (".glb", ".gltf") else _LIKELY
    usual, possible = (
        [u for u in (*metric, "in") if low <= across_mm * UNITS_M[u] <= high]
        for low, high in (fits.most_mm, fits.all_mm)
    )
    # A size that is rare, in a metric unit, is likelier than inches.
    ranked = [*(u for u in usual if u != "in"), *(u for u in possible if u != "in"), *usual[-1:]]
    if not ranked:
        wrists = [across_mm * UNITS_M[u] for u in metric if fits is FINGER]
        wide_mm = next((mm for mm in wrists if WRIST.most_mm[0] <= mm <= WRIST.most_mm[1]), None)
        hint = (
            f"{wide_mm:.1f} mm would be a bracelet's: --effect wrist --bracelet wears it" if wide_mm else ""
        )
        return fits.usual_mm / across_mm, "", [hint] if hint else []
    taken = ranked[0]
    others = [
        f"{UNIT_WORDS[u]} would make it {across_mm * UNITS_M[u]:.1f} mm" for u in possible if u != taken
    ]
    notes = others or (["no metric unit makes a ring of it"] if taken == "in" else [])
    return UNITS_M[taken], taken, notes


def _upright(parts: list[dict[str, Any]], hole: Hole, metres: float) -> RingModel:
    """The ring around the origin, axis z, its head at +y, in metres."""
    turn = np.stack([hole.across, hole.up, hole.axis])
    made = []
    for part in parts:
        vertices = metres * (part["v"] - hole.center) @ turn.T
        material = _material(part["material"])
        if material != "stone":
            made.append(RingPart(shaded(vertices, part["f"]), material))
            continue
        pose = np.eye(4)
        pose[:3, 3] = vertices.mean(0)  # a stone is traced in its own frame, around its own middle
        stone = shaded(vertices - pose[:3, 3], part["f"], flat=True)
        made.append(RingPart(replace(stone, copies=pose[None].astype(np.float32)), material))
    return RingModel(
        tuple(made), metres * hole.inner_radius, metres * hole.outer_radius, metres * hole.half_width
    )


def _material(saved: dict[str, Any]) -> Material | Chosen:
    kind = saved["kind"]
    if kind in ("metal", "stone"):
        return kind
    r, g, b = saved["rgb"]
    return (Metal if kind == "own metal" else Paint)((r, g, b), saved["roughness"])
