"""Wavefront OBJ, with the material list beside it and nothing else."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from app.ring_files.piece import MOST_READ, Piece, Surface, Unusable, checked_count, printable

LEFT_OUT = "what it keeps in other files was left out"
_DECIMAL_COMMAS = re.compile(r"-?\d+,\d")
_MTL_BYTES = 1 << 20
_UTF16 = (b"\xff\xfe", b"\xfe\xff")  # how such a text begins


def decimal_commas() -> Unusable:
    """What is said of 1,5 in place of 1.5."""
    return Unusable("its numbers have decimal commas (1,5); export it with decimal points (1.5)")


def read_obj(path: Path, notes: list[str]) -> list[Piece]:
    """A piece for each object of each material. Raises Unusable, and ValueError for what is no OBJ."""
    numbers = array("d")
    lists: dict[tuple[str, str], array[int]] = {}
    surfaces: dict[str, Surface] = {}
    thing = material = ""
    faces = lists.setdefault((thing, material), array("q"))
    count = 0
    for line in _lines(path):
        kind, _, rest = line.partition(" ")
        if kind == "v":
            _add_vertex(rest, numbers)
        elif kind == "f":
            count += _add_faces(rest.split(), len(numbers) // 3, faces)
            if count > MOST_READ:
                raise Unusable(f"it has more than {MOST_READ:,} triangles, as many as can be read")
        elif kind in ("o", "g", "usemtl"):
            name = printable(rest)
            thing, material = (thing, name) if kind == "usemtl" else (name, material)
            faces = lists.setdefault((thing, material), array("q"))
        elif kind == "mtllib":
            surfaces |= _material_list(path.parent, rest.strip(), notes)
    vertices = np.array(numbers, np.float64).reshape(-1, 3)
    pieces = []
    for (thing, material), order in lists.items():
        triangles = np.array(order, np.int64).reshape(-1, 3)
        if len(triangles) and not (triangles.min() >= 0 and triangles.max() < len(vertices)):
            raise ValueError("a face names a vertex that isn't there")
        used, own = np.unique(triangles, return_inverse=True)
        surface = surfaces.get(material, Surface(material))
        pieces.append(Piece(vertices[used], own.reshape(-1, 3), (thing,), surface))
    checked_count(pieces)
    return [piece for piece in pieces if len(piece.faces)]


def _lines(path: Path) -> Iterator[str]:
    """Lines of text; one that ends in a backslash goes on in the next."""
    begun = ""
    with path.open("rb") as binary:
        head = binary.read(2)
    encoding = "utf-16" if head in _UTF16 else "utf-8-sig"
    with path.open(encoding=encoding, errors="replace") as file:
        for line in file:
            text = begun + line.strip().replace("\t", " ")
            if text.endswith("\\"):
                begun = text[:-1] + " "
                continue
            begun = ""
            yield text


def _add_vertex(rest: str, numbers: array[float]) -> None:
    try:
        x, y, z = map(float, rest.split()[:3])
    except ValueError:
        raise (
            decimal_commas() if _DECIMAL_COMMAS.search(rest) else ValueError("a vertex is no point")
        ) from None
    numbers.extend((x, y, z))


def _add_faces(corners: list[str], known: int, faces: array[int]) -> int:
    """A polygon as a fan of triangles; -1 is the vertex that came last. How many triangles it is."""
    order = [int(corner.partition("/")[0]) for corner in corners]
    order = [k - 1 if k > 0 else known + k if k < 0 else -1 for k in order]
    for b, c in pairwise(order[1:]):
        faces.extend((order[0], b, c))
    return max(0, len(order) - 2)


def _material_list(folder: Path, name: str, notes: list[str]) -> dict[str, Surface]:
    """The materials of a .mtl beside the file; nothing that is a link or lies elsewhere."""
    file = folder / name
    plain = name == Path(name).name and file.suffix.lower() == ".mtl" and "\\" not in name
    if not (plain and file.is_file() and not file.is_symlink() and file.stat().st_size < _MTL_BYTES):
        notes.append(LEFT_OUT)
        return {}
    found: dict[str, dict[str, list[str]]] = {}
    current: dict[str, list[str]] = {}
    for line in file.read_text("utf-8", errors="replace").splitlines():
        key, *values = line.split() or [""]
        if key == "newmtl":
            current = found.setdefault(printable(" ".join(values)), {})
        elif values:
            current[key] = values
    return {name: _surface(name, said) for name, said in found.items()}


def _surface(name: str, said: dict[str, list[str]]) -> Surface:
    def numbers(key: str) -> list[float]:
        try:
            return [float(value) for value in said.get(key, ())]
        except ValueError:
            return []

    srgb = np.array(numbers("Kd")[:3])
    plain = len(srgb) < 3 or np.ptp(srgb) < 0.06  # the grey that every exporter writes when nobody chose
    alpha = (numbers("d") or [1 - (numbers("Tr") or [0.0])[0]])[0]
    metallic, rough = numbers("Pm"), numbers("Pr")
    linear = (0.0, 0.0, 0.0) if plain else tuple(np.clip(srgb, 0, 1) ** 2.2)
    return Surface(
        name,
        rgb=None if plain else linear,
        metallic=metallic[0] if metallic else None,
        roughness=rough[0] if rough else 0.2,
        alpha=alpha,
        ior=next(iter(numbers("Ni")), None),
    )
