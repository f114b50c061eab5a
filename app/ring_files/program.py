"""Reads one ring file, in a process of its own: `python program.py FILE KIND MOST_TRIANGLES OPTIONS`.

Files come from strangers. Whatever a broken or hostile one does to the libraries that read it, it does it
here, within limits of memory and time. Triangles go to stdout as an .npz of plain arrays; `meta` in it is
JSON. OPTIONS is JSON: `ring`, which of several is wanted, and `kinds`, what parts are, by their labels. If
the file can't be used, one line on stderr says why, and the status is 3.
"""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from app.ring_files.appearance import METAL, STONE, guessed, labels, material_of, told
from app.ring_files.bodies import body_of, cleaned, split, welded
from app.ring_files.choosing import Ring, rings_of, surrounds
from app.ring_files.content import kind_of
from app.ring_files.gltf import read_glb
from app.ring_files.hole import Hole
from app.ring_files.obj import read_obj
from app.ring_files.piece import Piece, Unusable, checked_count
from app.ring_files.stl import read_stl

MOST_BYTES = 2 << 30
MOST_SECONDS = 60
MOST_STONES = 40  # drawn as stones; more would cost too much time
MOST_MATERIALS = 12
MOST_NAMED = 12  # rings, in the line that says which one is worn
GLITTER = {"kind": "paint", "rgb": [0.75, 0.78, 0.82], "roughness": 0.05}
Part = dict[str, Any]  # vertices v (V, 3), faces f (F, 3), and a material


@dataclass(frozen=True)
class Options:
    """What the wearer has said of the file."""

    ring: int | None = None  # which of several, from 0
    kinds: dict[str, str] = field(default_factory=dict)  # by label: of appearance.KINDS


@dataclass(frozen=True, eq=False)
class Read:
    """A ring, as it comes from its file."""

    parts: list[Part]
    notes: list[str]
    hole: dict[str, Any]
    rings: list[str]  # all that are in the file
    picked: int
    labels: list[list[str]]  # label, guess, what it is drawn as


def main() -> int:
    """Read, and write the result."""
    path, kind, most = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    _limit()
    try:
        found = read(path, kind, most, Options(**json.loads(sys.argv[4])))
    except Unusable as error:
        print(error, file=sys.stderr)
        return 3
    except MemoryError:
        print("it needs more memory than a ring should", file=sys.stderr)
        return 3
    except Exception as error:  # whatever a library says of a broken file
        told_so = isinstance(error, ValueError | OSError) and " ".join(str(error).split())[:120]
        print(f"it is damaged or not {kind.upper()}{f' ({told_so})' if told_so else ''}", file=sys.stderr)
        return 3
    sys.stdout.buffer.write(packed(found))
    return 0


def packed(found: Read) -> bytes:
    """For another process."""
    arrays = {f"{name}{i}": part[name] for i, part in enumerate(found.parts) for name in ("v", "f")}
    meta = vars(found) | {"parts": [part["material"] for part in found.parts]}
    file = io.BytesIO()
    np.savez(file, meta=np.array(json.dumps(meta)), **arrays)
    return file.getvalue()


