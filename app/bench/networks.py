"""Every network on every engine, by one thread and by two, beside what the machine could do at best."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from app.bench.spread import Spread
from app.capture import Frame
from models.inference import runtime
from models.inference.engines import EngineName
from models.inference.landmark_runtime import INPUT_SIZE, LandmarkRuntime
from models.tracking.detector import HandDetector
from models.tracking.reconstruction import make_reconstruction
from models.turns import take_turns

FIT_MULT_ADDS_M = 331.0
"""Of MediaPipe's landmark network as it is published, which `fit` infers with."""

Call = Callable[[], object]


@dataclass(frozen=True)
class Timing:
    """One network, one engine, so many threads."""

    network: str
    engine: str
    threads: int
    ms: Spread
    mult_adds_m: float

    def of_peak(self, peak_gmacs: float) -> float:
        """The fraction of the measured peak that all its threads reach, 0..1 for each thread."""
        return self.mult_adds_m / self.ms.median / (peak_gmacs * self.threads)


def time_networks(
    names: Sequence[str],
    engines: Sequence[EngineName],
    runs: int,
    threads: Sequence[int] | None = None,
    make_calls: Callable[[str, Sequence[EngineName], Sequence[int]], dict[tuple[str, int], Call]]
    | None = None,
) -> list[Timing]:
    """Milliseconds a crop; a network's engines and threads take turns.

    threads: None takes one, and two where there are two cores.
    """
    threads = threads or ((1, 2) if (os.cpu_count() or 1) > 1 else (1,))
    timings = []
    for name in names:
        times_ms = take_turns((make_calls or calls_of)(name, engines, threads), runs)
        for (engine, count), values in times_ms.items():
            timings.append(Timing(name, engine, count, Spread.of(values), mult_adds_m(name)))
    return timings


def time_search(frame: Frame, model: str, max_hands: int, runs: int) -> Spread:
    """Milliseconds of the detector's search of one frame of a video."""
    method = make_reconstruction(model)
    detector = HandDetector(method.sight, method.input_size, max_hands)
    detector.detect_next(frame.image_rgb)  # of a source's first frame, every view is searched
    return Spread.of(take_turns({"search": lambda: detector.detect_next(frame.image_rgb)}, runs)["search"])


def mult_adds_m(name: str) -> float:
    """Millions, one crop."""
    if name == "fit":
        return FIT_MULT_ADDS_M
    from models.networks.zoo import declared  # imports torch, which takes over a second

    return declared(name).size.mult_adds_m


def calls_of(name: str, engines: Sequence[EngineName], threads: Sequence[int]) -> dict[tuple[str, int], Call]:
    """A network ready to be called on a crop, by engine and threads. Without weights it answers nonsense."""
    if name == "fit":
        crop = _picture(INPUT_SIZE)
        return {("openvino", count): _on(LandmarkRuntime(threads=count), crop) for count in threads}
    calls: dict[tuple[str, int], Call] = {}
    for engine in (e for e in engines if e in runtime.engines_for(name)):
        for count in threads:
            if engine == "torch" and count != threads[0]:
                continue  # its threads are the process's: they can't take turns
            network = runtime.load(name, engine, count, untrained=True)
            calls[engine, count] = _on(network, _picture(network.input_size))
    return calls


def _on(network: Callable[[np.ndarray], object], crop_rgb: np.ndarray) -> Call:
    return lambda: network(crop_rgb)


def _picture(size: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8)
