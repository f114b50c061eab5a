"""Reads one ring file, in a process of its own: `python reader.py FILE KIND MOST_TRIANGLES`.

Files come from strangers. Whatever a broken or hostile one does to the libraries that read it, it does it
here, within limits of memory and time. This script imports nothing of the app. Triangles go to stdout as an
.npz of plain arrays; `meta` in it is JSON. If the file can't be used, one line on stderr says why, and the
status is 3.
"""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

MOST_BYTES = 2 << 30
MOST_SECONDS = 60
MOST_NODES, MOST_NODES_BYTES = 3000, 8 << 20
MOST_READ = 6_000_000  # triangles, instances counted
MOST_STONES = 40  # drawn as stones; more would cost too much time
STONE_WORDS = re.compile(
    r"diamond|gem|stone|ruby|sapphire|emerald|brilliant|crystal|zircon|topaz|amethyst|glass", re.IGNORECASE
)
MOST_MATERIALS = 12
STONE = {"kind": "stone"}
GLITTER = {"kind": "paint", "rgb": [0.75, 0.78, 0.82], "roughness": 0.05}
Part = dict[str, Any]  # vertices v (V, 3), faces f (F, 3), and a material


class Unusable(Exception):
    """The file is no ring that can be drawn; the words say why."""


def main() -> int:
    """Read, and write the result."""
    path, kind, most = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    _limit()
    try:
        parts, notes = read(path, kind, most)
    except Unusable as error:
        print(error, file=sys.stderr)
        return 3
    except MemoryError:
        print("it needs more memory than a ring should", file=sys.stderr)
        return 3
    except Exception as error:  # whatever a library says of a broken file
        told = isinstance(error, ValueError | OSError) and " ".join(str(error).split())[:120]
        print(f"it is damaged or not {kind.upper()}{f' ({told})' if told else ''}", file=sys.stderr)
        return 3
    arrays = {f"{name}{i}": part[name] for i, part in enumerate(parts) for name in ("v", "f")}
    meta = {"materials": [part["material"] for part in parts], "notes": notes}
    packed = io.BytesIO()
    np.savez(packed, meta=np.array(json.dumps(meta)), **arrays)
    sys.stdout.buffer.write(packed.getvalue())
    return 0


