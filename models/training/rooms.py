"""What is behind a hand: a bank of pictures, drawn or from a folder."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

UInt8 = NDArray[np.uint8]

SIDE = 256


def background_bank(folder: Path | None, drawn: int = 96, seed: int = 0) -> UInt8:
    """(N, SIDE, SIDE, 3) RGB: `drawn` rooms and the pictures of the folder.

    Raises ValueError where a folder is given that holds no picture.
    """
    rng = np.random.default_rng(seed)
    rooms = [draw_room(rng) for _ in range(drawn)]
    if folder is not None:
        files = sorted(p for p in folder.glob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
        if not files:
            raise ValueError(
                f"backgrounds: {folder} holds no jpg, png or webp picture; give a folder that does"
            )
        for path in files:
            picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if picture is None:
                raise ValueError(f"backgrounds: {path} is no picture; take it away")
            small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
            rooms.append(cv2.cvtColor(small, cv2.COLOR_BGR2RGB))
    return np.stack(rooms).astype(np.uint8)


def draw_room(rng: np.random.Generator) -> UInt8:
    """(SIDE, SIDE, 3) RGB."""
    picture = np.empty((SIDE, SIDE, 3), np.float32)
    corners = (rng.uniform(60, 235) + rng.normal(0, 18, (2, 2, 3))).astype(np.float32)
    picture[:] = cv2.resize(corners, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return np.clip(picture, 0, 255).astype(np.uint8)
