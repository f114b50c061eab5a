"""glTF of one file: meshes where they stand, their names and materials. No pictures, no other files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from app.ring_files.accessors import Accessors
from app.ring_files.deformed import morphed, skinned
from app.ring_files.piece import MOST_READ, Float64, Int64, Piece, Surface, Unusable, checked_count, printable

_MOST_NODES, _MOST_DOCUMENT_BYTES = 3000, 8 << 20
_MOST_INSTANCES = 20_000
_DEEPEST = 200  # nodes below each other
_DRACO, _INSTANCES = "KHR_draco_mesh_compression", "EXT_mesh_gpu_instancing"
_TRIANGLES, _STRIP, _FAN = 4, 5, 6
# What a file may need that we read, or can do without: pictures, lights and looks.
_LOOKS = ("EXT_texture", "EXT_materials", "EXT_lights", "GOOGLE_texture")
_KNOWN = ("KHR_", "EXT_meshopt", _INSTANCES, "MSFT_", "ADOBE_", *_LOOKS)


def read_glb(path: Path) -> list[Piece]:
    """Every mesh of the scene that is shown. Raises Unusable, and whatever damaged numbers cause."""
    document, binary = _chunks(path)
    nodes, meshes = document.get("nodes", []), document.get("meshes", [])
    if len(nodes) > _MOST_NODES:
        raise Unusable(f"its scene has more than {_MOST_NODES} nodes; join them before exporting")
    for name in document.get("extensionsRequired", ()):
        if not str(name).startswith(_KNOWN):
            raise Unusable(f"it needs {printable(name)[:40]}, which can't be read; export it without")
    accessors = Accessors(document, binary)
    surfaces = [_surface(material) for material in document.get("materials", [])]
    made: dict[tuple[int, tuple[float, ...]], list[tuple[dict[str, Any], Float64, Int64, Surface]]] = {}
    pieces: list[Piece] = []
    count = 0
    placed = list(_placed(document))
    world = {index: pose for index, pose, _ in placed}
    for at, pose, names in placed:
        node = nodes[at]
        if "mesh" not in node:
            continue
        index = int(node["mesh"])
        weights = tuple(map(float, node.get("weights") or meshes[index].get("weights") or ()))
        if (index, weights) not in made:
            made[index, weights] = [
                (primitive, morphed(vertices, primitive, weights, accessors), faces, surface)
                for primitive in meshes[index]["primitives"]
                for vertices, faces, surface in _primitive(primitive, accessors, surfaces)
            ]
        poses = _instances(node, accessors)
        for primitive, rest, faces, surface in made[index, weights]:
            count += len(faces) * len(poses)
            if count > MOST_READ:
                raise Unusable(f"it has {count:,} triangles; up to {MOST_READ:,} can be read")
            own = (printable(meshes[index].get("name", "")), *names)
            skin = document["skins"][int(node["skin"])] if "skin" in node else None
            moved = None if skin is None else skinned(rest, primitive, skin, world, accessors)
            vertices, stands = (rest, pose) if moved is None else (moved, np.eye(4))
            for each in poses:
                whole = stands @ each
                turned = faces[:, ::-1] if np.linalg.det(whole[:3, :3]) < 0 else faces
                pieces.append(Piece(vertices @ whole[:3, :3].T + whole[:3, 3], turned, own, surface))
    checked_count(pieces)
    return pieces


def _chunks(path: Path) -> tuple[dict[str, Any], bytes]:
    """The document, and the binary beside it."""
    data = path.read_bytes()
    if data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{":
        return _document(data), b""
    size = int.from_bytes(data[12:16], "little")
    if data[:8] == b"glTF\1\0\0\0":
        raise Unusable("it is glTF 1, which nothing writes any more; export it as glTF 2")
    if data[:4] != b"glTF" or data[16:20] != b"JSON":
        raise Unusable("it is damaged or not GLB")
    if size > _MOST_DOCUMENT_BYTES:
        raise Unusable(f"its scene has more than {_MOST_NODES} nodes; join them before exporting")
    document = _document(data[20 : 20 + size])
    at = 20 + size
    length = int.from_bytes(data[at : at + 4], "little")
    return document, data[at + 8 : at + 8 + length] if data[at + 4 : at + 8] == b"BIN\0" else b""


def _document(text: bytes) -> dict[str, Any]:
    document = json.loads(text.decode("utf-8-sig", errors="replace"))
    if not isinstance(document, dict):
        raise Unusable("it is damaged or not GLB")
    return document


def _placed(document: dict[str, Any]) -> Iterator[tuple[int, Float64, tuple[str, ...]]]:
    """Each node of the scene by its index, with its pose in the world and its names, its own first."""
    nodes = document.get("nodes", [])
    scenes = document.get("scenes", [])
    roots = scenes[int(document.get("scene", 0))].get("nodes", []) if scenes else range(len(nodes))
    waiting: list[tuple[int, Float64, tuple[str, ...], int]] = [
        (int(root), np.eye(4), (), 0) for root in reversed(roots)
    ]
    seen = 0
    while waiting:
        index, above, names, depth = waiting.pop()
        seen += 1
        if seen > _MOST_NODES or depth > _DEEPEST:
            raise Unusable("its nodes hang from each other in circles, or are too many")
        node = nodes[index]
        if node.get("extensions", {}).get("KHR_node_visibility", {}).get("visible", True) is False:
            continue  # nor what hangs from it
        pose, own = above @ _pose(node), (printable(node.get("name", "")), *names)
        yield index, pose, own
        waiting += [(int(child), pose, own, depth + 1) for child in reversed(node.get("children", []))]


def _pose(node: dict[str, Any]) -> Float64:
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T
    return _poses(
        np.array([node.get("translation", [0, 0, 0])], np.float64),
        np.array([node.get("rotation", [0, 0, 0, 1])], np.float64),
        np.array([node.get("scale", [1, 1, 1])], np.float64),
    )[0]


def _poses(move: Float64, turn: Float64, scale: Float64) -> Float64:
    """(N, 4, 4) of translations (N, 3), quaternions x, y, z, w (N, 4) and scales (N, 3)."""
    x, y, z, w = (turn / np.maximum(np.linalg.norm(turn, axis=1, keepdims=True), 1e-12)).T
    poses = np.tile(np.eye(4), (len(move), 1, 1))
    poses[:, :3, :3] = np.stack(
        [
            np.stack([1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)], 1),
            np.stack([2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)], 1),
            np.stack([2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)], 1),
        ],
        1,
    )
    poses[:, :3, :3] *= scale[:, None, :]
    poses[:, :3, 3] = move
    return poses


def _instances(node: dict[str, Any], accessors: Accessors) -> Float64:
    """(N, 4, 4): one where it stands, or many copies."""
    extension = node.get("extensions", {}).get(_INSTANCES)
    if extension is None:
        return np.eye(4)[None]
    given = {name: accessors.floats(int(i)) for name, i in extension["attributes"].items() if name in _PARTS}
    count = len(next(iter(given.values()))) if given else 0
    if count > _MOST_INSTANCES:
        raise Unusable(f"it has {count:,} copies of one part; up to {_MOST_INSTANCES:,} can be read")
    move, turn, scale = (given.get(name, np.tile(rest, (count, 1))) for name, rest in _PARTS.items())
    return _poses(move, turn, scale)


_PARTS: dict[str, list[float]] = {"TRANSLATION": [0, 0, 0], "ROTATION": [0, 0, 0, 1], "SCALE": [1, 1, 1]}


def _primitive(
    primitive: dict[str, Any], accessors: Accessors, surfaces: list[Surface]
) -> list[tuple[Float64, Int64, Surface]]:
    """Vertices, triangles and material; none for points and lines."""
    mode = int(primitive.get("mode", _TRIANGLES))
    if mode not in (_TRIANGLES, _STRIP, _FAN) or "POSITION" not in primitive["attributes"]:
        return []
    material = primitive.get("material")
    surface = Surface() if material is None else surfaces[int(material)]
    draco = primitive.get("extensions", {}).get(_DRACO)
    if draco is not None:
        vertices, faces = _from_draco(accessors.view(int(draco["bufferView"])))
        return [(vertices * accessors.step(int(primitive["attributes"]["POSITION"])), faces, surface)]
    vertices = accessors.floats(int(primitive["attributes"]["POSITION"]))
    if "indices" in primitive:
        order = accessors.raw(int(primitive["indices"])).ravel().astype(np.int64)
    else:
        order = np.arange(len(vertices))
    return [(vertices, _triangles(order, mode), surface)]


def _triangles(order: Int64, mode: int) -> Int64:
    """(F, 3) of the order of the vertices."""
    if mode == _TRIANGLES:
        return order[: len(order) // 3 * 3].reshape(-1, 3)
    k = np.arange(max(0, len(order) - 2))
    if mode == _FAN:
        return np.stack([order[k * 0], order[k + 1], order[k + 2]], 1)
    odd = k % 2
    return np.stack([order[k], order[k + 1 + odd], order[k + 2 - odd]], 1)


def _from_draco(data: bytes) -> tuple[Float64, Int64]:
    import DracoPy

    mesh = DracoPy.decode(data)
    faces = getattr(mesh, "faces", None)
    if faces is None or len(faces) > MOST_READ:
        raise Unusable("what Draco packed in it is no mesh, or too large a one")
    return np.asarray(mesh.points, np.float64), np.asarray(faces, np.int64).reshape(-1, 3)


def _surface(material: dict[str, Any]) -> Surface:
    pbr = material.get("pbrMetallicRoughness", {})
    more = material.get("extensions", {})
    volume = more.get("KHR_materials_volume", {})
    base, ior = pbr.get("baseColorFactor"), more.get("KHR_materials_ior", {}).get("ior")
    glossy = more.get("KHR_materials_pbrSpecularGlossiness")
    if glossy is not None and base is None:
        base = glossy.get("diffuseFactor")
    numbers = [0.0] * 4 if base is None else [*map(float, base), 1.0][:4]
    return Surface(
        name=printable(material.get("name", "")),
        rgb=None if base is None else (numbers[0], numbers[1], numbers[2]),
        metallic=_number(pbr.get("metallicFactor")),
        roughness=_number(pbr.get("roughnessFactor")),
        alpha=numbers[3] if base is not None and material.get("alphaMode", "OPAQUE") != "OPAQUE" else 1.0,
        transmission=float(more.get("KHR_materials_transmission", {}).get("transmissionFactor", 0)),
        ior=_number(ior),
        refracts=bool(
            float(volume.get("thicknessFactor", 0)) > 0
            or float(more.get("KHR_materials_dispersion", {}).get("dispersion", 0)) > 0
            or "KHR_materials_diffuse_transmission" in more
        ),
    )


def _number(value: object) -> float | None:
    return None if value is None else float(value)  # type: ignore[arg-type]
