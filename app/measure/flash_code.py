"""A number that a camera can read off a screen: an ArUco marker, drawn large and read whatever its angle.

Garrido-Jurado et al., Pattern Recognition 2014. Markers of 6 x 6 bits differ in eleven bits at least, so a
picture in which two of them blend is read as one of the two or not at all, never as a third.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

CODES = 250
"""How many numbers there are: at sixty a second they begin again after four seconds."""
_CELLS = 8  # of a marker with its black rim
_QUIET = 1  # cells of white around it


def draw_code(number: int, cell_px: int) -> NDArray[np.uint8]:
    """(S, S) grey picture of `number` modulo CODES with its white margin; S is ten cells."""
    marker = cv2.aruco.generateImageMarker(_dictionary(), number % CODES, _CELLS)
    framed = np.pad(np.asarray(marker, np.uint8), _QUIET, constant_values=255)
    return np.ascontiguousarray(np.kron(framed, np.ones((cell_px, cell_px), np.uint8)))


def read_code(image: NDArray[np.uint8]) -> int | None:
    """The number in a picture (H, W) or (H, W, 3), of several the largest; None where there is none."""
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    corners, numbers, _ = _reader().detectMarkers(grey)
    if numbers is None or len(numbers) == 0:
        return None
    areas = [cv2.contourArea(quad) for quad in corners]
    return int(np.ravel(numbers)[int(np.argmax(areas))])


@cache
def _dictionary() -> cv2.aruco.Dictionary:
    return cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_6X6_250)


def _reader() -> cv2.aruco.ArucoDetector:
    parameters = cv2.aruco.DetectorParameters()
    parameters.errorCorrectionRate = 0.4  # of the bits that tell two apart
    return cv2.aruco.ArucoDetector(_dictionary(), parameters)
