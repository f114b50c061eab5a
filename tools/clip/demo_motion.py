"""What the hand of the demo clip does: ten seconds of key poses that end where they began."""

from __future__ import annotations

from tools.clip.motion import Fingers, Key

DURATION_S = 10.0

# Angles count from the open hand's rest: slightly curled and spread.
RELAXED = Fingers((-4, -4, 0, -3), (-6, -2, -4, 4), (-4, -3, -2, 8), (-6, -3, 0, 10), (0, -6, 0, -4, -4))
SPREAD = Fingers(
    (-14, -10, -3, 6), (-14, -6, -8, 2), (-13, -7, -5, -1), (-15, -8, -2, -8), (-10, -4, 0, -8, -12)
)
STRAIGHT = Fingers(
    (-12, -9, -2, -5), (-13, -4, -8, 6), (-12, -6, -5, 12), (-13, -7, -2, 14), (0, -14, 0, -6, -6)
)
HALF = Fingers((28, 45, 22, -4), (30, 50, 26, 5), (34, 50, 26, 11), (38, 46, 22, 16), (10, 0, 8, 12, 12))
FIST = Fingers((66, 88, 52, -8), (68, 94, 54, 4), (68, 92, 54, 12), (62, 86, 52, 20), (22, -6, 14, 26, 38))
POINT = Fingers((-12, -10, -2, 0), (66, 92, 52, 4), (68, 92, 54, 12), (62, 86, 52, 20), (24, -4, 16, 28, 40))

_ELBOW = (-0.07, 0.40, 0.50)


def demo_keys() -> list[Key]:
    """Open, spread, fist, point, open; turn to the back and show the ring finger; out and back again."""
    home = (-0.015, 0.101, 0.370)
    ring = (-0.005, 0.108, 0.345)
    return [
        Key(0.00, home, _ELBOW, 8, -4, 4, RELAXED),
        Key(0.45, home, _ELBOW, 4, -4, 4, RELAXED),
        Key(0.95, (-0.012, 0.096, 0.365), _ELBOW, -4, -10, 2, SPREAD),
        Key(1.30, (-0.012, 0.096, 0.365), _ELBOW, -6, -10, 2, SPREAD),
        Key(1.60, (-0.014, 0.094, 0.370), _ELBOW, 0, -2, 3, HALF),
        Key(1.95, (-0.016, 0.071, 0.370), _ELBOW, 6, 4, 3, FIST),
        Key(2.30, (-0.016, 0.071, 0.370), _ELBOW, 8, 4, 3, FIST),
        Key(2.65, (-0.018, 0.084, 0.370), _ELBOW, 2, -2, 0, POINT),
        Key(3.15, (-0.014, 0.084, 0.365), _ELBOW, -4, -4, -3, POINT),
        Key(3.60, (-0.014, 0.098, 0.370), _ELBOW, 6, -6, 2, RELAXED),
        Key(3.85, (-0.014, 0.100, 0.370), _ELBOW, 16, -6, 2, RELAXED),
        Key(4.65, ring, _ELBOW, 168, 4, 2, STRAIGHT),
        Key(5.30, (-0.005, 0.110, 0.335), _ELBOW, 182, 6, 4, STRAIGHT),
        Key(6.00, (0.004, 0.108, 0.330), _ELBOW, 199, 8, -2, STRAIGHT),
        Key(6.60, (-0.004, 0.106, 0.335), _ELBOW, 164, 5, 3, RELAXED),
        Key(6.95, (-0.012, 0.108, 0.345), _ELBOW, 170, 4, 3, RELAXED),
        Key(7.70, (-0.34, 0.140, 0.370), (-0.36, 0.45, 0.50), 130, 0, 0, RELAXED),
        Key(8.00, (-0.36, 0.140, 0.380), (-0.38, 0.45, 0.50), 60, -4, 4, RELAXED),
        Key(8.80, (-0.03, 0.100, 0.380), (-0.10, 0.40, 0.50), 22, -6, 0, RELAXED),
        Key(9.20, (-0.01, 0.098, 0.370), _ELBOW, -8, -6, 8, SPREAD),
        Key(9.65, home, _ELBOW, 6, -4, 2, RELAXED),
        Key(10.0, home, _ELBOW, 8, -4, 4, RELAXED),
    ]
