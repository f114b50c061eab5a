"""Reads MANO's pickle without running it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.hand.inert_pickle import FAILURES, as_array, load_inert

MAX_BYTES = 64 << 20  # MANO_RIGHT.pkl has under 4 MB
SHAPES: dict[str, tuple[int, ...]] = {
    "v_template": (778, 3),
    "shapedirs": (778, 3, 10),
    "posedirs": (778, 3, 135),
    "weights": (778, 16),
    "J_regressor": (16, 778),
    "kintree_table": (2, 16),
    "f": (1538, 3),
}


def read_mano_file(path: str | Path) -> dict[str, np.ndarray]:
    """The arrays of MANO_RIGHT.pkl named in `SHAPES`, float64 or int64, in MANO's own order.

    Raises ValueError in one line when the file is something else, or asks for anything that a MANO file does
    not need; nothing in it is ever executed. OSError when it cannot be read.
    """
    path = Path(path)
    try:
        content = load_inert(path, MAX_BYTES)
    except FAILURES as error:
        raise ValueError(f"{path}: refused, not a MANO pickle ({error or type(error).__name__})") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path}: expected MANO's dictionary, got {type(content).__name__.strip('_')}")
    arrays = {}
    for name, shape in SHAPES.items():
        if name not in content:
            raise ValueError(f"{path}: no '{name}' in it; is this MANO_RIGHT.pkl?")
        try:
            array = as_array(content[name])
        except FAILURES as error:
            raise ValueError(f"{path}: '{name}' cannot be read ({error or type(error).__name__})") from error
        if array.shape != shape:
            raise ValueError(f"{path}: '{name}' expected shape {shape}, got {array.shape}")
        arrays[name] = array.astype(np.int64 if name in ("f", "kintree_table") else np.float64)
    return arrays
