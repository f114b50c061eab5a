"""Where a second of teaching the landmark encoder goes, by autograd and as `models.training.student` does it.

    python -m tools.train.measure_teaching [--size 192] [--batch 16] [--rounds 4]

One step of the network alone, on noise, in several ways in turns: processor time of one thread, the least of
all rounds, so that what else runs on the machine counts little; and at the end the time that passes with two
threads. `tools.train.smaller_encoder` prints where the time of a whole run goes.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable

import torch

from app.memory import keep_freed_memory
from models.networks.encoders.landmark_net import LandmarkNet
from models.training.config import TrainConfig
from models.training.frozen import FrozenPart
from models.training.student import frugal
from models.training.student.frugal import frugal_maps
from tools.command import command

Step = Callable[[], tuple[float, float]]


@command
def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="where a second of teaching goes")
    parser.add_argument("--size", type=int, default=192, help="the crops' side")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    net = LandmarkNet(options.size)
    images = torch.rand(options.batch, 3, options.size, options.size)
    last = copy.deepcopy(net).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    ways: dict[str, Step] = {
        "autograd": lambda: _plain(net, images),
        "channels last": lambda: _plain(last, images.contiguous(memory_format=torch.channels_last)),
        "and clipped in place": lambda: _frugal(last, images, 1),
        "and a part of the crops": lambda: _frugal(last, images, frugal.WEIGHTS_FROM),
    }
    print(f"{'ms a crop, one thread':28}{'forward':>9}{'backward':>9}{'crops/s':>9}")
    _measure(ways, options.batch, options.rounds)
    keep_freed_memory()
    best = ways["and a part of the crops"]
    _measure({"and memory kept": best}, options.batch, options.rounds)
    early = FrozenPart(_Early(net), (3, options.size, options.size), TrainConfig(steps=1))
    _measure(
        {"up to the map at 14 frozen": lambda: _late(last, images, early)}, options.batch, options.rounds
    )
    torch.set_num_threads(2)
    _measure({"all, two threads, by clock": best}, options.batch, options.rounds)


def _measure(ways: dict[str, Step], batch: int, rounds: int) -> None:
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            found = way()
            if number:  # the first warms up
                times[name].append(found)
    for name, found_all in times.items():
        forward, backward = (1e3 * min(part) / batch for part in zip(*found_all, strict=True))
        print(f"{name:28}{forward:9.1f}{backward:9.1f}{1e3 / (forward + backward):9.1f}", flush=True)


def _plain(net: LandmarkNet, images: torch.Tensor) -> tuple[float, float]:
    return _timed(lambda: net.features(images))


def _frugal(net: LandmarkNet, images: torch.Tensor, weights_from: int) -> tuple[float, float]:
    before, frugal.WEIGHTS_FROM = frugal.WEIGHTS_FROM, weights_from
    try:
        return _timed(lambda: frugal_maps(net, images)[1])
    finally:
        frugal.WEIGHTS_FROM = before


class _Early(torch.nn.Module):
    """The blocks up to the map at 14, as `main.py train mobrecon_lm` keeps them."""

    def __init__(self, net: LandmarkNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.net.early(images)


def _late(net: LandmarkNet, images: torch.Tensor, early: FrozenPart) -> tuple[float, float]:
    def maps() -> tuple[torch.Tensor, ...]:
        return (net.late(early(images)[1].contiguous(memory_format=torch.channels_last)),)

    return _timed(maps)


def _timed(run: Callable[[], tuple[torch.Tensor, ...]]) -> tuple[float, float]:
    """Seconds of the maps and of their gradients: the processor's, or by the clock with several threads."""
    now = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    start = now()
    loss = torch.stack([m.square().mean() for m in run()]).sum()
    middle = now()
    loss.backward()  # type: ignore[no-untyped-call]
    return middle - start, now() - middle


if __name__ == "__main__":
    raise SystemExit(main())
