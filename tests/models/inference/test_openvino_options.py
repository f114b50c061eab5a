"""How graphs are read: a picture reaches the first convolution as it lies, and the answers stay the same."""

import numpy as np
import openvino as ov
import pytest

from models.inference import openvino_options, runtime
from models.inference.engines import OpenVinoEngine
from models.inference.export import example_crop
from models.weights import find_weights

NETWORK = "mobrecon_lm_192"
pytestmark = pytest.mark.skipif(find_weights(NETWORK) is None, reason="its weights don't ship here")


def test_the_picture_is_not_turned_before_the_first_convolution() -> None:
    core = ov.Core()
    model = openvino_options.read_model(core, runtime.graph_path(NETWORK))
    compiled = core.compile_model(model, "CPU", openvino_options.cpu_options(1))
    steps = [op.get_rt_info() for op in compiled.get_runtime_model().get_ordered_ops()]
    kinds = [step["layerType"].get() for step in steps]
    assert "Transpose" not in kinds[: kinds.index("Convolution")]


def test_the_answers_are_those_of_the_graph_as_it_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = runtime.graph_path(NETWORK)
    read = OpenVinoEngine(graph)
    monkeypatch.setattr(openvino_options, "_scale_before_planes", lambda model: None)
    written = OpenVinoEngine(graph)
    crop = example_crop(read.input_size)
    expected = written(crop)
    for name, answer in read(crop).items():
        np.testing.assert_allclose(answer, expected[name], atol=1e-5)
