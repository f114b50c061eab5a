"""How OpenVINO reads a network, and runs it on the CPU, wherever the program asks it to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

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


def read_model(core: Any, graph: Path, wanted: Sequence[str] | None = None) -> Any:
    """An ONNX graph, or the part of it that some of its answers come from. wanted: their names; None: all."""
    import openvino as ov

    model = core.read_model(str(graph))
    if wanted is None:
        return model
    results = [result for result in model.get_results() if result.input_value(0).names & set(wanted)]
    return ov.Model(results, model.get_parameters())
