"""The part of a network that does not learn, run as fast as the machine can.

On a CPU OpenVINO runs MediaPipe's early blocks six times as fast as torch, in 32 bits as exactly; on a GPU
torch runs them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.inference.openvino_options import cpu_options
from models.training.config import TrainConfig

_AT_ONCE = 2
"""Samples a thread in OpenVINO: a graph of a fixed, small batch is a fifth quicker than one of any size, and
what it computes stays in the processor's cache."""


class FrozenPart:
    """`part`, a module that answers several tensors, without gradients. It must not change afterwards."""

    def __init__(self, part: nn.Module, shape: tuple[int, ...], config: TrainConfig) -> None:
        """shape: of one sample that goes in."""
        self._part, self._shape, self._config = part.eval(), shape, config
        self._run: Callable[[Tensor], tuple[Tensor, ...]] | None = None

    def __call__(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, *shape) -> the part's answers, in 32 bits."""
        if self._run is None:
            self._run = self._in_torch if x.is_cuda else self._in_openvino()
        return self._run(x)

    def _in_torch(self, x: Tensor) -> tuple[Tensor, ...]:
        self._part.to(x.device)
        with torch.no_grad():
            return tuple(answer.float() for answer in self._part(x))

    def _in_openvino(self) -> Callable[[Tensor], tuple[Tensor, ...]]:
        import openvino as ov

        at_once = _AT_ONCE * self._config.threads
        example = torch.zeros(at_once, *self._shape)
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tracing says that checks of shapes are not part of the graph
            graph = ov.convert_model(self._part, example_input=example, input=[tuple(example.shape)])
        compiled = ov.Core().compile_model(graph, "CPU", cpu_options(self._config.threads))
        request = compiled.create_infer_request()

        def run(x: Tensor) -> tuple[Tensor, ...]:
            answers = []
            for piece in x.split(at_once):
                padded = F.pad(piece, (0, 0) * len(self._shape) + (0, at_once - len(piece)))
                request.infer([padded.contiguous().numpy()])
                found = (torch.from_numpy(o.data.copy()) for o in request.output_tensors)
                answers.append([answer[: len(piece)] for answer in found])
            return tuple(torch.cat(parts) for parts in zip(*answers, strict=True))

        return run
