"""Ring files of the kinds that people bring, made on the spot: 17.3 mm across inside unless they say so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import trimesh

from tests.app.ring_files.glb_builder import Glb, Mesh

INNER_MM = 17.3
_INSTANCES = "EXT_mesh_gpu_instancing"
GOLD = {"name": "mat1", "pbrMetallicRoughness": {"baseColorFactor": [1, 0.77, 0.3, 1], "metallicFactor": 1}}
PAINT = {"pbrMetallicRoughness": {"baseColorFactor": [1, 1, 1, 1], "metallicFactor": 0, "roughnessFactor": 0}}


def band(inner_mm: float = INNER_MM, unit_m: float = 1.0) -> Mesh:
    """A wire ring about z. unit_m: metres of one number."""
    scale = 1e-3 / unit_m
    torus = trimesh.creation.torus((inner_mm / 2 + 1) * scale, 1 * scale, 48, 12)
    return np.array(torus.vertices), np.array(torus.faces, np.int64)


def ball(x: float, y: float, z: float, radius: float, unit_m: float = 1.0) -> Mesh:
    """Millimetres."""
    made = trimesh.creation.icosphere(1, radius)
    return (made.vertices + np.array([x, y, z])) * 1e-3 / unit_m, np.array(made.faces, np.int64)


def rod(radius: float, low: float, high: float, unit_m: float = 1.0) -> Mesh:
    """Along z, millimetres."""
    made = trimesh.creation.cylinder(radius, high - low, 48)
    return (made.vertices + np.array([0, 0, (low + high) / 2])) * 1e-3 / unit_m, np.array(
        made.faces, np.int64
    )


def with_extensions(**extensions: Any) -> dict[str, Any]:
    """A white, smooth material that is no metal."""
    return PAINT | {"extensions": {f"KHR_materials_{name}": value for name, value in extensions.items()}}


def stone_of(material: dict[str, Any], name: str = "Sphere", ring: str = "Ring") -> Callable[[Path], Path]:
    """A gold band with one ball on it, of this material."""

    def make(path: Path) -> Path:
        glb = Glb()
        glb.plain(ring, band(), GOLD)
        glb.plain(name, ball(0, 12, 0, 2), material)
        return glb.write(path)

    return make


def named(ring: str, part: str, material: dict[str, Any] | None = None) -> Callable[[Path], Path]:
    """A band and a ball with these names, and no telling materials."""

    def make(path: Path) -> Path:
        glb = Glb()
        glb.plain(ring, band())
        glb.plain(part, ball(0, 12, 0, 2), material)
        return glb.write(path)

    return make


def draco(path: Path) -> Path:
    """KHR_draco_mesh_compression, the accessors without data, as the web's optimisers write it."""
    import DracoPy

    glb, (v, f) = Glb(), band()
    packed = glb.view(DracoPy.encode(v, f, quantization_bits=14))
    positions = glb.accessor(v.astype("<f4"), -1)
    indices = glb.accessor(f.astype("<u4").reshape(-1), -1)
    extension = {"bufferView": packed, "attributes": {"POSITION": 0}}
    glb.node(
        glb.mesh("Ring", positions, indices, **glb.extended("KHR_draco_mesh_compression", extension)),
        translation=[0.1, 0, 0],
    )
    return glb.write(path)


def draco_quantised(path: Path) -> Path:
    """Integers that are normalised, packed by Draco; and a stone beside it that is not to be seen."""
    import DracoPy

    glb, (v, f) = Glb(), band()
    glb.required.add("KHR_mesh_quantization")
    span = float(np.abs(v).max())
    rows = np.round(v / span * 32767).astype("<i2")
    positions, indices = glb.accessor(rows, -1, normalized=True), glb.accessor(f.astype("<u4").ravel(), -1)
    extension = {"bufferView": glb.view(DracoPy.encode(rows, f)), "attributes": {"POSITION": 0}}
    packed = glb.extended("KHR_draco_mesh_compression", extension)
    glb.node(glb.mesh("Ring", positions, indices, **packed), scale=[span] * 3)
    glb.plain("Gem", ball(0, 12, 0, 2), extensions={"KHR_node_visibility": {"visible": False}})
    return glb.write(path)