def read(path: Path, kind: str, most: int) -> tuple[list[Part], list[str]]:
    """The parts, and what had to be changed."""
    import trimesh

    notes: list[str] = []
    options: dict[str, Any] = {"resolver": _Beside(path, notes), "process": False}
    if kind == "glb":
        _check_glb(path)
        options["merge_primitives"] = False
    with path.open("rb") as file:
        scene = trimesh.load_scene(file, file_type=kind, **options)
    pieces = _pieces(scene)
    total = sum(len(piece["f"]) for piece in pieces)
    if total == 0:
        raise Unusable("it holds no triangles")
    if total > most:
        notes.append(f"{total:,} triangles were reduced to {most:,}")
    pieces = _by_material(pieces, notes)
    parts: list[Part] = []
    for piece in pieces:
        fraction = most * len(piece["f"]) // total
        if total > most:  # the small parts are reduced less
            fraction = (most // len(pieces) + 3 * fraction) // 4
        cleaned = piece | dict(zip("vf", _clean(piece["v"], piece["f"], fraction), strict=True))
        if len(cleaned["f"]):
            parts += _stones(cleaned) if piece["material"] == STONE else [cleaned]
    if not parts:
        raise Unusable("it holds no triangles with an area")
    if sum(len(part["f"]) for part in parts) > 1.2 * most:
        raise Unusable(f"its {total:,} triangles can't be reduced to {most:,}; export it with fewer")
    return parts, notes


def _check_glb(path: Path) -> None:
    """Refuse a GLB that is compressed, or has more nodes than a ring: a few bytes each, but much time."""
    with path.open("rb") as file:
        head = file.read(20)
        size = int.from_bytes(head[12:16], "little")
        text = file.read(min(size, MOST_NODES_BYTES + 1))
    if head[:4] != b"glTF" or head[16:20] != b"JSON":
        raise Unusable("it is damaged or not GLB")
    document = json.loads(text) if size <= MOST_NODES_BYTES else None
    if document is None or len(document.get("nodes", ())) > MOST_NODES:
        raise Unusable(f"its scene has more than {MOST_NODES} nodes; join them before exporting")
    if "compression" in " ".join(document.get("extensionsRequired", ())):
        raise Unusable("it is compressed; export it without Draco or meshopt")


class _Beside(dict):
    """Which other files a ring file may ask for: an OBJ's own material list beside it, nothing else."""

    def __init__(self, path: Path, notes: list[str]) -> None:
        super().__init__()
        self._folder, self._notes = path.parent, notes

    def get(self, name: object, default: object = None) -> Any:  # type: ignore[override]
        name = str(name).strip()
        file = self._folder / name
        plain = name == Path(name).name and file.suffix.lower() == ".mtl" and "\\" not in name
        if plain and file.is_file() and not file.is_symlink() and file.stat().st_size < 1 << 20:
            return file.read_bytes()
        self._notes.append("what it keeps in other files was left out")
        raise FileNotFoundError("it keeps parts of itself in other files; export it as one GLB")

    def __getitem__(self, name: object) -> Any:
        return self.get(name)


def _pieces(scene: Any) -> list[Part]:
    """Every mesh of the scene where it stands."""
    import trimesh

    meshes = {name: g for name, g in scene.geometry.items() if isinstance(g, trimesh.Trimesh)}
    nodes = [scene.graph[node] for node in scene.graph.nodes_geometry]
    nodes = [(pose, name) for pose, name in nodes if name in meshes]
    count = sum(len(meshes[name].faces) for _, name in nodes)
    if count > MOST_READ:
        raise Unusable(f"it has {count:,} triangles; up to {MOST_READ:,} can be read")
    return [
        {
            "v": trimesh.transform_points(meshes[name].vertices, pose),
            "f": np.asarray(meshes[name].faces, np.int64),
            "material": _material(meshes[name], name),
        }
        for pose, name in nodes
    ]


def _material(mesh: Any, name: str) -> dict[str, Any]:
    """metal (the chosen one), stone, or the file's own colour as metal or paint."""
    material = getattr(mesh.visual, "material", None)
    words = f"{name} {getattr(material, 'name', '') or ''}"
    if STONE_WORDS.search(words):
        return STONE
    if material is None:
        return {"kind": "metal"}
    base = getattr(material, "baseColorFactor", None)
    if hasattr(material, "metallicFactor"):
        if base is None:
            return {"kind": "metal"}
        rgba = np.asarray(base, np.float64).ravel() / (255 if np.asarray(base).dtype.kind == "u" else 1)
        metallic = 1.0 if material.metallicFactor is None else float(material.metallicFactor)
        rough = 0.3 if material.roughnessFactor is None else float(material.roughnessFactor)
        if len(rgba) > 3 and rgba[3] < 0.6:
            return STONE
        return _coloured(rgba[:3], metallic >= 0.5, rough)
    diffuse = getattr(material, "diffuse", None)
    if diffuse is None:
        return {"kind": "metal"}
    srgb = np.asarray(diffuse, np.float64).ravel()[:3] / 255
    if np.ptp(srgb) < 0.06:  # the grey that every exporter writes when nobody chose a colour
        return {"kind": "metal"}
    return _coloured(srgb**2.2, True, 0.2)


def _coloured(rgb: np.ndarray, metallic: bool, roughness: float) -> dict[str, Any]:
    colour = np.clip(np.nan_to_num(rgb), 0.01, 1.0)
    rough = float(np.clip(np.nan_to_num(roughness), 0.08 if metallic else 0.05, 0.6))
    return {"kind": "own metal" if metallic else "paint", "rgb": colour.tolist(), "roughness": rough}


def _clean(vertices: np.ndarray, faces: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and faces: finite, joined where they meet, without empty triangles, at most so many."""
    import trimesh

    faces = faces[((faces >= 0) & (faces < len(vertices))).all(1)]
    finite = np.abs(vertices).max(1) < 1e12  # what is not a number is not below either
    faces = faces[finite[faces].all(1)]
    if len(faces) == 0:
        return vertices, faces
    used, faces = np.unique(faces, return_inverse=True)
    vertices, faces = vertices[used], faces.reshape(-1, 3)
    size = np.ptp(vertices, axis=0).max()
    if not size > 0:
        return vertices, faces[:0]
    rounded = np.round((vertices - vertices.min(0)) / (size * 1e-6)).astype(np.int64)
    one_number = rounded @ [1 << 42, 1 << 21, 1]  # much faster to sort than rows of three
    _, first, same = np.unique(one_number, return_index=True, return_inverse=True)
    vertices, faces = vertices[first], same.ravel()[faces]
    faces = _with_area(vertices, faces)
    if len(faces) > most:
        vertices, faces = _fewer(vertices, faces, most)
    solid = trimesh.Trimesh(vertices, faces, process=False, validate=False)
    if not solid.is_winding_consistent:
        trimesh.repair.fix_winding(solid)
    vertices, faces = solid.vertices.view(np.ndarray), solid.faces.view(np.ndarray)
    if solid.is_watertight and solid.is_winding_consistent:
        return vertices, _outward(vertices, faces)
    faces = faces[np.unique(np.sort(faces, axis=1), axis=0, return_index=True)[1]]
    if 2 * len(faces) > most:
        vertices, faces = _fewer(vertices, faces, most // 2)
    return vertices, np.concatenate([faces, faces[:, ::-1]])  # seen from both sides


def _fewer(vertices: np.ndarray, faces: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Decimated by quadric errors."""
    import fast_simplification

    v, f = fast_simplification.simplify(
        vertices.astype(np.float32), faces.astype(np.int32), target_count=most, agg=5
    )
    return v.astype(np.float64), _with_area(v.astype(np.float64), f.astype(np.int64))


def _with_area(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    size = np.ptp(vertices, axis=0).max()
    return faces[np.linalg.norm(np.cross(b - a, c - a), axis=1) > (1e-7 * size) ** 2]


def _outward(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """The faces of closed bodies, turned round where a body is inside out."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    body = _body(faces, len(vertices))
    volume = np.bincount(body, np.einsum("ij,ij->i", a, np.cross(b, c)))
    return np.where(volume[body, None] < 0, faces[:, ::-1], faces)


def _body(faces: np.ndarray, count: int) -> np.ndarray:
    """(F,) which connected body each face belongs to. count: of the vertices."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    edges = faces[:, [0, 1, 1, 2]].reshape(-1, 2)
    graph = coo_matrix((np.ones(len(edges)), edges.T), shape=(count, count))
    return connected_components(graph, directed=False)[1][faces[:, 0]]


def _stones(part: Part) -> list[Part]:
    """One part for each stone: each is drawn by what lies inside it. Too many are glittering paint."""
    body = _body(part["f"], len(part["v"]))
    if len(np.unique(body)) > MOST_STONES:
        return [part | {"material": GLITTER}]
    stones = []
    for k in np.unique(body):
        used, own = np.unique(part["f"][body == k], return_inverse=True)
        stones.append(part | {"v": part["v"][used], "f": own.reshape(-1, 3)})
    return stones


def _by_material(parts: list[Part], notes: list[str]) -> list[Part]:
    """The parts of one material joined; of many materials the largest, the rest as the chosen metal."""
    groups: dict[str, list[Part]] = {}
    for part in parts:
        groups.setdefault(json.dumps(part["material"]), []).append(part)
    if len(groups) > MOST_MATERIALS:
        notes.append(f"{len(groups)} materials were reduced to {MOST_MATERIALS}")
        rest = groups.setdefault(json.dumps({"kind": "metal"}), [])
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
