"""Crops with what is known of them for the two scores, and the file in which many are kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.datasets.real_crops import read_arrays
from models.inference.landmark_runtime import INPUT_SIZE
from models.whole_file import whole_file

Image = NDArray[np.uint8]
_QUALITY = 95  # of the JPEG files in which crops are kept


@dataclass(frozen=True, eq=False)
class ScoreCrop:
    """One crop as the landmark network is shown it."""

    image: Image  # (224, 224, 3) RGB
    present: bool  # whether it shows a hand
    right: bool | None  # whether that is a right one; None where it is not known, or there is none
    source: str  # where it comes from
    held_out: bool = False  # kept from training, to judge by


class CropFile:
    """Crops kept compressed in one npz file: 20 KB each, decoded when asked for."""

    def __init__(self, path: Path) -> None:
        """Raises ValueError in one line where the file is damaged or of another kind."""
        names = ("data", "ends", "present", "right", "source", "held_out")
        self._data, self._ends, self.present, self.right, self.source, self.held_out = read_arrays(
            path, names
        )
        n = len(self._ends)
        if any(len(a) != n for a in (self.present, self.right, self.source, self.held_out)):
            raise ValueError(f"{path}: its arrays are of different lengths; delete it, and it is made again")

    def __len__(self) -> int:
        return len(self._ends)

    def image(self, k: int) -> Image:
        """(224, 224, 3) RGB."""
        start = int(self._ends[k - 1]) if k else 0
        picture = cv2.imdecode(self._data[start : int(self._ends[k])], cv2.IMREAD_COLOR_RGB)
        if picture is None or picture.shape != (INPUT_SIZE, INPUT_SIZE, 3):
            raise ValueError(f"crop {k} is no picture of {INPUT_SIZE} pixels; delete the file of crops")
        return np.asarray(picture, np.uint8)


def write_crops(crops: Iterable[ScoreCrop], path: Path) -> int:
    """Keep crops in an npz file, whole or not at all; return how many. Raises OSError."""
    data: list[bytes] = []
    known: list[ScoreCrop] = []
    for crop in crops:
        bgr = cv2.cvtColor(crop.image, cv2.COLOR_RGB2BGR)
        data.append(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes())
        known.append(
            ScoreCrop(np.zeros((0, 0, 3), np.uint8), crop.present, crop.right, crop.source, crop.held_out)
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as draft, draft.open("wb") as file:
        np.savez(
            file,
            data=np.frombuffer(b"".join(data), np.uint8),
            ends=np.cumsum([len(d) for d in data], dtype=np.int64),
            present=np.array([c.present for c in known], bool),
            right=_codes([c.right for c in known]),
            source=np.array([c.source for c in known], str),
            held_out=np.array([c.held_out for c in known], bool),
        )
    return len(known)


def _codes(right: Sequence[bool | None]) -> NDArray[np.int8]:
    """1 right, 0 left, -1 unknown."""
    return np.array([-1 if r is None else int(r) for r in right], np.int8)
