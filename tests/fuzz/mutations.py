"""Damage done to a file's bytes, the same for the same seed."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

_NUMBER = re.compile(rb"-?\d+(\.\d+)?(e-?\d+)?")
_ODD_NUMBERS = (b"NaN", b"1e999", b"-1", b"0", b"9" * 25, b"1e-320", b"null", b'"x"', b"[]", b"{}", b"true")


def _flipped(data: bytearray, rng: np.random.Generator) -> None:
    for at in rng.integers(0, len(data), rng.integers(1, 40)):
        data[at] ^= 1 << rng.integers(0, 8)


def _nudged(data: bytearray, rng: np.random.Generator) -> None:
    for at in rng.integers(0, len(data), rng.integers(1, 4)):
        data[at] ^= 1 << rng.integers(0, 8)


def _overwritten(data: bytearray, rng: np.random.Generator) -> None:
    for at in rng.integers(0, len(data), rng.integers(1, 6)):
        length = int(rng.integers(1, 9))
        value = rng.choice([0, 1, 0x7F, 0x80, 0xFF])
        data[at : at + length] = bytes([value]) * len(data[at : at + length])


def _cut(data: bytearray, rng: np.random.Generator) -> None:
    del data[int(rng.integers(1, len(data))) :]


def _removed(data: bytearray, rng: np.random.Generator) -> None:
    at = int(rng.integers(0, len(data)))
    del data[at : at + int(rng.integers(1, 200))]


def _repeated(data: bytearray, rng: np.random.Generator) -> None:
    a, b = sorted(rng.integers(0, len(data), 2).tolist())
    data[a:a] = data[a : min(b, a + 5000)] * int(rng.integers(1, 4))


def _noise(data: bytearray, rng: np.random.Generator) -> None:
    at = int(rng.integers(0, len(data)))
    data[at : at + 64] = rng.bytes(64)


def _renumbered(data: bytearray, rng: np.random.Generator) -> None:
    """Numbers of a text replaced by odd ones; a file without any is flipped."""
    found = list(_NUMBER.finditer(bytes(data[:200_000])))
    if not found:
        return _flipped(data, rng)
    for k in sorted(rng.integers(0, len(found), rng.integers(1, 4)).tolist(), reverse=True):
        data[found[k].start() : found[k].end()] = _ODD_NUMBERS[rng.integers(len(_ODD_NUMBERS))]
    return None


_KINDS: tuple[Callable[[bytearray, np.random.Generator], None], ...] = (
    _nudged, _nudged, _nudged, _flipped, _overwritten, _cut, _removed, _repeated, _noise, _renumbered
)  # fmt: skip


def mutated(content: bytes, seed: int, at_head: bool) -> bytes:
    """The content with one or two kinds of damage. at_head: only in its first part, where the sizes are."""
    rng = np.random.default_rng(seed)
    split = min(len(content), 600) if at_head else len(content)
    data = bytearray(content[:split])
    for _ in range(int(rng.integers(1, 3))):
        if len(data) > 1:
            _KINDS[rng.integers(len(_KINDS))](data, rng)
    return bytes(data) + content[split:]
