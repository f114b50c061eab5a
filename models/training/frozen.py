"""The part of a network that does not learn, run as fast as the machine can.

On a CPU OpenVINO runs MediaPipe's early blocks six times as fast as torch, in 32 bits as exactly; on a GPU
torch runs them.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from models.training.train_config import TrainConfig


class FrozenPart:
    """`part` without gradients. It must not change after the first call."""

    def __init__(self, part: nn.Module, shape: tuple[int, ...], config: TrainConfig) -> None:
        """shape: of one sample that goes in."""
        self._part, self._shape, self._config = part, shape, config
        self._run: Callable[[Tensor], Tensor] | None = None

    def __call__(self, x: Tensor) -> Tensor:
        """(B, *shape) -> the part's answer, in 32 bits."""
        if self._run is None:
            self._run = self._in_torch if x.is_cuda else self._in_openvino()
        return self._run(x)

    def _in_torch(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            return self._part(x).float()

    def _in_openvino(self) -> Callable[[Tensor], Tensor]:
        import openvino as ov

        example = torch.zeros(1, *self._shape)
        with torch.no_grad():
            graph = ov.convert_model(self._part, example_input=example, input=[(-1, *self._shape)])
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": self._config.threads,
            "INFERENCE_PRECISION_HINT": "f32",
            "ENABLE_CPU_PINNING": False,
        }
        request = ov.Core().compile_model(graph, "CPU", options).create_infer_request()

        def run(x: Tensor) -> Tensor:
            request.infer([x.contiguous().numpy()])
            return torch.from_numpy(request.get_output_tensor(0).data.copy())

        return run
