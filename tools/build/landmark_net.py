"""Build assets/weights/landmark_net.safetensors from the landmark network in the detector bundle.

    python -m tools.build.landmark_net --real CROPS --backgrounds PICTURES

OpenVINO reads the .tflite graph; its convolutions, taken in the order of execution, are those of
models.networks.encoders.landmark_net, and its four heads are told apart by the output they end in. Half of
the last blocks' channels answer the same whatever the picture: found by showing it crops of hands, pictures
without and noise, and left out. The published weights are 16-bit floats, so they are stored as such without
loss; biases that take over what an idle channel added are 32-bit ones.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import zipfile
from contextlib import closing
from pathlib import Path

import numpy as np
import openvino as ov
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from models.hand.hand_data import load_open_hand
from models.inference.landmark_scores import CHANNELS
from models.manifest import ASSETS
from models.networks.encoders.landmark_net import (
    FEATURES,
    HIDDEN,
    INPUT_SIZE,
    PUBLISHED_FEATURES,
    PUBLISHED_HIDDEN,
    LandmarkNet,
)
from models.training.student.crops import RealCropsShown, StudentCrops
from models.training.student.idle import without_idle
from tools.command import command

_BATCHES = 40
"""Of crops of hands."""

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
    net = LandmarkNet(hidden=PUBLISHED_HIDDEN, features=PUBLISHED_FEATURES)
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


def varied_crops(real: Path, backgrounds: Path, seed: int = 0) -> list[Tensor]:
    """Batches (16, 3, 224, 224), 0..1, of all that the network may ever see."""
    hands = StudentCrops(
        RealCropsShown(real, held_out=False), [], load_open_hand(), backgrounds, INPUT_SIZE, seed
    )
    with closing(hands):
        crops = [hands.batch(k, 16).student for k in range(_BATCHES)]
    chance = torch.Generator().manual_seed(seed)
    for side in (1, 7, 28, INPUT_SIZE):  # from one colour to noise
        coarse = torch.rand(16, 3, side, side, generator=chance)
        crops.append(F.interpolate(coarse, (INPUT_SIZE, INPUT_SIZE), mode="bilinear"))
    return crops


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, default=BUNDLE, help="MediaPipe's hand-landmarker bundle")
    parser.add_argument("--real", type=Path, required=True, metavar="CROPS", help="real crops")
    parser.add_argument("--backgrounds", type=Path, required=True, metavar="PICTURES")
    parser.add_argument("--out", type=Path, default=ASSETS / "weights" / "landmark_net.safetensors")
    options = parser.parse_args()
    published = LandmarkNet(hidden=PUBLISHED_HIDDEN, features=PUBLISHED_FEATURES).eval()
    weights = read_weights(read_graph(options.bundle))
    published.load_state_dict({k: torch.from_numpy(v) for k, v in weights.items()}, strict=True)
    crops = varied_crops(options.real, options.backgrounds)
    net, kept = without_idle(published, crops, HIDDEN, FEATURES)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    state = {name: _halved(value) for name, value in net.state_dict().items()}
    save_file(state, options.out, {CHANNELS: ",".join(map(str, kept.tolist()))})
    data = options.out.read_bytes()
    print(f"{options.out.name}: {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}")


def _halved(value: Tensor) -> Tensor:
    """As a 16-bit float where that is exact."""
    half = value.half()
    return (half if torch.equal(half.float(), value) else value).contiguous()


if __name__ == "__main__":
    raise SystemExit(main())
