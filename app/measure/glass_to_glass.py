"""Latency from glass to glass by counting frames: a screen shows numbers, a camera before it sees them.

After Friston and Steed, "Measuring Latency in Virtual Environments" (IEEE TVCG 2014): what the screen shows
is compared with what the system under test shows of it. Here both go through the same screen: number M is
painted at one moment, and the camera's picture of M at a later one. What lies between is the whole way, from
the screen's glass through the camera's to the screen's; what the screen adds after painting is in it once,
for it delays both paints alike.

A number stands for a while, and the camera may have seen it at any time of that: the middle is taken. The
error of one picture is half that while; over many pictures it averages out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.measure.flash_code import CODES

_LONGEST_S = 0.1  # a number that stood for longer, while the window was busy, tells too little
FEWEST = 20  # pictures that are needed


@dataclass(frozen=True)
class Seen:
    """A picture that showed a number. Seconds of one clock."""

    code: int  # modulo CODES
    captured_s: float  # as the capture says
    painted_s: float


@dataclass(frozen=True, eq=False)
class Latency:
    """Milliseconds, a value for each picture that counts."""

    total_ms: np.ndarray  # from glass to glass
    camera_ms: np.ndarray  # of it: from the screen to the program
    program_ms: np.ndarray  # of it: from there until painted again
    code_ms: float  # for how long a number stood, median

    def summary(self) -> dict[str, Any]:
        """The figures under the names that scripts rely on."""
        n = len(self.total_ms)
        low, median, p95 = np.percentile(self.total_ms, (5, 50, 95))
        return {
            "pictures": n,
            "glass_to_glass_ms": {
                "mean": _rounded(self.total_ms.mean()),
                "mean_within": _rounded(1.96 * self.total_ms.std(ddof=1) / np.sqrt(n)),
                "sd": _rounded(self.total_ms.std(ddof=1)),
                "p5": _rounded(low),
                "median": _rounded(median),
                "p95": _rounded(p95),
                "least": _rounded(self.total_ms.min()),
                "most": _rounded(self.total_ms.max()),
            },
            "camera_ms": _rounded(self.camera_ms.mean()),
            "program_ms": _rounded(self.program_ms.mean()),
            "code_ms": _rounded(self.code_ms),
        }

    def text(self) -> str:
        """For people: the figures, and how they are spread."""
        s = self.summary()
        g = s["glass_to_glass_ms"]
        lines = [
            f"glass to glass: {g['mean']:.1f} ± {g['mean_within']:.1f} ms"
            f" (mean of {s['pictures']} pictures, 95 % interval)",
            f"    5 % {g['p5']:.1f}   median {g['median']:.1f}   95 % {g['p95']:.1f}"
            f"   least {g['least']:.1f}   most {g['most']:.1f} ms",
            f"    camera, until the program has the picture: {s['camera_ms']:.1f} ms",
            f"    program, until it is painted:              {s['program_ms']:.1f} ms",
            f"A picture alone is known to ± {s['code_ms'] / 2:.1f} ms: a code stood {s['code_ms']:.1f} ms.",
            "",
        ]
        counts, edges = np.histogram(self.total_ms, bins=12)
        for count, left, right in zip(counts, edges[:-1], edges[1:], strict=True):
            lines.append(f"{left:7.1f} … {right:6.1f} ms  {'█' * round(40 * count / counts.max())} {count}")
        return "\n".join(lines)


def latency_of(shown_s: Sequence[float], seen: Sequence[Seen]) -> Latency:
    """shown_s: when number 0, 1, 2 … was painted, ascending. Raises ValueError where too little was seen."""
    total, camera, program, stood = [], [], [], []
    for picture in seen:
        index = _shown_as(picture, shown_s)
        if index is None or index + 1 >= len(shown_s):
            continue
        while_s = shown_s[index + 1] - shown_s[index]
        if while_s > _LONGEST_S:
            continue
        middle_s = shown_s[index] + while_s / 2
        total.append(picture.painted_s - middle_s)
        camera.append(picture.captured_s - middle_s)
        program.append(picture.painted_s - picture.captured_s)
        stood.append(while_s)
    if len(total) < FEWEST:
        raise ValueError(
            f"the code was read in {len(total)} pictures, of {FEWEST} that are needed; point the camera at"
            " it, near enough that it fills a third of the picture, with the room not too dark"
        )
    whole, first, then = (1e3 * np.array(values) for values in (total, camera, program))
    return Latency(whole, first, then, 1e3 * float(np.median(stood)))


def _shown_as(picture: Seen, shown_s: Sequence[float]) -> int | None:
    """Which of the numbers it was: the newest of this code that was up when the picture was taken."""
    newest = bisect_right(shown_s, picture.captured_s) - 1
    index = newest - (newest - picture.code) % CODES
    return index if 0 <= index <= newest else None


def _rounded(value: float) -> float:
    return round(float(value), 3)
