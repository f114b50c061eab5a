"""Graphs are kept small, say nothing of the machine that made them, and answer as before, to the bit."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from models.inference.graph_file import compact
from tests.paths import ROOT

SHIPPED = sorted((ROOT / "assets/weights").glob("*.onnx"))


def graph_of(weights: np.ndarray) -> onnx.ModelProto:
    """x (1, 32) -> x @ weights, with what an exporter says of itself."""
    node = helper.make_node("MatMul", ["x", "weights"], ["y"])
    trace = node.metadata_props.add()
    trace.key, trace.value = "stack_trace", 'File "/home/somebody/palmistry/models/network.py", line 1'
    vector = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 32]) for name in ("x", "y")]
    graph = helper.make_graph(
        [node], "g", vector[:1], vector[1:], [numpy_helper.from_array(weights, "weights")]
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def answer(model: onnx.ModelProto) -> np.ndarray:
    """To a vector that is the same each time."""
    session = onnxruntime.InferenceSession(model.SerializeToString())
    x = np.random.default_rng(1).normal(size=(1, 32)).astype(np.float32)
    return np.asarray(session.run(None, {"x": x})[0])


@pytest.mark.parametrize("exact", [True, False])
def test_answers_stay_the_same_to_the_bit(exact: bool) -> None:
    """Numbers that 16 bits don't hold keep their 32."""
    weights = np.random.default_rng(0).normal(size=(32, 32)).astype(np.float16 if exact else np.float32)
    model = graph_of(weights.astype(np.float32))
    expected, before = answer(model), model.ByteSize()
    compact(model)
    onnx.checker.check_model(model)
    np.testing.assert_array_equal(answer(model), expected)
    assert (model.ByteSize() < 0.7 * before) == exact
    assert b"somebody" not in model.SerializeToString()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_ships_names_no_folder(path: Path) -> None:
    assert b"/models/" not in path.read_bytes()
