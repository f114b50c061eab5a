"""What this machine's arithmetic can reach: the distance of a network from its limit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.inference.openvino_options import cpu_options
from models.turns import take_turns

_SIDE = 768  # of the matrices: 7 MB, as much as a network's weights and pictures
_CHANNELS, _PIXELS = 128, 56


def peak_gmacs(runs: int) -> dict[str, float]:
    """Multiply-adds a second, in 10⁹, float32, on one thread: the best run of a product and a convolution.

    By OpenVINO, as the networks are run. The larger of the two is the limit that networks are held against.
    """
    calls = {"matmul": (_matmul(), _SIDE**3), "conv3x3": (_convolution(), 9 * _CHANNELS**2 * _PIXELS**2)}
    times_ms = take_turns({name: call for name, (call, _) in calls.items()}, runs)
    return {name: round(calls[name][1] / min(ms) / 1e6, 2) for name, ms in times_ms.items()}


def _matmul() -> Callable[[], object]:
    from openvino import opset13 as ops

    left = ops.parameter([_SIDE, _SIDE], np.float32)
    right = ops.constant(_random(_SIDE, _SIDE))
    return _call(ops.matmul(left, right, False, False), left, _random(_SIDE, _SIDE))


def _convolution() -> Callable[[], object]:
    from openvino import opset13 as ops

    shape = 1, _CHANNELS, _PIXELS, _PIXELS
    picture = ops.parameter(list(shape), np.float32)
    kernels = ops.constant(_random(_CHANNELS, _CHANNELS, 3, 3))
    one, pads = [1, 1], [1, 1]
    return _call(ops.convolution(picture, kernels, one, pads, pads, one), picture, _random(*shape))


def _call(result: object, parameter: object, given: np.ndarray) -> Callable[[], object]:
    import openvino as ov

    request = ov.compile_model(ov.Model([result], [parameter]), "CPU", cpu_options(1)).create_infer_request()
    return lambda: request.infer({0: given}, share_inputs=True)


def _random(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)
