"""The hand's mesh pyramid, 778 -> 389 -> 195 -> 98 -> 49 vertices, for any hand of that many vertices.

Built from the template when a network is made (about a second), for the open hand and for a user's MANO
alike. What a network needs of it (spirals, up-sampling) is kept with its weights: they can't fall apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.hand.hand_data import HandData
from models.networks.mesh.decimation import barycentric_upsampling, decimate
from models.networks.mesh.spirals import spirals
from models.types import N_VERTICES

LEVEL_SIZES = (N_VERTICES, 389, 195, 98, 49)

REGIONS = ("palm", "thumb", "index", "middle", "ring", "little")
"""Names of the numbers in `MeshLevel.regions` (M3DHMR, Figure 3)."""

_Int = NDArray[np.int32]


@dataclass(frozen=True)
class Upsampling:
    """From a coarse level to a fine one: fine = sum over k of weight[:, k] * coarse[index[:, k]]."""

    index: _Int  # (fine, 3) vertices of the coarse level
    weight: NDArray[np.float32]  # (fine, 3), rows sum to 1


@dataclass(frozen=True)
class MeshLevel:
    """One level of the pyramid."""

    vertices_m: NDArray[np.float32]  # (V, 3) template, metres
    faces: _Int  # (F, 3)
    regions: NDArray[np.uint8]  # (V,) index into REGIONS

    def spirals(self, length: int, dilation: int = 1, within_regions: bool = False) -> _Int:
        """(V, length) spiral neighbourhoods; see `models.networks.mesh.spirals.spirals`."""
        regions = self.regions if within_regions else None
        return spirals(self.vertices_m, self.faces, length, dilation, regions)


@dataclass(frozen=True)
class MeshPyramid:
    """Levels from fine to coarse; `upsamplings[i]` leads from level i + 1 to level i."""

    levels: tuple[MeshLevel, ...]
    upsamplings: tuple[Upsampling, ...]

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Vertices of each level, fine to coarse."""
        return tuple(len(level.vertices_m) for level in self.levels)


def build_pyramid(
    template_m: ArrayLike, faces: ArrayLike, regions: ArrayLike, sizes: tuple[int, ...] = LEVEL_SIZES
) -> MeshPyramid:
    """The pyramid of a template (V, 3), metres, its faces (F, 3) and its regions (V,), 0..5.

    Raises ValueError if the template has another number of vertices than sizes[0].
    """
    level = MeshLevel(
        np.asarray(template_m, np.float32), np.asarray(faces, np.int32), np.asarray(regions, np.uint8)
    )
    if len(level.vertices_m) != sizes[0] or len(level.regions) != sizes[0]:
        got = f"{len(level.vertices_m)} vertices, {len(level.regions)} regions"
        raise ValueError(f"template: expected {sizes[0]} vertices and as many regions, got {got}")
    levels, upsamplings = [level], []
    for size in sizes[1:]:
        kept, coarse_faces = decimate(level.vertices_m.astype(np.float64), level.faces, size)
        coarse = MeshLevel(level.vertices_m[kept], coarse_faces, level.regions[kept])
        upsamplings.append(_upsampling(level, coarse))
        levels.append(coarse)
        level = coarse
    return MeshPyramid(tuple(levels), tuple(upsamplings))


@lru_cache(maxsize=4)
def pyramid_of(hand: HandData) -> MeshPyramid:
    """The pyramid of a hand; made once for each HandData."""
    return build_pyramid(hand.template_m, hand.faces, hand.regions)


def _upsampling(fine: MeshLevel, coarse: MeshLevel) -> Upsampling:
    """Barycentric, but never from one finger to its neighbour: they part when the hand moves."""
    f, c = fine.regions[:, None, None], coarse.regions[coarse.faces][None]
    possible = ((f == c) | (f == 0) | (c == 0)).all(-1)
    possible[~possible.any(1)] = True
    return Upsampling(*barycentric_upsampling(fine.vertices_m, coarse.vertices_m, coarse.faces, possible))
