"""STL, binary and text, whatever its header says and whatever comes after its triangles."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from app.ring_files.obj import decimal_commas
from app.ring_files.piece import MOST_READ, Float64, Piece, Unusable, checked_count

_HEAD, _EACH = 84, 50  # bytes before the triangles, and of each
_TRIANGLE = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_VERTEX = re.compile(rb"(?i)vertex\s+(\S+)\s+(\S+)\s+(\S+)")


def read_stl(path: Path) -> list[Piece]:
    """One piece. Raises Unusable, and ValueError for what is no STL."""
    data = path.read_bytes()
    count = int.from_bytes(data[80:84], "little")
    whole = len(data) >= _HEAD + _EACH * count
    text = data[:1024].lstrip().lower().startswith(b"solid") and b"\0" not in data[:1024]
    if text and (not whole or count == 0 or b"facet" in data[:1024].lower()):
        corners = _from_text(data)
    elif not whole:
        raise Unusable(f"it is cut off: {count:,} triangles are announced, and not as many are there")
    elif count > MOST_READ:
        raise Unusable(f"it has {count:,} triangles; up to {MOST_READ:,} can be read")
    else:
        corners = np.frombuffer(data, _TRIANGLE, count, _HEAD)["corners"].astype(np.float64)
    vertices = corners.reshape(-1, 3)
    pieces = [Piece(vertices, np.arange(len(vertices)).reshape(-1, 3))]
    checked_count(pieces)
    return pieces


def _from_text(data: bytes) -> Float64:
    found = _VERTEX.findall(data)
    try:
        numbers = np.array(found, "S24").astype(np.float64)
    except ValueError:
        if any(b"," in number for row in found[:99] for number in row):
            raise decimal_commas() from None
        raise
    return numbers[: len(numbers) // 3 * 3]
