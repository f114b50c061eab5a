"""An encoder whose dense convolutions read bytes, where that is the faster.

The first reads the picture's own bytes. Those over large maps, where bytes gain little, are not changed, nor
the last one, nor depthwise ones. What comes of a clipped ReLU lies between 0 and 6. What a block hands on has
channels of very different sizes, so that one step for all loses the small ones, and a still hand shakes:
channels are brought near to one size first, and the weights behind make up for it (as in SmoothQuant, Xiao
et al. 2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from models.inference.fewer_bits.graph_walk import source_of
from models.inference.openvino_options import cpu_options
from models.types import Float32

_BRIGHTEST, _CLIPPED = 1.0, 6.0
_LARGE = 8  # a map's side is larger than one of so many parts of the picture's: bytes gain little there
_EVENED, _KEPT_RANGE, _SMALL = 0.85, 0.8, 1e-2
"""How far channels are brought to one size, the part of their range that bytes reach, and the least range:
chosen by the clip of a still hand that `evaluate --data still:reach.mp4:3-8.2` judges."""


@lru_cache
def multiplies_bytes() -> bool:
    """Whether OpenVINO's convolutions of bytes are exact here: on a processor without instructions for that,
    sums of two products are cut at 16 bits."""
    import openvino as ov
    from openvino import opset13 as op

    x = op.parameter([1, 64, 4, 4], np.float32)
    weights = np.full((64, 64, 1, 1), 127, np.float32)
    bytes_of_x = op.fake_quantize(x, *(op.constant(np.float32(v)) for v in (0, 255, 0, 255)), 256)
    bytes_of_weights = op.fake_quantize(
        op.constant(weights), *(op.constant(np.float32(v)) for v in (-127, 127, -127, 127)), 255
    )
    convolution = op.convolution(bytes_of_x, bytes_of_weights, [1, 1], [0, 0], [0, 0], [1, 1])
    network = ov.Core().compile_model(ov.Model([op.result(convolution)], [x]), "CPU", cpu_options(1))
    answer = network(np.full((1, 64, 4, 4), 255, np.float32))[0]
    return bool(np.allclose(answer, 255 * 127 * 64, rtol=1e-3))


def dense_inputs(encoder: Any) -> list[Any]:
    """What an encoder's dense convolutions are to read in bytes whose range isn't known: outputs of its
    graph, one for each of the ranges of `in_bytes`."""
    return [node.input_value(0) for node in _dense(encoder) if _most(node) is None]


def in_bytes(encoder: Any, ranges: Sequence[Float32]) -> None:
    """Have an encoder's dense convolutions read bytes, those of `_dense`, in place.

    ranges: how large each channel gets that a block is given, (channels,) of each block. Raises ValueError
    for those of another encoder.
    """
    from openvino import opset13 as op

    waiting = iter(ranges)
    for node in _dense(encoder):
        weights, least, most = _constant(node.input_value(1)), 0.0, _most(node)
        if most is not None:
            low, high = np.zeros(1, np.float32), np.full(1, most, np.float32)
        else:
            largest = np.maximum(next(waiting, np.zeros(0, np.float32)) * _KEPT_RANGE, _SMALL)
            if largest.shape != weights.shape[1:2]:
                raise ValueError(
                    "bytes: the ranges are of another encoder; make them with tools.build.ranges"
                )
            sizes = (largest / largest.max()) ** _EVENED
            most = float((largest / sizes).max())
            weights = weights * sizes[:, None, None]
            least, most = -most, most * 127 / 128
            low, high = (np.reshape(v * sizes, (1, -1, 1, 1)).astype(np.float32) for v in (least, most))
        limits = (low, high, np.float32(least), np.float32(most))
        read = op.fake_quantize(node.input_value(0), *map(op.constant, limits), 256)
        node.input(0).replace_source_output(read.output(0))
        step = np.abs(weights).max((1, 2, 3), keepdims=True)
        kept = op.fake_quantize(op.constant(weights), *map(op.constant, (-step, step, -step, step)), 255)
        node.input(1).replace_source_output(kept.output(0))


def _dense(encoder: Any) -> list[Any]:
    """The convolution that reads the picture, and those over small maps but for the last."""
    first, *others = (n for n in encoder.get_ordered_ops() if n.get_type_name() == "Convolution")
    return [first, *(node for node in others[:-1] if _LARGE * _side(node) <= _side(first))]


def _side(node: Any) -> int:
    """Of the map that a convolution reads."""
    return int(node.input_value(0).get_partial_shape()[2].get_length())


def _most(node: Any) -> float | None:
    """What a convolution reads is no larger, and not below zero; None where that isn't known."""
    kind = source_of(node).get_type_name()
    if kind == "Transpose":
        return _BRIGHTEST
    return _CLIPPED if kind in ("Clamp", "Minimum") else None


def _constant(output: Any) -> Float32:
    """The numbers of a constant, which may be stored in 16 bits."""
    node = output.get_node()
    return np.asarray((source_of(node) if node.get_type_name() == "Convert" else node).get_data(), np.float32)
