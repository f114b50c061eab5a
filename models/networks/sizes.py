"""How large each network of the zoo is, counted once on the built networks; tests count again.

Known without building a network, or importing torch: the app lists its models by this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NetworkSize:
    """One network's size."""

    input_size: int  # side of the square crop, pixels
    mult_adds_m: float  # millions, one crop, branches that are cut at inference left out
    parameters_m: float  # millions, those branches included


NETWORK_SIZES: dict[str, NetworkSize] = {
    "mobrecon-ghost": NetworkSize(128, 122.9, 5.12),
    "mobrecon-dense": NetworkSize(128, 439.4, 8.08),
    "mobrecon-18": NetworkSize(128, 2416.0, 23.46),
    "mobrecon-34": NetworkSize(128, 3624.0, 43.67),
    "mobrecon-50": NetworkSize(128, 4205.9, 55.57),
    "m3dhmr-18": NetworkSize(128, 3775.7, 31.94),
    "m3dhmr-34": NetworkSize(128, 4983.6, 52.16),
    "mobrecon_lm": NetworkSize(224, 362.1, 3.06),
    "tang-18": NetworkSize(256, 5868.7, 29.21),
    "tang-50": NetworkSize(256, 13763.6, 84.60),
    "hamr": NetworkSize(256, 12144.9, 29.31),
    "hamr-full": NetworkSize(256, 12145.4, 29.47),
}
