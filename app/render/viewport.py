"""The part of the frame that is rendered: a rectangle, and the intrinsics of the camera that sees just it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from models.geometry import project
from models.types import Camera, UInt8

NEAR_M = 0.02
"""Nothing nearer to the camera than this is drawn, metres."""
FINEST = 90_000
"""Rendered pixels up to which the frame's have more than two by two each: larger rings look no better."""
NOTHING_M = 1000.0
"""Depth where no hand is."""


@dataclass(frozen=True)
class Viewport:
    """A rectangle of whole frame pixels, drawn with `samples` x `samples` rendered pixels for each."""

    x: int
    y: int
    width: int
    height: int
    samples: int

    @property
    def rendered_wh(self) -> tuple[int, int]:
        """Rendered pixels."""
        return self.width * self.samples, self.height * self.samples

    def intrinsics(self, camera: Camera, samples: float) -> tuple[float, float, float, float]:
        """fx, fy, cx, cy, rendered pixels, with that many samples.

        (0, 0) is the outer corner of the first rendered pixel, as OpenGL counts.
        """
        return (
            camera.fx * samples,
            camera.fy * samples,
            (camera.cx + 0.5 - self.x) * samples,
            (camera.cy + 0.5 - self.y) * samples,
        )

    @property
    def end(self) -> tuple[int, int]:
        """The frame pixel, x and y, beyond its last."""
        return self.x + self.width, self.y + self.height

    def widened(self, low_px: ArrayLike, high_px: ArrayLike) -> Viewport:
        """This viewport, enlarged to hold a rectangle of whole frame pixels too: (2,) its start and end."""
        low = np.minimum([self.x, self.y], low_px)
        width, height = np.maximum(self.end, high_px) - low
        return Viewport(int(low[0]), int(low[1]), int(width), int(height), self.samples)

    def part_of(self, picture: UInt8, more_px: int) -> UInt8:
        """The part of a picture (H, W, 3) in the viewport and so many pixels around it; a view."""
        y0, x0 = max(self.y - more_px, 0), max(self.x - more_px, 0)
        return picture[y0 : self.y + self.height + more_px, x0 : self.x + self.width + more_px]


def viewport_around(
    points_m: ArrayLike, camera: Camera, margin_px: int, max_samples: int = 3, budget: int = 700_000
) -> Viewport | None:
    """The viewport that holds the projections of (N, 3) points, or None if they are outside the frame.

    Points nearer than NEAR_M do not count. Samples per pixel go down from `max_samples` to one as it grows,
    so that no more than about `budget` pixels are rendered, and no more than FINEST with over two.
    """
    points = np.asarray(points_m, np.float64)
    points = points[points[:, 2] > NEAR_M]
    if len(points) == 0:
        return None
    px = project(points, camera)
    size = np.array([camera.width, camera.height])
    low = np.clip(np.floor(px.min(0)) - margin_px, 0, size).astype(int)
    high = np.clip(np.ceil(px.max(0)) + 1 + margin_px, 0, size).astype(int)
    width, height = (int(v) for v in high - low)
    if width <= 0 or height <= 0:
        return None
    samples = int(np.clip(np.sqrt(budget / (width * height)), 1, max_samples))
    if samples > 2 and samples**2 * width * height > FINEST:
        samples = 2
    return Viewport(int(low[0]), int(low[1]), width, height, samples)
