"""The cache of maps: a ring of numbered samples that any program may read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.training.maps.cache import Column, MapCache, scales_of

COLUMNS = {"f14": Column((2, 4, 4), "i1"), "focal": Column((), "f4"), "pooled": Column((3,), "f2")}


def rows(first: int, n: int) -> dict[str, np.ndarray]:
    k = np.arange(first, first + n, dtype=np.float32)
    return {
        "f14": np.ones((n, 2, 4, 4), np.float32) * k[:, None, None, None] / 10,
        "focal": k,
        "pooled": np.repeat(k[:, None], 3, 1),
    }


def test_new_samples_replace_the_oldest(tmp_path: Path) -> None:
    scales = scales_of({"f14": rows(0, 12)["f14"]})
    cache = MapCache.create(tmp_path / "cache", 8, COLUMNS, scales)
    cache.append(rows(0, 5))
    assert len(cache) == 5
    cache.append(rows(5, 6))
    assert (cache.written, len(cache)) == (11, 8)
    again = MapCache(tmp_path / "cache")
    found = again.read(np.arange(8), ("focal", "f14", "pooled"))
    assert sorted(found["focal"].tolist()) == list(range(3, 11))
    np.testing.assert_allclose(found["f14"][:, 0, 0, 0], found["focal"] / 10, atol=0.01)
    np.testing.assert_allclose(found["pooled"][:, 0], found["focal"])


def test_a_folder_that_is_no_cache_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no cache"):
        MapCache(tmp_path)
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(ValueError, match="is not empty"):
        MapCache.create(tmp_path, 4, COLUMNS, {})
