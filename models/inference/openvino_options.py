"""How OpenVINO runs a network on the CPU, wherever the program asks it to."""

from __future__ import annotations


def cpu_options(threads: int) -> dict[str, object]:
    """Options of `compile_model`: lowest latency on so many threads, in 32 bits."""
    return {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
        # bfloat16, OpenVINO's own choice where the CPU has it, moves landmarks by half a pixel.
        "INFERENCE_PRECISION_HINT": "f32",
        "ENABLE_CPU_PINNING": False,  # a pinned thread waits for its core while the renderer has it
    }
