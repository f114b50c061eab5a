"""What every source gives: timestamped frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.errors import UserError


class SourceError(UserError):
    """A camera or file that can't be used: one clear line that says why and what to do."""


@dataclass(frozen=True)
class Frame:
    """One picture and the moment it belongs to."""

    image_rgb: NDArray[np.uint8]  # (H, W, 3), never changed by those it is handed to
    time_s: float  # live: monotonic clock when it was captured; file: since the file's first frame
    index: int  # 0, 1, 2 … within its source
    duration_s: float | None = None  # how long a file shows it; None where only the next frame tells
