"""Mult-Adds and parameters of the networks as built, beside what their papers print.

    python -m tools.paper_sizes

A part is named by its place in the network; "" is the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch

from models.hand.hand_data import load_open_hand
from models.networks.complexity import count_by_part, count_parameters
from models.networks.systems.mobrecon import LiftingConfig, MobRecon, MobReconConfig
from tools.command import command

TOLERANCE = 0.03
"""How far Mult-Adds may be from the paper's."""


@dataclass(frozen=True)
class PaperSize:
    """One row of a paper's table."""

    what: str
    config: MobReconConfig
    part: str  # submodule
    mult_adds_m: float  # millions
    parameters: str  # as printed

    @property
    def slack_m(self) -> float:
        """Millions: the tolerance, or half of the paper's last digit where that is more."""
        return max(TOLERANCE * self.mult_adds_m, 0.05)


def _config(encoder: str = "densestack", decoder: str = "dsconv", **lift: str) -> MobReconConfig:
    return MobReconConfig(LiftingConfig(encoder, **lift), decoder)  # type: ignore[arg-type]


_HEATMAP = _config(joints_2d="softargmax")
_REGRESSION = _config(joints_2d="regression")
_LATENT = _config(lifting="latent")

MOBRECON = (
    PaperSize("DenseStack", _config(), "lifting.encoder", 373.0, "6.6M"),
    PaperSize("GhostStack", _config("ghoststack"), "lifting.encoder", 96.2, "5.0M"),
    PaperSize("ResNet18-stack", _config("resnet18"), "lifting.encoder", 2391.3, "25.2M"),
    PaperSize("heatmaps", _HEATMAP, "lifting.joints", 57.7, "1.4M"),
    PaperSize("direct regression", _REGRESSION, "lifting.joints", 0.1, "0.1M"),
    PaperSize("MapReg", _config(), "lifting.joints", 47.5, "1.4M"),
    PaperSize("FC lifting", _LATENT, "lifting.lift", 3.2, "3.2M"),
    PaperSize("PVL", _config(), "lifting.lift", 0.3, "1029"),
    PaperSize("SpiralConv++ decoder", _config(decoder="spiral++"), "decoder", 159.0, "1.0M"),
    PaperSize("DSConv decoder", _config(), "decoder", 19.5, "0.1M"),
    PaperSize("GhostStack + SpiralConv++", _config("ghoststack", "spiral++"), "", 263.1, "6.2M"),
    PaperSize("GhostStack + DSConv", _config("ghoststack"), "", 123.5, "5.3M"),
    PaperSize("DenseStack + SpiralConv++", _config(decoder="spiral++"), "", 579.4, "9.0M"),
    PaperSize("DenseStack + DSConv", _config(), "", 439.9, "8.1M"),
)
"""MobRecon's Tables 1, 2 and 4, at 128 x 128."""


@cache
def _count(config: MobReconConfig) -> tuple[dict[str, int], dict[str, int]]:
    """Mult-Adds and parameters of every part."""
    network = MobRecon(config, load_open_hand())
    mult_adds = count_by_part(network, torch.zeros(1, 3, network.input_size, network.input_size))
    return mult_adds, {name: count_parameters(part) for name, part in network.named_modules()}


def measure(size: PaperSize) -> tuple[float, int]:
    """Mult-Adds (millions) and parameters of the part as built."""
    mult_adds, parameters = _count(size.config)
    return mult_adds[size.part] / 1e6, parameters[size.part]


@command
def main() -> None:
    print(f"{'MobRecon':<27}{'Mult-Adds M':>12}{'paper':>9}{'':>8}{'parameters':>12}  paper")
    for size in MOBRECON:
        mult_adds, parameters = measure(size)
        off = 100 * (mult_adds / size.mult_adds_m - 1)
        line = f"{size.what:<27}{mult_adds:>12.2f}{size.mult_adds_m:>9.1f}{off:>+7.1f}%"
        print(f"{line}{parameters:>12,}  {size.parameters}")


if __name__ == "__main__":
    raise SystemExit(main())
