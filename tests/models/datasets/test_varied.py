"""A hand in many conditions: its box stays around it, and something changes."""

from __future__ import annotations

import numpy as np
import pytest

from models.datasets.cutout import Cutout
from models.datasets.dressed import DRESSES
from models.datasets.varied import KINDS

BOX = (60.0, 50.0, 60.0, 100.0)
GROUND = np.full((360, 640, 3), 60, np.uint8)


def photograph() -> np.ndarray:
    """A red oblong on grey, where the box is."""
    picture = np.full((200, 180, 3), 90, np.uint8)
    picture[50:150, 60:120] = (220, 40, 40)
    return picture


@pytest.mark.parametrize(
    "kind", [k for k in KINDS if k not in ("grey", "coloured light", "very dark, noise")]
)
def test_the_box_goes_where_the_hand_goes(kind: str) -> None:
    seen, (x, y, w, h) = KINDS[kind](photograph(), BOX, GROUND, np.random.default_rng(2))
    height, width = seen.shape[:2]
    red = seen[..., 0].astype(int) > seen[..., 1].astype(int) * 1.2 + 3
    inside = np.zeros_like(red)
    inside[max(round(y), 0) : max(round(y + h), 0), max(round(x), 0) : max(round(x + w), 0)] = True
    assert (red & inside).sum() / (red | inside).sum() > 0.7
    cut = x < -1 or y < -1 or x + w > width + 1 or y + h > height + 1
    assert cut == (kind in ("a third cut off", "fills 130 %"))


@pytest.mark.parametrize("dress", [d for d in DRESSES if d != "before another picture"])
def test_only_the_hand_is_dressed(dress: str) -> None:
    alpha = np.zeros((200, 180), np.float32)
    alpha[50:150, 60:120] = 1
    x, y = np.meshgrid(np.linspace(70, 110, 4), np.linspace(140, 60, 6)[:5])
    joints = np.concatenate([[[90, 145]], np.stack([x, y], -1).reshape(-1, 2)]).astype(np.float32)
    hand = Cutout(photograph(), alpha, joints, "right")
    image = DRESSES[dress](hand, np.random.default_rng(1)).image
    assert (image[alpha == 0] == hand.image[alpha == 0]).all()
    assert (image != hand.image).any()
