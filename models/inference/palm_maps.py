"""The map in which MediaPipe's palm network looks for near palms, and a head of our own that reads it too.

In the network's OpenVINO graph: 12 x 12 cells of 256 channels, and 256 of the coarser map below it, enlarged.
The head is three convolutions of 1 x 1, which cost a hundredth of the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHANNELS, CELLS = 512, 12
N_ANSWERS = 6  # of a cell: score's log-odds, shift x, y, logarithm of the side, up x, y
REACH, BASE = 0.25, 0.8
"""In pictures: what a shift from a cell's middle to a square's is told in; the side whose logarithm is 0."""
LAYERS = ("0", "2", "4")  # of the head that are convolutions, as torch numbers them

_ANSWER = "model_1/model/reshaped_classifier_palm_16/Reshape"
_ENLARGED = "model_1/model/up_sampling2d/resize/ResizeBilinear"  # (1, 12, 12, 256)


def add_map(model: Any) -> None:
    """Make the map, (1, CHANNELS, CELLS, CELLS), a further output of the palm network's OpenVINO model."""
    model.add_outputs([_map(model)])


def add_head(model: Any, weights: Mapping[str, NDArray[np.float32]]) -> None:
    """Make a head's answers, (1, N_ANSWERS, CELLS, CELLS), a further output. weights: of `PalmHead`."""
    from openvino import opset13 as ops

    x = _map(model)
    for k in LAYERS:
        x = ops.convolution(x, ops.constant(weights[f"{k}.weight"]), [1, 1], [0, 0], [0, 0], [1, 1])
        x = ops.add(x, ops.constant(weights[f"{k}.bias"].reshape(1, -1, 1, 1)))
        x = ops.relu(x) if k != LAYERS[-1] else x
    model.add_outputs([x.output(0)])


def _map(model: Any) -> Any:
    """The output inside the graph that holds the map."""
    from openvino import opset13 as ops

    outputs = {name: out for op in model.get_ops() for out in op.outputs() for name in out.get_names()}
    node = outputs[_ANSWER].get_node()
    while node.get_type_name() != "Convolution":  # reshaped, reordered, biased
        node = node.input_value(0).get_node()
    enlarged = ops.transpose(outputs[_ENLARGED], ops.constant(np.array([0, 3, 1, 2], np.int64)))
    return ops.concat([node.input_value(0), enlarged], 1).output(0)
