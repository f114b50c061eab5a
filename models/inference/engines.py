"""Ways to run a network: OpenVINO, in three precisions, ONNX Runtime, torch. A crop of bytes in, arrays out.

Each engine imports its library when it is made, so the live path loads one of them only.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from models.geometry import TYPICAL_FOCAL
from models.inference.fewer_bits.halves import compile_halves
from models.inference.openvino_options import cpu_options, read_model
from models.types import Float32

EngineName = Literal["openvino", "openvino-bf16", "openvino-int8", "onnxruntime", "torch"]
ENGINES: tuple[EngineName, ...] = ("openvino", "openvino-bf16", "openvino-int8", "onnxruntime", "torch")
"""By name; those in fewer bits run some networks, on some machines: models.inference.runtime.engines_for."""

INPUT = "crops_rgb"
FOCAL = "focal"
"""A second input, (1,) float32, of networks that use the crop's focal length, in crop widths."""
POSE_OUTPUTS = ("rotations", "betas", "wrist_m")
"""What networks answer, too, that know the hand model of their mesh."""
OUTPUTS = ("joints_2d", "vertices_m", "joints_m", "presence", "handedness")
"""What a deployed network answers, in this order; see models.networks.network.NetworkOutput. Presence
and handedness, (B,), are probabilities. One whose joints the hand model is fitted to answers no vertices."""
SIGHT_OUTPUTS = ("joints_2d", "presence", "handedness")
"""What tells that there is a hand, where, and which one."""


class Engine(Protocol):
    """(1, S, S, 3) RGB uint8, S = input_size -> what it has of both lists above, by name, float32.

    The arrays are the caller's to keep. Several threads may call it. focal: of the crop, in its widths, for
    networks that use it.
    """

    input_size: int

    def __call__(
        self, crops_rgb: NDArray[np.uint8], focal: float = TYPICAL_FOCAL
    ) -> dict[str, np.ndarray]: ...


class OpenVinoEngine:
    """An ONNX graph run by OpenVINO on the CPU."""

    def __init__(
        self, graph: Path, threads: int = 1, wanted: Sequence[str] | None = None, pair: bool = False
    ) -> None:
        """wanted: answers; nothing is computed that these don't ask for. None: all that the graph gives.

        pair: takes two crops, and the focal length of each. Raises ValueError where a graph can't.
        """
        import openvino as ov

        core = ov.Core()
        model = read_model(core, graph, wanted, pair)
        self._compiled = core.compile_model(model, "CPU", cpu_options(threads))
        self.input_size = int(self._compiled.input(INPUT).shape[1])
        self.outputs = _answered(self._compiled)
        self._local = threading.local()

    def __call__(
        self, crops_rgb: NDArray[np.uint8], focal: float | Float32 = TYPICAL_FOCAL
    ) -> dict[str, np.ndarray]:
        if not hasattr(self._local, "requests"):
            self._local.requests = _Requests([self._compiled], self.outputs)
        return self._local.requests(crops_rgb, focal)


class MixedEngine:
    """An ONNX graph run by OpenVINO on the CPU, its encoder in fewer bits; see `compile_halves`."""

    def __init__(
        self,
        graph: Path,
        threads: int = 1,
        wanted: Sequence[str] | None = None,
        pair: bool = False,
        ranges: Sequence[Float32] | None = None,
    ) -> None:
        """wanted, pair: as above. ranges: as there. Raises ValueError for a graph without such an encoder."""
        self._halves = compile_halves(graph, threads, wanted, pair, ranges)
        self.input_size = int(self._halves.encoder.input(INPUT).shape[1])
        self.outputs = _answered(self._halves.rest)
        self._local = threading.local()

    def __call__(
        self, crops_rgb: NDArray[np.uint8], focal: float | Float32 = TYPICAL_FOCAL
    ) -> dict[str, np.ndarray]:
        if not hasattr(self._local, "requests"):
            halves = self._halves
            self._local.requests = _Requests([halves.encoder, halves.rest], self.outputs, halves.maps)
        return self._local.requests(crops_rgb, focal)


class _Requests:
    """One thread's memory for what networks work on that are run one behind the other.

    They share the networks with other threads. What they read and write lies in one place for good, where
    OpenVINO is told of it once: that takes as long as many of its layers.
    """

    def __init__(self, compiled: Sequence[Any], outputs: Sequence[str], maps: int = 0) -> None:
        """compiled: networks; `maps` outputs of each are the first inputs of the next one."""
        self._requests = [network.create_infer_request() for network in compiled]
        for request, following in pairwise(self._requests):
            for k in range(maps):
                following.set_input_tensor(k, request.get_output_tensor(k))
        last, request = compiled[-1], self._requests[-1]
        self._crops = self._requests[0].get_tensor(INPUT).data
        self._focal = request.get_tensor(FOCAL).data if _takes_focal(last) else np.empty(len(self._crops))
        self._answers = {name: request.get_tensor(name).data for name in outputs}

    def __call__(self, crops_rgb: NDArray[np.uint8], focal: float | Float32) -> dict[str, np.ndarray]:
        self._crops[:], self._focal[:] = crops_rgb, focal
        for request in self._requests:
            request.infer(share_outputs=True)
        return {name: answer.copy() for name, answer in self._answers.items()}


class OnnxEngine:
    """An ONNX graph run by ONNX Runtime on the CPU."""

    def __init__(self, graph: Path, threads: int = 1) -> None:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors only
        self._session = ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        self.input_size = int(self._session.get_inputs()[0].shape[1])
        self._takes_focal = any(port.name == FOCAL for port in self._session.get_inputs())
        answered = {port.name for port in self._session.get_outputs()}
        self._outputs = [name for name in (*OUTPUTS, *POSE_OUTPUTS) if name in answered]

    def __call__(self, crops_rgb: NDArray[np.uint8], focal: float = TYPICAL_FOCAL) -> dict[str, np.ndarray]:
        found = self._session.run(self._outputs, _inputs(crops_rgb, focal, self._takes_focal))
        return dict(zip(self._outputs, found, strict=True))


class TorchEngine:
    """A `models.inference.export.Deployed` network, run by torch. Sets torch's threads, process-wide."""

    def __init__(self, deployed: Any, threads: int = 1) -> None:
        import torch

        torch.set_num_threads(threads)
        self.input_size = int(deployed.input_size)
        self._torch = torch
        self._deployed = deployed.eval()

    def __call__(self, crops_rgb: NDArray[np.uint8], focal: float = TYPICAL_FOCAL) -> dict[str, np.ndarray]:
        inputs = _inputs(crops_rgb, focal, self._deployed.takes_focal)
        with self._torch.inference_mode():
            found = self._deployed(*map(self._torch.from_numpy, inputs.values()))
        return {name: answer.numpy() for name, answer in zip(self._deployed.outputs, found, strict=True)}


def _answered(compiled: Any) -> tuple[str, ...]:
    """Names of a compiled network's outputs, in our order."""
    answered = {name for port in compiled.outputs for name in port.names}
    return tuple(name for name in (*OUTPUTS, *POSE_OUTPUTS) if name in answered)


def _takes_focal(compiled: Any) -> bool:
    return any(FOCAL in port.names for port in compiled.inputs)


def _inputs(crops_rgb: NDArray[np.uint8], focal: float, takes_focal: bool) -> dict[str, np.ndarray]:
    """A graph's inputs by name, in its order."""
    inputs: dict[str, np.ndarray] = {INPUT: crops_rgb}
    if takes_focal:
        inputs[FOCAL] = np.full(len(crops_rgb), focal, np.float32)
    return inputs
