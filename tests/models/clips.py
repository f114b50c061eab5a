"""Real clips for tests, from an optional folder beside the repository; tests skip where it is absent."""

from collections.abc import Iterator, Sequence

import av
import numpy as np
import pytest

from tests.paths import REAL


def read_clip(name: str, only: Sequence[int] | None = None) -> Iterator[np.ndarray]:
    """Frames (H, W, 3) RGB of a clip, or those numbered in `only`. Skips the test without the folder."""
    path = REAL / "clips" / name
    if not path.is_file():
        pytest.skip("needs ../shared/real/clips")
    last = None if only is None else max(only)
    with av.open(str(path)) as container:
        for i, frame in enumerate(container.decode(video=0)):
            if only is None or i in only:
                yield frame.to_ndarray(format="rgb24")
            if i == last:
                return
