"""A network as one ONNX graph: a crop of bytes in, plain arrays out, compared with torch before it's kept."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from models.geometry import TYPICAL_FOCAL
from models.inference.engines import FOCAL, INPUT, OUTPUTS, POSE_OUTPUTS, OnnxEngine
from models.inference.graph_file import compact
from models.networks.network import SeesJoints
from models.whole_file import whole_file

TOLERANCE = 1e-4
"""Largest difference from torch: metres for the mesh, part of the crop for 2D joints, probability."""
_COARSE = {"betas": 10.0}
"""What counts by how many times less: a deviation of the hand model's shape is millimetres of its mesh."""


class Deployed(nn.Module):
    """A network as the live path calls it: (B, S, S, 3) RGB bytes -> `outputs`, logits as probabilities.

    Of a network whose joints the hand model is fitted to, joints alone: no mesh is computed.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.input_size = int(network.input_size)  # type: ignore[arg-type]
        self.takes_focal = bool(getattr(network, "takes_focal", False))
        self.joints_only = isinstance(network, SeesJoints)
        left_out = {"vertices_m"} if self.joints_only else set()
        if not getattr(network, "knows_pose", False):
            left_out |= set(POSE_OUTPUTS)
        self.outputs = tuple(name for name in (*OUTPUTS, *POSE_OUTPUTS) if name not in left_out)

    def forward(self, crops_rgb: Tensor, focal: Tensor | None = None) -> tuple[Tensor, ...]:
        crops = crops_rgb.permute(0, 3, 1, 2).float() / 255
        if self.joints_only:
            output = self.network.joints_only(crops)  # type: ignore[operator]
        else:
            output = self.network(crops, focal) if self.takes_focal else self.network(crops)
        scores = {
            "presence": torch.sigmoid(output.presence_logit),
            "handedness": torch.sigmoid(output.handedness_logit),
        }
        return tuple(scores[name] if name in scores else getattr(output, name) for name in self.outputs)


def example_crop(size: int) -> np.ndarray:
    """(1, size, size, 3) bytes: a fixed smooth picture with some texture."""
    y, x = np.mgrid[:size, :size] / size
    waves = [np.sin(7 * x + 3 * y), np.cos(5 * y - 2 * x), np.sin(40 * x) * np.sin(40 * y)]
    return (np.stack(waves, -1)[None] * 100 + 127).astype(np.uint8)


def export_onnx(network: nn.Module, path: Path) -> float:
    """Write the network (evaluation mode, batch of one) to `path`; return its largest difference from torch.

    network: one of the zoo's, with `input_size`. Raises RuntimeError, and keeps no file, if ONNX Runtime's
    answer to an example differs from torch's by more than TOLERANCE.
    """
    deployed = Deployed(network).eval()
    crop = example_crop(deployed.input_size)
    example: tuple[Tensor, ...] = (torch.from_numpy(crop),)
    if deployed.takes_focal:
        example = (*example, torch.tensor([TYPICAL_FOCAL]))
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path, shared=True) as draft:
        with _quiet(), torch.no_grad():
            torch.onnx.export(
                deployed,
                example,
                str(draft),
                input_names=[INPUT, FOCAL][: len(example)],
                output_names=list(deployed.outputs),
                dynamo=True,
                external_data=False,
                verbose=False,
            )
            expected = deployed(*example)
        graph = onnx.load(draft)
        compact(graph)
        onnx.save(graph, draft)
        found = OnnxEngine(draft)(crop)
        wanted = zip(deployed.outputs, expected, strict=True)
        error = max(
            float(np.abs(e.numpy() - found[name]).max()) / _COARSE.get(name, 1.0) for name, e in wanted
        )
        if not error <= TOLERANCE:
            raise RuntimeError(f"{path}: the exported graph differs from torch by {error:.2g} > {TOLERANCE}")
    return error


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter talks of operators that we don't use (torchvision's) and of its own deprecations."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
