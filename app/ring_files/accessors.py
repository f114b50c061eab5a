"""The numbers of a GLB: buffers, views (plain or compressed by meshopt), accessors (sparse, quantised)."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.ring_files.piece import MOST_READ, Float64, Unusable

_TYPES = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_MESHOPT = ("EXT_meshopt_compression", "KHR_meshopt_compression")
_MOST_UNPACKED = 400 << 20  # bytes of one view
ELSEWHERE = "it keeps parts of itself in other files; export it as one GLB"


class Accessors:
    """Reads a document's accessors; each view is unpacked once."""

    def __init__(self, document: dict[str, Any], binary: bytes) -> None:
        self._document, self._binary = document, binary
        self._views: dict[int, bytes] = {}

    def floats(self, index: int) -> Float64:
        """(N, width) numbers, normalised where they are integers that say so. Raises Unusable, LookupError,
        ValueError."""
        raw = self.raw(index)
        return np.maximum(raw * step, -1.0) if (step := self.step(index)) < 1 else raw.astype(np.float64)

    def step(self, index: int) -> float:
        """What 1 among its numbers stands for: less than that where they are normalised integers."""
        accessor = self._document["accessors"][index]
        kind = np.dtype(_TYPES[accessor["componentType"]])
        return 1.0 / float(np.iinfo(kind).max) if accessor.get("normalized") and kind.kind in "iu" else 1.0

    def raw(self, index: int) -> NDArray[Any]:
        """(N, width) as they are stored. Raises as `floats`."""
        accessor = self._document["accessors"][index]
        kind, width = np.dtype(_TYPES[accessor["componentType"]]), _WIDTHS[accessor["type"]]
        count = _count(accessor)
        if "bufferView" in accessor:
            view = self._document["bufferViews"][accessor["bufferView"]]
            stride = view.get("byteStride") or _packed_stride(view) or width * kind.itemsize
            data = self.view(accessor["bufferView"])
            rows = _rows(data, int(accessor.get("byteOffset", 0)), count, width, kind, int(stride))
        else:
            rows = np.zeros((count, width), kind)
        if "sparse" in accessor:
            sparse = accessor["sparse"]
            some, at, values = _count(sparse), sparse["indices"], sparse["values"]
            which = _rows(
                self.view(at["bufferView"]),
                int(at.get("byteOffset", 0)),
                some,
                1,
                np.dtype(_TYPES[at["componentType"]]),
            )[:, 0]
            put = _rows(self.view(values["bufferView"]), int(values.get("byteOffset", 0)), some, width, kind)
            rows = rows.copy()
            rows[which] = put
        return rows

    def view(self, index: int) -> bytes:
        """The bytes of a bufferView, unpacked. Raises Unusable, LookupError, ValueError."""
        if index not in self._views:
            view = self._document["bufferViews"][index]
            packed = next((e for name, e in view.get("extensions", {}).items() if name in _MESHOPT), None)
            self._views[index] = self._part(view) if packed is None else self._unpacked(packed)
        return self._views[index]

    def _unpacked(self, packed: dict[str, Any]) -> bytes:
        import meshopt

        count, stride = _count(packed), int(packed["byteStride"])
        if not 0 < stride <= 256 or count * stride > _MOST_UNPACKED:
            raise Unusable("its compressed parts are too large")
        rows = meshopt.decode_gltf_buffer(
            self._part(packed), count, stride, packed["mode"], packed.get("filter", "NONE")
        )
        return np.ascontiguousarray(rows).tobytes()

    def _part(self, place: dict[str, Any]) -> bytes:
        data = self._buffer(int(place["buffer"]))
        first, length = int(place.get("byteOffset", 0)), int(place["byteLength"])
        if first < 0 or length < 0 or first + length > len(data):
            raise ValueError("a part lies beyond the file's end")
        return data[first : first + length]

    def _buffer(self, index: int) -> bytes:
        uri = self._document["buffers"][index].get("uri")
        if uri is None:
            return self._binary
        head, comma, text = str(uri).partition(",")
        if not (comma and head.startswith("data:") and head.endswith(";base64")):
            raise Unusable(ELSEWHERE)
        return base64.b64decode(text)


def _count(entry: dict[str, Any]) -> int:
    count = int(entry["count"])
    if not 0 <= count <= 3 * MOST_READ:
        raise Unusable(f"it says to have {count:,} numbers in one list; no ring has")
    return count


def _packed_stride(view: dict[str, Any]) -> int | None:
    packed = next((e for name, e in view.get("extensions", {}).items() if name in _MESHOPT), None)
    return None if packed is None else int(packed["byteStride"])


def _rows(
    data: bytes, first: int, count: int, width: int, kind: np.dtype[Any], stride: int | None = None
) -> NDArray[Any]:
    stride = width * kind.itemsize if stride is None else stride
    if count and not (first >= 0 and first + (count - 1) * stride + width * kind.itemsize <= len(data)):
        raise ValueError("a list lies beyond its part's end")
    if stride < width * kind.itemsize:
        raise ValueError("a list's rows overlap")
    return np.ndarray((count, width), kind, data, first, (stride, kind.itemsize))
