"""Synthetic hands drawn by several processes, each with a graphics context and a Python of its own."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any

import torch

from models.hand.hand_data import HandData
from models.training.batch import Batch, on_device
from models.training.synthetic.camera_effects import webcam_effects
from models.training.synthetic.crops import SyntheticCrops
from models.training.synthetic.sampler import SyntheticHands


class RenderWorkers:
    """A source of the very batches that `SyntheticHands` of the same seed draws.

    Pictures get the webcam's faults here, on `device`, so that the processes need no GPU's memory.
    """

    def __init__(
        self,
        hand: HandData,
        side_px: int,
        backgrounds: Path | None,
        seed: int,
        device: torch.device | str,
        processes: int,
        effects: bool = True,
    ) -> None:
        """processes: how many draw; they start with the first batch asked for. Else as `SyntheticHands`."""
        self.reach = processes + 1  # so many batches should be expected ahead for all to be busy
        self._seed, self._device, self._effects = seed, device, effects
        self._pool = ProcessPoolExecutor(
            processes, get_context("spawn"), _begin, (_Renderer(hand, side_px, backgrounds, seed),)
        )
        self._expected: dict[tuple[int, int], Future[dict[str, Any]]] = {}

    def expect(self, number: int, count: int) -> None:
        """Have the batch drawn that will be asked for."""
        if (number, count) not in self._expected:
            self._expected[number, count] = self._pool.submit(_draw, number, count)

    def batch(self, number: int, count: int) -> Batch:
        """As `Source.batch`. Raises NoGraphics where OpenGL can't start, ValueError where a process died."""
        try:
            self.expect(number, count)
            crop = self._expected.pop((number, count)).result()
        except BrokenProcessPool as error:
            raise ValueError(
                "a process that draws hands has died, for want of memory perhaps; try fewer: --drawers 1"
            ) from error
        images = torch.from_numpy(crop.pop("rgb")).to(self._device).float().mul_(1 / 255)
        if self._effects:
            images = webcam_effects(images, [self._seed, number, 1], crop["resolution_ratio"])
        return on_device(SyntheticCrops(images=images, **crop).batch(), self._device)

    def close(self) -> None:
        """End the processes."""
        self._pool.shutdown(cancel_futures=True)


class _Renderer:
    """What a process draws with; its hands are made by the first batch, in the process itself."""

    def __init__(self, hand: HandData, side_px: int, backgrounds: Path | None, seed: int) -> None:
        self._hand, self._side_px, self._backgrounds, self._seed = hand, side_px, backgrounds, seed
        self._hands: SyntheticHands | None = None

    def draw(self, number: int, count: int) -> dict[str, Any]:
        """The fields of `SyntheticCrops`, as arrays, with the pictures in eight bits, as drawn: `rgb`."""
        if self._hands is None:
            self._hands = SyntheticHands(
                self._hand,
                side_px=self._side_px,
                backgrounds=self._backgrounds,
                seed=self._seed,
                effects=False,
            )
        fields = dict(vars(self._hands.crops(number, count)))
        rgb = fields.pop("images").mul_(255).round_().byte().numpy()
        return fields | {"rgb": rgb}


_renderer: _Renderer | None = None  # of a process that draws


def _begin(renderer: _Renderer) -> None:
    """Make this process one that draws, on one core, until the one that asked for it ends."""
    global _renderer
    _renderer = renderer
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other one answers to Ctrl-C
    os.environ.setdefault("LP_NUM_THREADS", "0")  # Mesa's threads, should it draw without a GPU
    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _draw(number: int, count: int) -> dict[str, Any]:
    assert _renderer is not None
    return _renderer.draw(number, count)
