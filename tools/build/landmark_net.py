"""Build assets/weights/landmark_net.safetensors from the landmark network in the detector bundle.

    python -m tools.build.landmark_net

OpenVINO reads the .tflite graph; its convolutions, taken in the order of execution, are those of
models.networks.encoders.landmark_net, and its four heads are told apart by the output they end in. The
published weights are 16-bit floats, so they are stored as such without loss.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import openvino as ov
import torch
from safetensors.numpy import save_file
from torch import nn

from models.manifest import ASSETS
from models.networks.encoders.landmark_net import LandmarkNet
from tools.command import command

BUNDLE = ASSETS / "detector" / "hand_landmarker.task"
NETWORK = "hand_landmarks_detector.tflite"
HEADS = {  # the original's output: our head
    "Identity": "head_joints",
    "Identity_1": "head_presence",
    "Identity_2": "head_handedness",
    "Identity_3": "head_world",
}


def read_graph(bundle: Path) -> ov.Model:
    """The landmark network of a MediaPipe hand-landmarker bundle."""
    with zipfile.ZipFile(bundle) as z, tempfile.TemporaryDirectory() as folder:
        return ov.Core().read_model(z.extract(NETWORK, folder))


def _layer(node: ov.Node, bias_add: ov.Node) -> list[ov.Output]:
    """The outputs that hold a layer's weight and its bias (the operand of the addition behind it)."""
    bias = next(v for v in bias_add.input_values() if v.get_node() != node)
    return [node.input_value(1), bias]


def _values(outputs: list[ov.Output]) -> list[np.ndarray]:
    """Evaluate constant sub-graphs (the original converts and transposes its 16-bit weights)."""
    compiled = ov.compile_model(ov.Model([ov.opset1.result(o) for o in outputs], []), "CPU")
    result = compiled({})
    return [np.array(result[i]) for i in range(len(outputs))]


def read_weights(graph: ov.Model) -> dict[str, np.ndarray]:
    """The graph's weights under the names of LandmarkNet's state, float16."""
    net = LandmarkNet()
    names = [name for name, module in net.named_modules() if isinstance(module, nn.Conv2d)]
    layers = []
    for node in graph.get_ordered_ops():
        if node.get_type_name() in ("Convolution", "GroupConvolution"):
            (after,) = node.output(0).get_target_inputs()
            layers.append(_layer(node, after.get_node()))
    for result in graph.outputs:
        node = result.get_node().input_value(0).get_node()
        if node.get_type_name() == "Sigmoid":
            node = node.input_value(0).get_node()
        matmul = next(v.get_node() for v in node.input_values() if v.get_node().get_type_name() == "MatMul")
        layers.append(_layer(matmul, node))
        names.append(HEADS[result.get_any_name()])
    if len(layers) != len(names):
        raise ValueError(f"{NETWORK}: expected {len(names)} layers, got {len(layers)}: another network?")
    values = iter(_values([output for layer in layers for output in layer]))
    shapes = {name: tuple(p.shape) for name, p in net.state_dict().items()}
    weights = {}
    for name in names:
        for kind in ("weight", "bias"):
            key, value = f"{name}.{kind}", next(values)
            half = value.reshape(shapes[key]).astype(np.float16)
            if not np.array_equal(half.astype(np.float32), value.reshape(shapes[key])):
                raise ValueError(f"{key}: does not fit 16-bit floats")
            weights[key] = half
    return weights


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, default=BUNDLE, help="MediaPipe's hand-landmarker bundle")
    parser.add_argument("--out", type=Path, default=ASSETS / "weights" / "landmark_net.safetensors")
    options = parser.parse_args()
    weights = read_weights(read_graph(options.bundle))
    LandmarkNet().load_state_dict({k: torch.from_numpy(v) for k, v in weights.items()}, strict=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    save_file(weights, options.out)
    data = options.out.read_bytes()
    print(f"{options.out.name}: {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    raise SystemExit(main())
