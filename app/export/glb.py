"""A GLB container in the making: glTF 2.0's JSON, and one binary buffer that accessors point into.

trimesh and pyrender write no skins or animations, hence this; https://registry.khronos.org/glTF/specs/2.0
"""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np

_COMPONENTS = {"f4": 5126, "u4": 5125, "u2": 5123, "u1": 5121}
_KINDS = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
VERTICES, INDICES = 34962, 34963


class GlbBuilder:
    """Collects glTF objects; each `add` returns the number that other objects refer to it by."""

    def __init__(self) -> None:
        self._json: dict[str, Any] = {"asset": {"version": "2.0", "generator": "Palmistry"}}
        self._binary = bytearray()

    def add(self, kind: str, value: dict[str, Any]) -> int:
        """An object of one of glTF's lists: nodes, meshes, skins, …"""
        values: list[dict[str, Any]] = self._json.setdefault(kind, [])
        values.append(value)
        return len(values) - 1

    def node(self, number: int) -> dict[str, Any]:
        """A node added before, to be completed."""
        found: dict[str, Any] = self._json["nodes"][number]
        return found

    def accessor(self, array: np.ndarray, target: int | None = None, bounds: bool = False) -> int:
        """(N,) or (N, components) numbers; target: VERTICES or INDICES; bounds: write min and max."""
        rows = np.ascontiguousarray(array.reshape(len(array), -1))
        view = {"buffer": 0, "byteOffset": len(self._binary), "byteLength": rows.nbytes}
        if target is not None:
            view["target"] = target
        self._binary += rows.tobytes() + b"\0" * (-rows.nbytes % 4)
        value = {
            "bufferView": self.add("bufferViews", view),
            "componentType": _COMPONENTS[rows.dtype.str[1:]],
            "count": len(rows),
            "type": _KINDS[rows.shape[1]],
        }
        if bounds:
            value |= {"min": rows.min(0).tolist(), "max": rows.max(0).tolist()}
        return self.add("accessors", value)

    def to_bytes(self, roots: list[int]) -> bytes:
        """The file, whose scene has these nodes."""
        value = {**self._json, "scene": 0, "scenes": [{"nodes": roots}]}
        if self._binary:
            value["buffers"] = [{"byteLength": len(self._binary)}]
        text = json.dumps(value, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        chunks = struct.pack("<II", len(text), 0x4E4F534A) + text
        if self._binary:
            chunks += struct.pack("<II", len(self._binary), 0x004E4942) + self._binary
        return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks
