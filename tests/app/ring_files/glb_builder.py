"""GLBs by hand: every way in which exporters and the web's optimisers write a ring."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Mesh = tuple[NDArray[np.float64], NDArray[np.int64]]
_CODES = {"i1": 5120, "u1": 5121, "i2": 5122, "u2": 5123, "u4": 5125, "f4": 5126}
_SHAPES = {1: "SCALAR", 3: "VEC3", 4: "VEC4", 16: "MAT4"}


class Glb:
    """Collects buffers, accessors, meshes and nodes; `write` makes the file."""

    def __init__(self) -> None:
        self.binary = b""
        self.document: dict[str, Any] = {
            "asset": {"version": "2.0"},
            **{key: [] for key in ("bufferViews", "accessors", "meshes", "nodes", "materials")},
        }
        self.required: set[str] = set()

    def view(self, data: bytes, **more: Any) -> int:
        """A bufferView of these bytes."""
        place = {"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(data)}
        self.binary += data + bytes(-len(data) % 4)
        self.document["bufferViews"].append(place | more)
        return len(self.document["bufferViews"]) - 1

    def accessor(self, rows: NDArray[Any], view: int | None = None, **more: Any) -> int:
        """One of (N, width) numbers, in a view of its own unless one is given. view: -1 for none."""
        rows = np.atleast_2d(rows.T).T
        entry = {
            "componentType": _CODES[rows.dtype.str[1:]],
            "count": len(rows),
            "type": _SHAPES[rows.shape[1]],
        }
        if view != -1:
            entry["bufferView"] = self.view(rows.tobytes()) if view is None else view
        self.document["accessors"].append(entry | more)
        return len(self.document["accessors"]) - 1

    def mesh(self, name: str, positions: int, indices: int | None, material: Any = None, **more: Any) -> int:
        """A mesh of one primitive."""
        primitive: dict[str, Any] = {"attributes": {"POSITION": positions}} | more
        if indices is not None:
            primitive["indices"] = indices
        if material is not None:
            self.document["materials"].append(material)
            primitive["material"] = len(self.document["materials"]) - 1
        self.document["meshes"].append({"name": name, "primitives": [primitive]})
        return len(self.document["meshes"]) - 1

    def plain(self, name: str, mesh: Mesh, material: Any = None, **node: Any) -> None:
        """A mesh of plain floats, placed."""
        v, f = mesh
        positions, indices = self.accessor(v.astype("<f4")), self.accessor(f.astype("<u4").reshape(-1))
        self.node(self.mesh(name, positions, indices, material), **node)

    def node(self, mesh: int, **more: Any) -> None:
        """A root of the scene."""
        self.document["nodes"].append({"mesh": mesh} | more)

    def extended(self, name: str, value: Any) -> dict[str, Any]:
        """An extension that the file can't be read without."""
        self.required.add(name)
        return {"extensions": {name: value}}

    def write(self, path: Path) -> Path:
        """The file."""
        nodes = range(len(self.document["nodes"]))
        whole = self.document | {
            "buffers": [{"byteLength": len(self.binary)}],
            "scenes": [{"nodes": list(nodes)}],
            "scene": 0,
            "extensionsUsed": sorted(self.required),
            "extensionsRequired": sorted(self.required),
        }
        text = json.dumps({key: value for key, value in whole.items() if value != []}).encode()
        text += b" " * (-len(text) % 4)
        chunks = struct.pack("<I4s", len(text), b"JSON") + text
        if self.binary:
            chunks += struct.pack("<I4s", len(self.binary), b"BIN\0") + self.binary
        path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks)
        return path
