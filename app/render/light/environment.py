"""The light around the hand: prefiltered panoramas of assets/env (see tools/build/env.py)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.manifest import ASSETS, shipped
from models.types import Float64

ENV_DIR = ASSETS / "env"
DEFAULT_ENVIRONMENT = "interior"


@dataclass(frozen=True)
class Environment:
    """Radiance from every direction, mean one; level k is what a mirror of roughness k / (n - 1) reflects.

    Equirectangular: the top row looks up (camera -y), the middle of the picture along the camera's view.
    """

    name: str
    levels: tuple[NDArray[np.float16], ...]  # each (H, 2H, 3) linear RGB, half the size of the one before
    main_light: Float64  # (3,) unit vector towards most of the light
    warmth: float  # log of red over blue, on average


def environment_names() -> tuple[str, ...]:
    """The environments that ship, in alphabetical order."""
    return tuple(sorted(path.stem for path in ENV_DIR.glob("*.npz")))


def load_environment(name: str = DEFAULT_ENVIRONMENT) -> Environment:
    """Read one environment. Raises ValueError if there is none of that name, ChangedAsset if damaged."""
    if name not in environment_names():
        raise ValueError(f"environment: there is no {name!r}; choose from {', '.join(environment_names())}")
    with np.load(shipped(ENV_DIR / f"{name}.npz"), allow_pickle=False) as file:
        levels = tuple(file[f"level{k}"] for k in range(len(file.files)))
    radiance = levels[-1].astype(np.float64)
    height, width, _ = radiance.shape
    down = (np.arange(height) + 0.5) / height * np.pi
    round_ = (np.arange(width) + 0.5) / width * 2 * np.pi - np.pi
    t, p = np.meshgrid(down, round_, indexing="ij")
    d = np.stack([np.sin(t) * np.sin(p), -np.cos(t), np.sin(t) * np.cos(p)], -1)
    weighted = radiance * np.sin(t)[..., None]
    toward = (weighted.mean(-1, keepdims=True) * d).sum((0, 1))
    red, _, blue = weighted.sum((0, 1))
    return Environment(name, levels, toward / np.linalg.norm(toward), float(np.log(red / blue)))
