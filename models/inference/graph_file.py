"""A graph as it is kept: without what the exporter says of this machine, smaller where nothing is lost."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_SMALL = 256  # numbers: not worth a node


def compact(model: onnx.ModelProto) -> None:
    """Leave out stack traces, which name this machine's folders, and store in 16 bits what these hold.

    Only arrays that 16-bit floats hold exactly are stored so, each with a node that widens it as the graph is
    loaded: its answers stay the same to the bit.
    """
    graph = model.graph
    for part in (
        model,
        graph,
        *graph.node,
        *graph.initializer,
        *graph.input,
        *graph.output,
        *graph.value_info,
    ):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    widened = []
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if values.size < _SMALL or not np.array_equal(half.astype(np.float32), values):
            continue
        name = f"{tensor.name}.half"
        widened.append(helper.make_node("Cast", [name], [tensor.name], to=TensorProto.FLOAT))
        tensor.CopyFrom(numpy_helper.from_array(half, name))
    nodes = [*widened, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
