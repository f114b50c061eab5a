"""What is worn on a wrist, built by code. Own frame: axis z to the hand, the hand's back at +y. Metres."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from app.effects.ring.model import RingModel, RingPart
from app.effects.ring.shapes import band_profile, lathe
from app.effects.solids import joined, swept, tube
from app.render.scene import Geometry, Metal, Paint
from models.types import Float64

PIECES = {"bangle": "Bangle", "chain": "Chain", "watch": "Watch"}
LOOSE = {"bangle": 1.10, "chain": 1.06, "watch": 1.02}
"""The piece's inside over the wrist's."""

_BANGLE_M = (0.0062, 0.0030)  # width, thickness
_LINK_M, _WIRE_M = (0.0052, 0.0034), 0.00085  # half a link's length and width, to the wire's middle
_STRAP_M = (0.018, 0.0022)
_CASE_M, _CASE_HEIGHT_M = 0.0185, 0.0088  # radius
_LEATHER = Metal((0.085, 0.042, 0.024), 0.5)  # dark and dull, and hidden by the arm as metal is
_DIAL = Paint((0.82, 0.81, 0.78), roughness=0.25)
_INK = Paint((0.012, 0.014, 0.02), roughness=0.3)
_TEN_PAST_TEN = (np.radians(305.0), np.radians(60.0))  # hour and minute hand, from twelve clockwise


@lru_cache(maxsize=12)
def wrist_piece(name: str, inner_radius_m: float) -> RingModel:
    """One of PIECES for a wrist of this radius, its own looseness counted in. Raises KeyError."""
    return {"bangle": _bangle, "chain": _chain, "watch": _watch}[name](inner_radius_m)


def _bangle(r: float) -> RingModel:
    width, thickness = _BANGLE_M
    made = lathe(band_profile(r, width, thickness), 22, 120)
    return RingModel((RingPart(made, "metal"),), r, r + thickness, width / 2)


def _chain(r: float) -> RingModel:
    """Oval links, every other one turned by a right angle."""
    half, side = _LINK_M
    middle = r + _WIRE_M + 0.75 * side
    pitch = 2 * (half - 1.1 * _WIRE_M)
    count = 2 * round(np.pi * middle / pitch)
    angle = np.linspace(0, 2 * np.pi, 25)
    link = tube(np.stack([half * np.cos(angle), side * np.sin(angle), 0 * angle], 1), _WIRE_M, 8)
    poses = np.tile(np.eye(4), (count, 1, 1))
    for k, turn in enumerate(2 * np.pi * np.arange(count) / count):
        along = np.array([-np.sin(turn), np.cos(turn), 0])
        out = np.array([np.cos(turn), np.sin(turn), 0])
        tilt = np.pi / 4 * (1 if k % 2 else -1)  # chains lie with their links askew
        across = np.cos(tilt) * np.array([0, 0, 1.0]) + np.sin(tilt) * out
        poses[k, :3, :3] = np.stack([along, across, np.cross(along, across)], 1)
        poses[k, :3, 3] = middle * out
    made = replace(link, copies=poses.astype(np.float32))
    return RingModel((RingPart(made, "metal"),), r, middle + side, side + _WIRE_M)


def _watch(r: float) -> RingModel:
    width, thickness = _STRAP_M
    strap = lathe(band_profile(r, width, thickness), 22, 120)
    low = r + 0.0008
    top = low + _CASE_HEIGHT_M
    case = _turned(
        [
            (0.90 * _CASE_M, low),
            (_CASE_M, low + 0.0022),
            (_CASE_M, top - 0.0026),
            (0.955 * _CASE_M, top - 0.0004),
            (0.90 * _CASE_M, top),
            (0.86 * _CASE_M, top - 0.0008),
        ],
        low,
        top - 0.0012,
    )
    crown = tube(
        np.array([[_CASE_M - 0.001, low + 0.0045, 0], [_CASE_M + 0.003, low + 0.0045, 0]]), 0.0021, 16
    )
    dial = _disc(0.865 * _CASE_M, top - 0.0007)
    ink = [_bar(turn, 0.66, 0.80, 0.0006 if k % 3 else 0.0011, top) for k, turn in enumerate(_hours())]
    ink += [_bar(_TEN_PAST_TEN[0], -0.1, 0.48, 0.0010, top), _bar(_TEN_PAST_TEN[1], -0.12, 0.72, 0.0007, top)]
    parts = (
        RingPart(strap, _LEATHER),
        RingPart(joined(case, crown), "metal", rigid=True),
        RingPart(dial, _DIAL, rigid=True),
        RingPart(joined(*ink), _INK, rigid=True),
    )
    return RingModel(parts, r, r + thickness, width / 2)


def _hours() -> Float64:
    return np.radians(30.0) * np.arange(12)


def _turned(outline: list[tuple[float, float]], low: float, high: float) -> Geometry:
    """A closed body about y. outline: (radius, height) from its bottom to its top."""
    stations = np.array([(1e-6, low), *outline, (1e-6, high)])
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    circle = np.stack([np.cos(angle), 0 * angle, -np.sin(angle)], 1)
    inner, before, after = stations[1:-1], stations[:-2], stations[2:]
    pairs = np.stack([inner + 0.04 * (before - inner), inner + 0.04 * (after - inner)], 1)
    sharp = np.concatenate([stations[:1], pairs.reshape(-1, 2), stations[-1:]])  # edges that stay edges
    return swept(sharp[:, :1, None] * circle + sharp[:, 1:, None] * [0.0, 1.0, 0.0], closed=False)


def _disc(radius: float, height: float) -> Geometry:
    return _turned([(radius, height - 0.0003), (radius, height)], height - 0.0003, height)


def _bar(turn: float, start: float, end: float, width: float, top: float) -> Geometry:
    """A hand or an hour's mark on the dial. start, end: in radii of the case, from its middle."""
    out = np.array(
        [np.cos(turn), 0, np.sin(turn)]
    )  # twelve o'clock lies across the strap, to the little finger
    along = [_CASE_M * (start + (end - start) * t) * out + [0, top - 0.0006, 0] for t in (0.0, 0.5, 1.0)]
    return tube(np.array(along), width / 2, 6)