def meshopt(path: Path) -> Path:
    """EXT_meshopt_compression over quantised positions, as gltfpack writes it."""
    import meshopt as library

    glb, (v, f) = Glb(), band()
    glb.required.add("KHR_mesh_quantization")
    order, remap, unique = library.reorder_mesh(f.astype(np.uint32).ravel(), triangles=True, optsize=False)
    scale = float(np.abs(v).max() / 16383)
    rows = np.zeros((unique, 4), "<i2")
    rows[remap, :3] = np.round(v / scale)
    positions = glb.accessor(rows[:, :3], _packed(glb, rows, "ATTRIBUTES", 8))
    order = np.asarray(order).astype("<u4")
    indices = glb.accessor(order, _packed(glb, order, "TRIANGLES", 4))
    glb.node(glb.mesh("Ring", positions, indices), scale=[scale] * 3)
    return glb.write(path)


def meshopt_filtered(path: Path) -> Path:
    """The same with floats through the exponential filter, and an index sequence."""
    import meshopt as library

    glb, (v, f) = Glb(), band()
    rows = np.asarray(library.encode_filter_exp(v.astype(np.float32), 15))
    view = _packed(glb, rows.reshape(len(v), -1), "ATTRIBUTES", 12, "EXPONENTIAL")
    order = f.astype("<u4").ravel()
    positions = glb.accessor(v.astype("<f4"), view)
    glb.node(glb.mesh("Ring", positions, glb.accessor(order, _packed(glb, order, "INDICES", 4))))
    return glb.write(path)


def _packed(glb: Glb, rows: Any, mode: str, stride: int, filtered: str = "NONE") -> int:
    import meshopt as library

    data = library.encode_gltf_buffer(rows, mode)
    view = glb.view(data)
    place = dict(glb.document["bufferViews"][view])
    extension = place | {"byteStride": stride, "count": len(rows), "mode": mode, "filter": filtered}
    glb.document["bufferViews"][view] = {
        "buffer": 0,
        "byteLength": stride * len(rows),
    } | glb.extended("EXT_meshopt_compression", extension)
    return view


def quantised(kind: str, normalised: bool) -> Callable[[Path], Path]:
    """Positions as integers, the node scales them back."""

    def make(path: Path) -> Path:
        glb, (v, f) = Glb(), band()
        glb.required.add("KHR_mesh_quantization")
        most, unsigned = np.iinfo(kind).max, kind.startswith("u")
        low, span = (v.min(), np.ptp(v)) if unsigned else (0.0, np.abs(v).max())
        rows = np.round((v - low) / span * most).astype(f"<{kind}")
        factor = span if normalised else span / most
        positions = glb.accessor(rows, normalized=normalised)
        indices = glb.accessor(f.astype("<u4").reshape(-1))
        glb.node(glb.mesh("Ring", positions, indices), scale=[factor] * 3, translation=[low] * 3)
        return glb.write(path)

    return make


def sparse(over_a_view: bool) -> Callable[[Path], Path]:
    """All, or one half of the positions by a sparse accessor."""

    def make(path: Path) -> Path:
        glb, (v, f) = Glb(), band()
        rows = v.astype("<f4")
        which = np.arange(0, len(v), 2 if over_a_view else 1, dtype="<u2")
        values = {
            "count": len(which),
            "indices": {"bufferView": glb.view(which.tobytes()), "componentType": 5123},
            "values": {"bufferView": glb.view(rows[which].tobytes())},
        }
        base = rows.copy()
        base[which] = 0
        positions = glb.accessor(base, None if over_a_view else -1, sparse=values)
        glb.node(glb.mesh("Ring", positions, glb.accessor(f.astype("<u4").reshape(-1))))
        return glb.write(path)

    return make


def instanced(turned: bool) -> Callable[[Path], Path]:
    """Twenty-four stones by EXT_mesh_gpu_instancing; turned: with normalised rotations and scales."""

    def make(path: Path) -> Path:
        glb = Glb()
        glb.plain("Ring", band(), GOLD)
        v, f = ball(0, 0, 0, 0.8)
        angle = 2 * np.pi * np.arange(24) / 24
        move = 0.0107 * np.stack([np.cos(angle), np.sin(angle), 0 * angle], 1)
        attributes = {"TRANSLATION": glb.accessor(move.astype("<f4"))}
        if turned:
            half = np.stack([0 * angle, 0 * angle, np.sin(angle / 2), np.cos(angle / 2)], 1)
            rows = np.round(half * 32767).astype("<i2")
            attributes["ROTATION"] = glb.accessor(rows, normalized=True)
            attributes["SCALE"] = glb.accessor(np.full((24, 3), 0.8, "<f4"))
        mesh = glb.mesh("Diamond", glb.accessor(v.astype("<f4")), glb.accessor(f.astype("<u4").reshape(-1)))
        glb.node(mesh, **glb.extended(_INSTANCES, {"attributes": attributes}))
        return glb.write(path)

    return make


