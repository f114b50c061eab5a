"""How OpenVINO reads a network, and runs it on the CPU, wherever the program asks it to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from models.inference.pairs import make_pair

Precision = Literal["f32", "bf16"]


def cpu_options(threads: int, precision: Precision = "f32") -> dict[str, object]:
    """Options of `compile_model`: lowest latency on so many threads."""
    return {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
        # bfloat16, OpenVINO's own choice where the CPU has it, moves landmarks by half a pixel.
        "INFERENCE_PRECISION_HINT": precision,
        "ENABLE_CPU_PINNING": False,  # a pinned thread waits for its core while the renderer has it
    }


def read_model(core: Any, graph: Path, wanted: Sequence[str] | None = None, pair: bool = False) -> Any:
    """An ONNX graph, or the part of it that some of its answers come from. wanted: their names; None: all.

    pair: of two crops. Raises ValueError for a graph that can't be.
    """
    import openvino as ov

    model = core.read_model(str(graph))
    _scale_before_planes(model)
    if pair:
        make_pair(model)
    if wanted is None:
        return model
    results = [result for result in model.get_results() if result.input_value(0).names & set(wanted)]
    return ov.Model(results, model.get_parameters())


def _scale_before_planes(model: Any) -> None:
    """Have a picture of bytes scaled as it lies, and parted into planes of colour afterwards.

    OpenVINO's convolutions read pixel by pixel, as the picture lies. If the planes come last, it sees that it
    need not move anything; else it makes planes of bytes, and pixels of the scaled numbers again.
    """
    from openvino import opset13 as op

    for node in model.get_ordered_ops():
        chain = [node]
        while len(chain) < 4 and chain[-1].get_input_size() > 0:
            chain.append(chain[-1].input_value(0).get_node())
        if [n.get_type_name() for n in chain] != ["Divide", "Convert", "Transpose", "Parameter"]:
            continue
        scale, _, planes, picture = chain
        x = op.convert(picture.output(0), scale.get_output_element_type(0).to_dtype())
        x = op.divide(x, scale.input_value(1))
        scale.output(0).replace(op.transpose(x, planes.input_value(1)).output(0))
