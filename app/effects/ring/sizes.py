"""Ring sizes as jewellers count them, and a finger's measured size with its uncertainty."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from app.measure.depth_error import UNKNOWN_SIZE

_US_ZERO_MM, _US_STEP_MM = 11.63, 0.8128  # 0.458 inches across, 0.032 more for each whole size
_MEMORY_S = 2.0


@dataclass(frozen=True)
class RingSizes:
    """A ring's inner diameter in the sizes that jewellers use."""

    diameter_mm: float
    us: float  # to the nearest quarter
    eu: float  # ISO 8653: the inner circumference in millimetres

    def __str__(self) -> str:
        return f"{self.diameter_mm:.1f} mm · US {self.us:g} · EU {self.eu:.1f}"


def ring_size(inner_diameter_mm: float) -> RingSizes:
    """Sizes of an inner diameter in millimetres.

    US: size 0 is 0.458 inches (11.63 mm) across, each whole size 0.032 inches (0.8128 mm) more, the American
    standard as the trade's mandrels have it. EU: ISO 8653.
    """
    if not 0 < inner_diameter_mm < 100:
        raise ValueError(f"ring size: expected an inner diameter in millimetres, got {inner_diameter_mm}")
    us = (inner_diameter_mm - _US_ZERO_MM) / _US_STEP_MM
    return RingSizes(inner_diameter_mm, round(us * 4) / 4, round(float(np.pi) * inner_diameter_mm, 1))


def us_diameter_mm(size: float) -> float:
    """Inner diameter of a US size."""
    return _US_ZERO_MM + _US_STEP_MM * size


def parse_size(text: str) -> float:
    """Inner diameter in millimetres of "17.3", "17.3 mm", "US 7", "us6.5" or "EU54". Raises ValueError."""
    found = re.fullmatch(r"\s*(us|eu|)\s*([0-9]+(?:\.[0-9]+)?)\s*(mm|)\s*", text.lower())
    if found is None or (found[1] and found[3]):
        raise ValueError(f"expected a ring size such as 17.3mm, US7 or EU54, got {text!r}")
    number = float(found[2])
    return {"us": us_diameter_mm(number), "eu": number / float(np.pi), "": number}[found[1]]


@dataclass(frozen=True)
class FingerMeasure:
    """A finger's size over time: moving averages of what each frame's mesh says."""

    diameter_mm: float
    variance_mm2: float  # from frame to frame
    photo: float  # photographed width over the mesh's
    size_error: float  # fraction by which the whole hand may be of another size
    time_s: float
    since_s: float

    @property
    def sizes(self) -> RingSizes:
        """Of the ring that would fit."""
        return ring_size(self.diameter_mm)

    @property
    def uncertainty_mm(self) -> float:
        """One standard deviation: jitter, disagreement with the photo, and a hand of another size."""
        parts = (
            np.sqrt(self.variance_mm2),
            0.5 * self.diameter_mm * (self.photo - 1),
            self.size_error * self.diameter_mm,
        )
        return float(np.linalg.norm(parts))

    def __str__(self) -> str:
        s = self.sizes
        return f"{s.diameter_mm:.1f} ± {self.uncertainty_mm:.1f} mm · US {s.us:g} · EU {s.eu:.0f}"


def measured(
    previous: FingerMeasure | None,
    diameter_mm: float,
    photo: float,
    now: float,
    size_error: float = UNKNOWN_SIZE,
) -> FingerMeasure:
    """The measure with one more frame in it: a plain average at first, then one over the last seconds."""
    if previous is None:
        return FingerMeasure(diameter_mm, 0.0, photo, size_error, now, now)
    age = previous.time_s - previous.since_s
    old = float(np.exp(-(now - previous.time_s) / min(_MEMORY_S, max(age, 1e-3))))
    off = diameter_mm - previous.diameter_mm
    return FingerMeasure(
        diameter_mm=previous.diameter_mm + (1 - old) * off,
        variance_mm2=old * (previous.variance_mm2 + (1 - old) * off * off),
        photo=old * previous.photo + (1 - old) * photo,
        size_error=size_error,
        time_s=now,
        since_s=previous.since_s,
    )
