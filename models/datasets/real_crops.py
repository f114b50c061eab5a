"""The folder of real crops: its labels, and which of them are kept from training, to judge by.

A folder holds 224 px pictures of one hand each, and labels.npz: `image, source, origin, side, score,
consistency` (N,), `joints_2d` (N, 21, 2) pixels of the crop, `joints_world` (N, 21, 3) metres (MediaPipe's,
noisy in depth).
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.types import N_JOINTS, Float32

HELD_OUT_TENTHS = 1
_HELD_OUT_SESSIONS = {"subhi": ("images/3_1528499009.07_", "images/46_", "images/35_")}
"""Sources made of videos, whose neighbouring frames are all but the same picture: of these, whole recordings
are held out, in rooms that no other recording shows. A tenth of subhi's crops again."""
_UNFIT = (OSError, ValueError, TypeError, KeyError, EOFError, NotImplementedError)  # of damaged zip files


@dataclass(frozen=True, eq=False)
class RealCrops:
    """N labelled crops. Checked once, where they are read."""

    folder: Path
    image: NDArray[np.str_]  # (N,) file names in the folder
    source: NDArray[np.str_]  # (N,) the data set each came from
    origin: NDArray[np.str_]  # (N,) its file there
    handedness: NDArray[np.str_]  # (N,) "right" or "left"
    joints_2d_px: Float32  # (N, 21, 2) pixels of the crop
    joints_world_m: Float32  # (N, 21, 3) metres, the crop's axes, origin of no meaning

    @property
    def held_out(self) -> NDArray[np.bool_]:
        """(N,) the crops that no training may see."""
        return np.array([is_held_out(s, o) for s, o in zip(self.source, self.origin, strict=True)], bool)


def is_held_out(source: str, origin: str) -> bool:
    """Whether a crop is kept from training: a tenth of the origins of each source, the same everywhere.

    Augmented twins share the part of the origin before `_jpg`, so they fall on the same side; frames of one
    video do so too.
    """
    if source in _HELD_OUT_SESSIONS:
        return origin.startswith(_HELD_OUT_SESSIONS[source])
    key = f"{source}/{origin.split('_jpg')[0]}"
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % 10 < HELD_OUT_TENTHS


def read_real_crops(folder: Path) -> RealCrops:
    """The labels of a folder of crops. Raises ValueError in one line when they are missing or malformed."""
    path = folder / "labels.npz"
    if not path.is_file():
        raise ValueError(f"{path} is missing; give a folder of real crops with their labels.npz")
    image, source, origin, handedness, joints_2d, joints_world = read_arrays(
        path, ("image", "source", "origin", "side", "joints_2d", "joints_world")
    )
    n = len(image)
    for name, array, shape in (
        ("source", source, (n,)),
        ("origin", origin, (n,)),
        ("side", handedness, (n,)),
        ("joints_2d", joints_2d, (n, N_JOINTS, 2)),
        ("joints_world", joints_world, (n, N_JOINTS, 3)),
    ):
        if array.shape != shape:
            raise ValueError(f"{path}: {name} expected shape {shape}, got {array.shape}")
    if not np.isin(handedness, ("right", "left")).all():
        raise ValueError(f"{path}: side expected 'right' or 'left', got {sorted(set(handedness.tolist()))}")
    if not (np.isfinite(joints_2d).all() and np.isfinite(joints_world).all()):
        raise ValueError(f"{path}: holds joints that are not finite; build it again")
    return RealCrops(
        folder,
        image,
        source,
        origin,
        handedness,
        joints_2d.astype(np.float32),
        joints_world.astype(np.float32),
    )


def read_arrays(path: Path, names: tuple[str, ...]) -> tuple[np.ndarray, ...]:
    """These arrays of an npz file. Raises ValueError in one line when it is damaged or lacks one."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return tuple(file[name] for name in names)
    except (*_UNFIT, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path} can't be read ({error}); expected {', '.join(names)}") from error
