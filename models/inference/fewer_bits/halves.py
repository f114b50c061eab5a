"""A network whose encoder computes in fewer bits: bfloat16, or bytes and bfloat16.

It is cut in two behind the mean of the last map, since OpenVINO forgets what is marked to stay in 32 bits
where it is a product of matrices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.inference.fewer_bits.bfloat16 import KEPT_FIRST, KEPT_LAST, marked, runs_bfloat16
from models.inference.fewer_bits.graph_walk import (
    behind,
    convolutions,
    is_computed,
    source_of,
    users_outside,
)
from models.inference.fewer_bits.int8 import in_bytes
from models.inference.openvino_options import Precision, cpu_options, read_model
from models.types import Float32

_FINITE = (-3e38, 3e38)
"""Between them lies any number that a map holds."""


@dataclass(frozen=True)
class Halves:
    """A network cut in two: `maps`, the encoder's outputs in their order, are the rest's first inputs."""

    encoder: Any  # compiled
    rest: Any  # compiled
    maps: int


def compile_halves(
    graph: Path,
    threads: int,
    wanted: Sequence[str] | None = None,
    pair: bool = False,
    ranges: Sequence[Float32] | None = None,
) -> Halves:
    """The network of an ONNX graph, its encoder in fewer bits, compiled for so many threads of the CPU.

    wanted: answers; None: all. pair: of two crops. ranges: for bytes, how large each channel gets that a
    block is given, (channels,) of each block; None: bfloat16. Raises ValueError for a graph without an
    encoder (five convolutions or more, then the mean of the last map), and for ranges of another one.
    """
    import openvino as ov

    core = ov.Core()
    encoder, rest = _cut(read_model(core, graph, wanted, pair))
    maps = len(encoder.outputs)
    if ranges is not None:
        in_bytes(encoder, ranges)
    rounded = ranges is None or runs_bfloat16()
    precision: Precision = "bf16" if rounded else "f32"
    if rounded:  # of the picture's bytes nothing is lost, and little of what comes of them
        encoder = marked(core, encoder, KEPT_FIRST if ranges is None else 0)
    compiled = core.compile_model(encoder, "CPU", cpu_options(threads, precision))
    return Halves(compiled, core.compile_model(rest, "CPU", cpu_options(threads)), maps)


def cut_encoder(graph: Path) -> Any:
    """The encoder of an ONNX graph. Raises ValueError as `compile_halves`."""
    import openvino as ov

    return _cut(read_model(ov.Core(), graph))[0]


def _cut(model: Any) -> tuple[Any, Any]:
    """The model in two, behind the mean over the picture of its last map. The model is used up."""
    import openvino as ov
    from openvino import opset13 as op

    means = (node for node in model.get_ordered_ops() if node.get_type_name() == "ReduceMean")
    last = next((node for node in means if len(node.input(0).get_partial_shape()) == 4), None)
    names = _laid_out(model, behind(last)) if last is not None else set()
    _hand_over_as_they_lie(model, names)
    inside = [node for node in model.get_ordered_ops() if node.get_friendly_name() in names]
    if len(convolutions(inside)) <= KEPT_FIRST + KEPT_LAST:
        raise ValueError("fewer bits: expected a network with an encoder whose last map is averaged")
    outward = [(node.output(0), users_outside(node, names)) for node in inside if is_computed(node)]
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
        if anew and source_of(node).get_friendly_name() in names and not is_computed(source_of(node, 1)):
            names = names | behind(node)
    return names


def _hand_over_as_they_lie(model: Any, names: set[str]) -> None:
    """Have the encoder's maps laid out pixel by pixel without a copy.

    So they lie in memory, and OpenVINO sees that nothing need be moved; but not behind a convolution in
    bfloat16, where it copies them twice. With an operation in between it sees it again: one that changes
    nothing. names: grows by these operations.
    """
    from openvino import opset13 as op

    for node in model.get_ordered_ops():
        anew = node.get_friendly_name() in names and node.get_type_name() in ("Reshape", "Transpose")
        if not anew or len(node.input(0).get_partial_shape()) != 4 or not is_computed(source_of(node)):
            continue
        if source_of(node).get_type_name() != "Divide":  # as it is for the picture
            between = op.clamp(node.input_value(0), *_FINITE)
            node.input(0).replace_source_output(between.output(0))
            names.add(between.get_friendly_name())