def unpacked(data: bytes) -> Read:
    """What the other process found. Raises KeyError, TypeError, ValueError, OSError."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        meta = json.loads(str(arrays["meta"]))
        parts = [
            {name: arrays[f"{name}{i}"] for name in "vf"} | {"material": material}
            for i, material in enumerate(meta.pop("parts"))
        ]
    return Read(parts=parts, **meta)


def hole_of(found: Read) -> Hole:
    """Its hole as it was found."""
    values: dict[str, Any] = {n: np.array(v) if isinstance(v, list) else v for n, v in found.hole.items()}
    return Hole(**values)


def read(path: Path, kind: str, most: int, options: Options | None = None) -> Read:
    """The ring of a file. kind: glb, obj or stl; what the content tells goes before it. Raises Unusable."""
    options = options or Options()
    notes: list[str] = []
    pieces = _pieces(path, kind, notes)
    checked_count(pieces)
    rings, others = rings_of(pieces)
    picked = min(max(0, options.ring or 0), len(rings) - 1)
    ring = rings[picked]
    if len(rings) > 1:
        names = ", ".join(f"{k + 1} {r.name}" for k, r in enumerate(rings[:MOST_NAMED]))
        names += ", .." if len(rings) > MOST_NAMED else ""
        notes.append(f"it holds {len(rings)} rings ({names}): {ring.name} is worn")
    if others:
        notes.append(f"{others} part{'s' if others > 1 else ''} beside the ring (a stand?) left out")
    total = checked_count(list(ring.pieces))
    if total > most:
        notes.append(f"{total:,} triangles were reduced to {most:,}")
    given, labelled = _appearance(ring, options.kinds)
    grouped = _by_material(given, notes)
    parts: list[Part] = []
    for piece in grouped:
        fraction = most * len(piece["f"]) // total
        if total > most:  # the small parts are reduced less
            fraction = (most // len(grouped) + 3 * fraction) // 4
        clean = piece | dict(zip("vf", cleaned(piece["v"], piece["f"], fraction), strict=True))
        if len(clean["f"]):
            parts += _stones(clean) if piece["material"] == STONE else [clean]
    if not parts:
        raise Unusable("it holds no triangles with an area")
    if sum(len(part["f"]) for part in parts) > 1.2 * most:
        raise Unusable(f"its {total:,} triangles can't be reduced to {most:,}; export it with fewer")
    hole = {
        name: value.tolist() if isinstance(value, np.ndarray) else float(value)
        for name, value in vars(ring.hole).items()
    }
    return Read(parts, notes, hole, [r.name for r in rings], picked, labelled)


def _pieces(path: Path, kind: str, notes: list[str]) -> list[Piece]:
    kind = kind_of(path) or kind
    if kind == "glb":
        return read_glb(path)
    return read_stl(path) if kind == "stl" else read_obj(path, notes)


def _appearance(ring: Ring, kinds: dict[str, str]) -> tuple[list[Part], list[list[str]]]:
    """The pieces with what they are drawn as, and the labels of them all."""
    named = labels(ring.pieces)
    guesses = guessed(ring.pieces, named)
    for piece, label in zip(ring.pieces, named, strict=True):
        guess = guesses[label]
        if guess.by_name and surrounds_alone(piece, ring):  # no stone has a finger through it
            guesses[label] = type(guess)(label, "file")
    now = {label: told(guess.guess, kinds, label) for label, guess in guesses.items()}
    parts = [
        {"v": piece.vertices, "f": piece.faces, "material": material_of(piece, now[label])}
        for piece, label in zip(ring.pieces, named, strict=True)
    ]
    return parts, [[label, guess.guess, now[label]] for label, guess in guesses.items()]


def surrounds_alone(piece: Piece, ring: Ring) -> bool:
    """Whether one body of it is the band."""
    v, f = welded(piece.vertices, piece.faces)
    return any(surrounds(own, ring.hole) for own, _ in split(v, f, body_of(f, len(v))))


def _stones(part: Part) -> list[Part]:
    """One part for each stone: each is drawn by what lies inside it. Too many are glittering paint."""
    body = body_of(part["f"], len(part["v"]))
    if len(np.unique(body)) > MOST_STONES:
        return [part | {"material": GLITTER}]
    return [part | {"v": v, "f": f} for v, f in split(part["v"], part["f"], body)]


def _by_material(parts: list[Part], notes: list[str]) -> list[Part]:
    """The parts of one material joined; of many materials the largest, the rest as the chosen metal."""
    groups: dict[str, list[Part]] = {}
    for part in parts:
        groups.setdefault(json.dumps(part["material"]), []).append(part)
    if len(groups) > MOST_MATERIALS:
        notes.append(f"{len(groups)} materials were reduced to {MOST_MATERIALS}")
        rest = groups.setdefault(json.dumps(METAL), [])
        for name in sorted(groups, key=lambda n: -sum(len(p["f"]) for p in groups[n]))[MOST_MATERIALS - 1 :]:
            if groups[name] is not rest:
                rest += groups.pop(name)
    return [_joined(group) | {"material": json.loads(name)} for name, group in groups.items()]


def _joined(parts: list[Part]) -> Part:
    first = np.cumsum([0, *(len(part["v"]) for part in parts[:-1])])
    faces = np.concatenate([part["f"] + k for part, k in zip(parts, first, strict=True)])
    return {"v": np.concatenate([part["v"] for part in parts]), "f": faces}


def _limit() -> None:
    """Memory and processor time of this process. Windows has no such limits; there the clock alone counts."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))


if __name__ == "__main__":
    sys.exit(main())
