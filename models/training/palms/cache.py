"""What the palm network sees in some cells of composed views, kept in a file to teach a head from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.datasets.real_crops import read_arrays
from models.inference.bundle import BUNDLE, compile_bundled
from models.inference.exposure import exposure_gain
from models.inference.palm_maps import CHANNELS, add_map
from models.inference.palm_runtime import INPUT_SIZE, NETWORK, network_input
from models.training.palms.head import HAND, NONE, target
from models.training.palms.views import View
from models.types import Float32
from models.whole_file import whole_file

_WITHOUT = 40  # cells of a view that propose nothing; another forty of each view would teach little more


@dataclass(frozen=True, eq=False)
class Cells:
    """N cells, and what a head is to answer of them."""

    seen: NDArray[np.float16]  # (N, CHANNELS)
    wanted: Float32  # (N, N_ANSWERS) of `target`


def write_cells(views: Iterable[View], path: Path, seed: int) -> int:
    """Keep all cells with a hand, and some without, of views; return how many."""
    request = compile_bundled(NETWORK, BUNDLE, change=add_map).create_infer_request()
    shown = np.zeros((1, INPUT_SIZE, INPUT_SIZE, 3), np.float32)
    rng = np.random.default_rng(seed)
    seen: list[NDArray[np.float16]] = []
    wanted: list[Float32] = []
    for view in views:
        network_input(view.image, exposure_gain(view.image), shown[0])
        request.infer({0: shown}, share_inputs=True)
        cells = request.get_output_tensor(2).data.reshape(CHANNELS, -1).T
        answers = target(view.hands).reshape(len(cells), -1)
        without = rng.permutation(np.flatnonzero(answers[:, 0] == NONE))[:_WITHOUT]
        rows = np.concatenate([np.flatnonzero(answers[:, 0] == HAND), without])
        seen.append(cells[rows].astype(np.float16))
        wanted.append(answers[rows])
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as draft, draft.open("wb") as file:
        np.savez(file, seen=np.concatenate(seen), wanted=np.concatenate(wanted))
    return sum(len(w) for w in wanted)


def read_cells(paths: Iterable[Path]) -> Cells:
    """The cells of such files. Raises ValueError in one line where one is damaged."""
    parts = [read_arrays(path, ("seen", "wanted")) for path in paths]
    return Cells(np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts]))
