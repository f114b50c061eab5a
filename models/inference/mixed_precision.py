"""A landmark encoder in bfloat16 where that is harmless: for processors that multiply it faster.

bfloat16 keeps 8 bits of a number. All of the encoder in it, landmarks move by half a pixel of 224, and a
still hand shakes. Nearly all of that comes from three places, and they stay in 32 bits: the first convolution
and the depthwise one behind it (differences between bright neighbours are lost in the rounding), the last
block, and what follows the encoder (a joint is the sum of a thousand numbers). The picture itself, whole
numbers up to 255, is not rounded.

The network is cut in two behind the mean of the last map, since OpenVINO forgets what is marked to stay in 32
bits where it is a product of matrices.
"""

from __future__ import annotations

import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from models.inference.openvino_options import cpu_options, read_model

_KEPT_FIRST, _KEPT_LAST = 2, 2
"""Convolutions at both ends that stay in 32 bits."""
_MARK = {"name": "precise", "version": "0"}
"""What OpenVINO's file format calls an operation that is not to be rounded."""
_FINITE = (-3e38, 3e38)
"""Between them lies any number that a map holds."""
_CONVOLUTIONS = ("Convolution", "GroupConvolution")
_NOT_COMPUTED = ("Constant", "Parameter", "Result")


@dataclass(frozen=True)
class Halves:
    """A network cut in two: `maps`, the encoder's outputs in their order, are the rest's first inputs."""

    encoder: Any  # compiled
    rest: Any  # compiled
    maps: int


@lru_cache
def runs_bfloat16() -> bool:
    """Whether OpenVINO runs it on this processor."""
    import openvino as ov

    return "BF16" in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def compile_halves(
    graph: Path, threads: int, wanted: Sequence[str] | None = None, pair: bool = False
) -> Halves:
    """The network of an ONNX graph, its encoder in bfloat16, compiled for so many threads of the CPU.

    wanted: answers; None: all. pair: of two crops. Raises ValueError for a graph without an encoder: five
    convolutions or more, then the mean of the last map.
    """
    import openvino as ov

    core = ov.Core()
    encoder, rest = _cut(read_model(core, graph, wanted, pair))
    maps = len(encoder.outputs)
    compiled = core.compile_model(_marked(core, encoder), "CPU", cpu_options(threads, "bf16"))
    return Halves(compiled, core.compile_model(rest, "CPU", cpu_options(threads)), maps)


def _cut(model: Any) -> tuple[Any, Any]:
    """The model in two, behind the mean over the picture of its last map. The model is used up."""
    import openvino as ov
    from openvino import opset13 as op

    means = (node for node in model.get_ordered_ops() if node.get_type_name() == "ReduceMean")
    last = next((node for node in means if len(node.input(0).get_partial_shape()) == 4), None)
    names = _laid_out(model, _behind(last)) if last is not None else set()
    _hand_over_as_they_lie(model, names)
    inside = [node for node in model.get_ordered_ops() if node.get_friendly_name() in names]
    if len(_convolutions(inside)) <= _KEPT_FIRST + _KEPT_LAST:
        raise ValueError("bfloat16: expected a network with an encoder whose last map is averaged")
    outward = [(node.output(0), _users(node, names)) for node in inside if _is_computed(node)]
    cuts = [(output, users) for output, users in outward if users]
    results = [op.result(output) for output, _ in cuts]
    inputs = [port.get_node() for port in model.inputs]
    seen = [node for node in inputs if node.get_friendly_name() in names]
    encoder = ov.Model(results, seen, "encoder").clone()
    entries = []
    for output, users in cuts:
        entry = op.parameter(output.get_partial_shape(), output.get_element_type())
        entries.append(entry)
        for user in users:
            user.replace_source_output(entry.output(0))
    return encoder, ov.Model(model.get_results(), [*entries, *(n for n in inputs if n not in seen)], "rest")


def _laid_out(model: Any, names: set[str]) -> set[str]:
    """With the names of what only lays the encoder's maps out anew: in its half that takes no time, but a map
    that is handed over is first copied to the common layout."""
    for node in model.get_ordered_ops():
        anew = node.get_type_name() in ("Reshape", "Transpose")
        if anew and _source(node).get_friendly_name() in names and not _is_computed(_source(node, 1)):
            names = names | _behind(node)
    return names


def _hand_over_as_they_lie(model: Any, names: set[str]) -> None:
    """Have the encoder's maps laid out pixel by pixel without a copy.

    So they lie in memory, and OpenVINO sees that nothing need be moved; but not behind a convolution in
    bfloat16, where two copies take 3 % of all the time. With an operation in between it sees it again: one
    that changes nothing. names: grows by these operations.
    """
    from openvino import opset13 as op

    for node in model.get_ordered_ops():
        anew = node.get_friendly_name() in names and node.get_type_name() in ("Reshape", "Transpose")
        if not anew or len(node.input(0).get_partial_shape()) != 4 or not _is_computed(_source(node)):
            continue
        if _source(node).get_type_name() != "Divide":  # as it is for the picture
            between = op.clamp(node.input_value(0), *_FINITE)
            node.input(0).replace_source_output(between.output(0))
            names.add(between.get_friendly_name())


def _marked(core: Any, encoder: Any) -> Any:
    """The encoder with both of its ends marked to stay in 32 bits."""
    import openvino as ov

    convolutions = _convolutions(encoder.get_ordered_ops())
    first = _behind(convolutions[_KEPT_FIRST - 1])
    but_last = _behind(_source(convolutions[-_KEPT_LAST]))
    kept = {
        node.get_friendly_name()
        for node in encoder.get_ordered_ops()
        if node.get_friendly_name() in first or node.get_friendly_name() not in but_last
    }
    with tempfile.TemporaryDirectory(prefix="palmistry-") as folder:
        description, weights = Path(folder) / "encoder.xml", Path(folder) / "encoder.bin"
        ov.serialize(encoder, description, weights)  # marks can't be set but in a file
        tree = ET.parse(description)
        for layer in tree.iter("layer"):
            if layer.get("name") in kept and layer.get("type") not in ("Const", "Parameter", "Result"):
                notes = layer.find("rt_info")
                if notes is None:
                    notes = ET.Element("rt_info")
                    layer.insert(int(layer.find("data") is not None), notes)
                ET.SubElement(notes, "attribute", _MARK)
        return core.read_model(ET.tostring(tree.getroot()), ov.Tensor(np.fromfile(weights, np.uint8)))


def _convolutions(nodes: Iterable[Any]) -> list[Any]:
    return [node for node in nodes if node.get_type_name() in _CONVOLUTIONS]


def _source(node: Any, of_input: int = 0) -> Any:
    return node.input_value(of_input).get_node()


def _behind(node: Any) -> set[str]:
    """Names of a node and of all that it depends on."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if node.get_friendly_name() not in found:
            found.add(node.get_friendly_name())
            waiting += [port.get_node() for port in node.input_values()]
    return found


def _users(node: Any, names: set[str]) -> Sequence[Any]:
    """Inputs, of nodes that are not among these names, that read what a node computes."""
    return [
        port
        for port in node.output(0).get_target_inputs()
        if port.get_node().get_friendly_name() not in names
    ]


def _is_computed(node: Any) -> bool:
    """Whether it changes with the picture's contents, not a constant, wide or narrow, nor a shape."""
    if node.get_type_name() in _NOT_COMPUTED or not node.get_output_element_type(0).is_real():
        return False
    return node.get_type_name() != "Convert" or _is_computed(_source(node))
