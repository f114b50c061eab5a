"""What hands wear, hold and are hidden by, and what else is in the picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.geometry import rotation_from_axis_angle
from models.training.synthetic.atlas import TEXELS, DrawList
from models.training.synthetic.atlas_mesh import N_ALL_BONES
from models.types import Float32, Float64

# How often.
SLEEVE, WATCH, RINGS, HELD, IN_THE_WAY, BEHIND, SECOND_HAND = 0.55, 0.15, 0.25, 0.10, 0.07, 0.06, 0.10
_RING_ON = (0.05, 0.2, 0.25, 0.4, 0.1)  # thumb to little finger
_PALM_M = np.array([0.0, -0.07, -0.034])  # where things are held, the hand at rest


def add_accessories(
    rows: Float32, rng: np.random.Generator, present: NDArray[np.bool_]
) -> tuple[Float32, DrawList]:
    """The table with rows for everything else that is there, and who is drawn where.

    rows: (B, ROW_TEXELS, 4) the hands; present: (B,) whose tile has its hand.
    """
    n = len(rows)
    hands: list[list[tuple[str, int]]] = [_worn(rng, k) if present[k] else [] for k in range(n)]
    others: list[list[tuple[str, int]]] = [[] for _ in range(n)]
    added: list[Float32] = []

    def add(tile: int, names: list[str], row: Float32) -> None:
        others[tile].extend((name, n + len(added)) for name in names)
        added.append(row)

    chance = rng.random((n, 4)) < [HELD, IN_THE_WAY, BEHIND, SECOND_HAND]
    chance[~present, 2] = rng.random(int((~present).sum())) < 0.6
    for k in range(n):
        if chance[k, 0] and present[k]:
            add(k, [_prop_name(rng)], _held(rows[k], rng))
        if chance[k, 1] and present[k]:
            add(k, [_prop_name(rng)], _free(rows[k], rng, near=True))
        if chance[k, 2]:
            add(k, [_prop_name(rng)], _free(rows[k], rng, near=False))
        if chance[k, 3] and present[k]:
            add(k, ["skin"], _second(rows[k], rows[(k + 1) % n], rng))
    return np.concatenate([rows, np.stack(added)]) if added else rows, DrawList(hands, others)


def _worn(rng: np.random.Generator, row: int) -> list[tuple[str, int]]:
    names = ["skin"]
    if rng.random() < SLEEVE:
        names.append("sleeve")
    elif rng.random() < WATCH / (1 - SLEEVE):
        names.append("watch")
    if rng.random() < RINGS:
        fingers = rng.choice(5, 1 + int(rng.random() < 0.3), replace=False, p=_RING_ON)
        names.extend(f"ring{finger}" for finger in fingers)
    return [(name, row) for name in names]


def _prop_name(rng: np.random.Generator) -> str:
    return f"prop{rng.choice(3, p=[0.25, 0.45, 0.3])}"


def _prop(
    host: Float32, rng: np.random.Generator, rotation: Float64, size_m: Float64, at_m: Float64
) -> Float32:
    """A row for a prop in the light and before the camera of another row."""
    row = host.copy()
    row[: TEXELS["CAPSULES"]] = 0
    row[:3, :3], row[:3, 3] = rotation * size_m, at_m
    dark = rng.random() < 0.4
    colour = np.clip(rng.random(3) ** (3 if dark else 1) * rng.uniform(0.2, 1.0), 0.005, 0.9)
    if rng.random() < 0.3:  # of the colour of skin
        colour = np.exp(-np.array([0.12, 0.42, 0.55]) - rng.uniform(0.05, 1.2) * np.array([0.62, 1.22, 1.95]))
    cloth = TEXELS["CLOTH"]
    row[cloth, :3] = colour
    row[cloth, 3] = rng.choice(4, p=[0.6, 0.15, 0.15, 0.1])
    row[cloth + 1] = [*rng.random(3), rng.uniform(0.01, 0.08)]
    row[TEXELS["BETAS"] : TEXELS["BETAS"] + 3] = 0
    return row


def _random_rotation(rng: np.random.Generator) -> Float64:
    axis = rng.standard_normal(3)
    return rotation_from_axis_angle(axis / np.linalg.norm(axis) * rng.uniform(0, np.pi))


def _held(host: Float32, rng: np.random.Generator) -> Float32:
    """In the hollow of the hand, lying across the palm."""
    wrist = host[:3].astype(np.float64)
    across = rotation_from_axis_angle([0, 0, np.pi / 2 + rng.normal(0, 0.35)])
    rotation = wrist[:, :3] @ across @ rotation_from_axis_angle([0, rng.uniform(0, np.pi), 0])
    radius = rng.uniform(0.008, 0.035)
    size = np.array([radius, rng.uniform(0.04, 0.12), radius * rng.uniform(0.4, 1.2)])
    at = wrist[:, :3] @ (_PALM_M - [0, rng.normal(0, 0.01), 0.6 * radius]) + wrist[:, 3]
    return _prop(host, rng, rotation, size, at)


def _free(host: Float32, rng: np.random.Generator, near: bool) -> Float32:
    """Somewhere in the crop, before the hand or behind it."""
    z = float(host[: N_ALL_BONES * 3, 3].reshape(-1, 3)[7, 2]) * (
        rng.uniform(0.55, 0.8) if near else rng.uniform(1.2, 2.0)
    )
    width = z / float(host[TEXELS["CAMERA"], 0])  # of the crop there, metres
    at = np.array([*rng.uniform(-0.5, 0.5, 2) * width, max(z, 0.06)])
    size = width * rng.uniform(0.03, 0.14 if near else 0.4, 3)
    return _prop(host, rng, _random_rotation(rng), size, at)


def _second(host: Float32, other: Float32, rng: np.random.Generator) -> Float32:
    """Another hand of whoever it is, beside or behind, mostly at the crop's edge."""
    row = host.copy()
    bones = slice(0, TEXELS["LIGHT"])
    row[bones] = other[bones]
    row[TEXELS["BETAS"] : TEXELS["BETAS"] + 3] = other[TEXELS["BETAS"] : TEXELS["BETAS"] + 3]
    wrist, there = host[:3, 3], other[:3, 3]
    width = wrist[2] / host[TEXELS["CAMERA"], 0]
    angle = rng.uniform(0, 2 * np.pi)
    away = np.array([np.cos(angle), np.sin(angle), 0]) * width * rng.uniform(0.4, 0.65)
    move = wrist - there + away + [0, 0, rng.uniform(0.03, 0.25)]
    move[2] = max(move[2], 0.12 - there[2])
    row[: TEXELS["CAPSULES"]].reshape(-1, 3, 4)[:, :, 3] += move
    capsules = row[TEXELS["CAPSULES"] : TEXELS["LIGHT"]]
    capsules[:, :3] += move
    return row