def strip(path: Path) -> Path:
    """Triangle strips, eight-bit indices left out: the positions in order."""
    glb = Glb()
    around = np.linspace(0, 2 * np.pi, 61)
    for k in range(12):
        turns = 2 * np.pi * (k + np.array([0, 1])) / 12
        r, z = 9.65 + np.cos(turns), np.sin(turns)
        rows = [[r[i] * np.cos(a), r[i] * np.sin(a), z[i]] for a in around for i in (0, 1)]
        glb.node(glb.mesh("Ring", glb.accessor(1e-3 * np.array(rows, "<f4")), None, mode=5))
    for node in glb.document["nodes"]:
        node["matrix"] = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0.5, 0, 0, 1]
    glb.document["accessors"][0]["name"] = "first"
    return glb.write(path)


def two_rings(on_one_axis: bool) -> Callable[[Path], Path]:
    """His and hers, beside each other or one behind the other; each with a stone."""

    def make(path: Path) -> Path:
        glb = Glb()
        off = [0, 0, 0.008] if on_one_axis else [0.03, 0, 0]
        glb.plain("his", band(19.0), GOLD)
        glb.plain("his stone", ball(0, 12.9, 0, 1.5), translation=[0, 0, 0])
        glb.plain("hers", band(), GOLD, translation=off)
        glb.plain("her stone", ball(0, 12, 0, 1.5), translation=off)
        return glb.write(path)

    return make


def on_a_stand(*scenery: tuple[str, Mesh]) -> Callable[[Path], Path]:
    """A ring with a stone, and what it is shown on."""

    def make(path: Path) -> Path:
        glb = Glb()
        glb.plain("Ring", band(), GOLD)
        glb.plain("Stone", ball(0, 12, 0, 2))
        for name, mesh in scenery:
            glb.plain(name, mesh)
        return glb.write(path)

    return make


def grown_together(path: Path) -> Path:
    """A band and a post of one body, as from a scan of a ring on its stand."""
    v, f = band()
    post, faces = rod(3, -60, -1)
    post = post + np.array([0.01, 0, 0])
    bridge = np.array([[0, 1, len(v)], [1, len(v), len(v) + 1]])
    trimesh.Trimesh(
        1e3 * np.concatenate([v, post]), np.concatenate([f, faces + len(v), bridge]), process=False
    ).export(path)
    return path


def obj(relative: bool = True, comma: bool = False, unit_m: float = 1e-3) -> Callable[[Path], Path]:
    """A band and a stone as OBJ, the faces between the vertices."""

    def make(path: Path) -> Path:
        lines, before = [], 0
        for name, (v, f) in (("Ring", band(unit_m=unit_m)), ("Stein", ball(0, 12, 0, 2, unit_m))):
            lines.append(f"o {name}")
            lines += [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in v]
            corners = f - len(v) if relative else f + 1 + before
            lines += [f"f {a}//{a} {b}//{b} {c}//{c}" for a, b, c in corners]
            before += len(v)
        text = "\n".join(lines)
        path.write_text(text.replace(".", ",") if comma else text)
        return path

    return make


def stl(header: bytes = b"", trailing: bytes = b"", unit_m: float = 1e-3, inner_mm: float = INNER_MM) -> Any:
    """Binary, with this header and these bytes after the last triangle."""

    def make(path: Path) -> Path:
        data = trimesh.Trimesh(*band(inner_mm, unit_m), process=False).export(file_type="stl")
        path.write_bytes(header.ljust(80, b" ") + data[80:] + trailing)
        return path

    return make


def ascii_stl(comma: bool) -> Callable[[Path], Path]:
    """As text."""

    def make(path: Path) -> Path:
        text = trimesh.Trimesh(*band(unit_m=1e-3), process=False).export(file_type="stl_ascii")
        path.write_text(text.replace(".", ",") if comma else text)
        return path

    return make
