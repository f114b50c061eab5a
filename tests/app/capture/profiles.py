"""ICC profiles, made on the spot."""

from __future__ import annotations

import struct

import numpy as np

# Red, green and blue in XYZ as profiles hold them, in columns; and curves of every kind.
P3 = np.array([[0.5151, 0.2920, 0.1571], [0.2412, 0.6922, 0.0666], [-0.0011, 0.0419, 0.7841]])
ADOBE = np.array([[0.6097, 0.2053, 0.1492], [0.3111, 0.6257, 0.0632], [0.0195, 0.0609, 0.7446]])
GAMMA = b"curv" + bytes(4) + struct.pack(">IH", 1, 563)
STEPS = np.linspace(0, 1, 1024)
TABLE = b"curv" + bytes(4) + struct.pack(">I", 1024) + np.round(65535 * STEPS**1.8).astype(">u2").tobytes()
LINEAR = b"curv" + bytes(8)


def _parametric(kind: int, *numbers: float) -> bytes:
    fixed = [round(65536 * number) for number in numbers]
    return b"para" + bytes(4) + struct.pack(f">HH{len(fixed)}i", kind, 0, *fixed)


SRGBS = _parametric(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
CURVES = {
    "gamma": GAMMA,
    "table": TABLE,
    "linear": LINEAR,
    "para 0": _parametric(0, 2.2),
    "para 1": _parametric(1, 2.0, 1.1, -0.1),
    "para 2": _parametric(2, 2.0, 0.9, -0.05, 0.01),
    "para 3": SRGBS,
    "para 4": _parametric(4, 2.4, 0.94, 0.052, 0.077, 0.04, 0.001, 0.0),
}


def profile(primaries: np.ndarray, curve: bytes, grey: bool = False) -> bytes:
    """An ICC profile of a screen."""
    white = struct.pack(">3i", 63190, 65536, 54061)
    tags = [(b"wtpt", b"XYZ \0\0\0\0" + white), (b"cprt", b"text\0\0\0\0none\0")]
    tags.append((b"desc", b"desc" + bytes(4) + struct.pack(">I", 2) + b"a\0" + bytes(78)))
    if grey:
        tags.append((b"kTRC", curve))
    for k, name in enumerate([] if grey else [b"r", b"g", b"b"]):
        fixed = np.round(65536 * primaries[:, k]).astype(int)
        tags += [(name + b"XYZ", b"XYZ \0\0\0\0" + struct.pack(">3i", *fixed)), (name + b"TRC", curve)]
    table, data, first = b"", b"", 132 + 12 * len(tags)
    for name, tag in tags:
        table += struct.pack(">4sII", name, first + len(data), len(tag))
        data += tag + bytes(-len(tag) % 4)
    head = bytearray(128)
    head[:4] = struct.pack(">I", first + len(data))
    head[8:12] = b"\4\0\0\0" if curve[:4] == b"para" else b"\2\0\0\0"
    head[12:24] = b"mntrGRAYXYZ " if grey else b"mntrRGB XYZ "
    head[36:40], head[68:80] = b"acsp", white
    return bytes(head) + struct.pack(">I", len(tags)) + table + data
