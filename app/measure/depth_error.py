"""How far off depth is to be expected, from how well the camera and the hand's size are known.

Depth goes as focal length times true size over size in the picture: relative errors add in quadrature.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

UNKNOWN_FOCAL = 0.2
"""A webcam of which nothing is known: diagonal fields of view of 55 to 78 degrees about the preset of 65."""
STATED_FOCAL = 0.06
"""A field of view read off the box: within some 3 degrees."""
UNKNOWN_SIZE = 0.06
"""An adult's hand: lengths of men (193 ± 10 mm) and women (181 ± 10 mm) together (ANSUR II, 2012)."""
MEASURED_SIZE = 0.02
"""A palm measured with a ruler, or beside a card: about 2 mm of 85."""


@dataclass(frozen=True)
class DepthError:
    """One standard deviation of the depth, over it, and where it comes from."""

    focal: float
    size: float

    @property
    def total(self) -> float:
        """Both together."""
        return math.hypot(self.focal, self.size)

    def text(self) -> str:
        """For people."""
        return (
            f"Expected depth error: ± {100 * self.total:.2g} % (focal length ± {100 * self.focal:.2g} %, "
            f"hand size ± {100 * self.size:.2g} %)"
        )
