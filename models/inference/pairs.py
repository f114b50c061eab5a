"""Two hands' crops in one call: the graph of one crop made one of two.

Most of a network's small layers take as long for two hands as for one, and its weights are read once. Graphs
ship for one crop, as one hand is what is mostly seen; what they say of its shape is changed here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

HANDS = 2


def make_pair(model: Any) -> None:
    """Change an OpenVINO model of one crop to one of two, by batch.

    Where maps are looked up by rows, the second hand's are those behind the first one's. Raises ValueError
    for a graph that lays out a crop in another way; what else one might do, answers have to tell.
    """
    import openvino as ov
    from openvino import opset13 as op

    depends = {node.get_friendly_name() for node in model.get_parameters()}
    for node in model.get_ordered_ops():
        from_crops = [port.get_node().get_friendly_name() in depends for port in node.input_values()]
        if any(from_crops) and node.get_type_name() != "ShapeOf":
            depends.add(node.get_friendly_name())
        if node.get_type_name() == "Reshape" and from_crops[0]:
            _reshape(node)
        elif node.get_type_name() == "Gather" and all(from_crops[:2]):  # rows of a map, where the crop says
            rows = int(node.get_input_shape(0)[0])
            behind = op.constant(np.arange(HANDS).reshape(-1, 1) * rows, node.get_input_element_type(1))
            node.input(1).replace_source_output(op.add(node.input_value(1), behind).output(0))
        elif node.get_type_name() == "Concat" and any(from_crops):
            for port, computed in zip(node.inputs(), from_crops, strict=True):
                if not computed:
                    port.replace_source_output(op.concat([port.get_source_output()] * HANDS, 0).output(0))
    for parameter in model.get_parameters():
        parameter.set_partial_shape(ov.PartialShape([HANDS, *list(parameter.get_output_shape(0))[1:]]))
    try:
        model.validate_nodes_and_infer_types()
    except RuntimeError as error:
        raise ValueError(f"two crops: expected a graph that takes them as a batch, got {error}") from None


def _reshape(node: Any) -> None:
    """Have a layer that lays a crop's numbers out anew do so with two crops'."""
    from openvino import opset13 as op

    before, after = list(node.get_input_shape(0)), list(node.get_output_shape(0))
    if before[:1] == after[:1] == [1]:
        shape = [-1, *after[1:]]
    elif before == [1, *after]:  # a map's pixels, row by row
        shape = [-1, after[-1]]
    else:
        raise ValueError(f"two crops: expected another layout than {before} to {after}")
    node.input(1).replace_source_output(op.constant(np.array(shape, np.int64)).output(0))
