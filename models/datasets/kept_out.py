"""Which pictures of a folder no training and no choice of a threshold sees, so that they can judge."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

HELD_OUT_EVERY = 4
"""Of the pictures without hands every fourth is kept out."""


def is_kept_out(path: Path) -> bool:
    """Whether a photograph of a hand whose side nobody knows is kept out: a half, by its content."""
    return hashlib.sha256(path.read_bytes()).digest()[0] % 2 == 0


def kept_out(pictures: Sequence[Path]) -> list[Path]:
    """Of a folder's pictures without hands: every fourth, or all where they are few."""
    return list(pictures[::HELD_OUT_EVERY]) if _are_many(pictures) else list(pictures)


def not_kept_out(pictures: Sequence[Path]) -> list[Path]:
    """The others; all where they are few, and then none of them may judge."""
    if not _are_many(pictures):
        return list(pictures)
    return [path for k, path in enumerate(pictures) if k % HELD_OUT_EVERY]


def _are_many(pictures: Sequence[Path]) -> bool:
    return len(pictures) > HELD_OUT_EVERY**2
