"""An encoder in bfloat16: near what 32 bits answer, its ends kept in 32 bits, refused where there is none."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.inference import runtime
from models.inference.engines import SIGHT_OUTPUTS, MixedEngine, OpenVinoEngine
from models.inference.export import example_crop
from models.inference.fewer_bits.bfloat16 import runs_bfloat16
from models.inference.fewer_bits.halves import compile_halves
from models.manifest import ASSETS
from models.networks.encoders.landmark_net import FEATURES
from models.weights import find_weights

pytestmark = pytest.mark.skipif(not runs_bfloat16(), reason="this processor doesn't run bfloat16")
NETWORK = "mobrecon_lm_192"
needs_weights = pytest.mark.skipif(find_weights(NETWORK) is None, reason="its weights don't ship here")


@needs_weights
def test_the_answer_is_nearly_that_of_32_bits() -> None:
    graph = runtime.graph_path(NETWORK)
    exact, rounded = OpenVinoEngine(graph), MixedEngine(graph)
    crop = example_crop(exact.input_size)
    a, b = exact(crop), rounded(crop)
    assert list(a) == list(b)
    assert rounded.input_size == exact.input_size
    assert 0 < np.abs(a["joints_2d"] - b["joints_2d"]).max() * exact.input_size < 0.7  # pixels
    assert np.abs(a["joints_m"] - b["joints_m"]).max() < 3e-3


@needs_weights
def test_some_answers_are_the_same_as_all_of_them() -> None:
    graph = runtime.graph_path(NETWORK)
    whole, part = MixedEngine(graph), MixedEngine(graph, wanted=SIGHT_OUTPUTS)
    crop = example_crop(whole.input_size)
    everything, some = whole(crop), part(crop)
    assert set(some) == set(SIGHT_OUTPUTS) < set(everything)
    for name, answer in some.items():
        np.testing.assert_array_equal(answer, everything[name])


@needs_weights
def test_an_answer_does_not_depend_on_the_calls_before_it() -> None:
    """Both halves keep their memory from call to call, and the maps are handed over in it."""
    graph = runtime.graph_path(NETWORK)
    engine = MixedEngine(graph)
    crop = example_crop(engine.input_size)
    first, other, again = engine(crop), engine(crop // 3), engine(crop)
    for name, answer in first.items():
        np.testing.assert_array_equal(answer, again[name])
    assert not np.array_equal(first["joints_2d"], other["joints_2d"])


@needs_weights
def test_both_ends_of_the_encoder_and_what_follows_stay_in_32_bits() -> None:
    halves = compile_halves(runtime.graph_path(NETWORK), 1)
    types = _types(halves.encoder, "Convolution")
    assert types[:2] + types[-1:] == ["f32", "f32", "f32"]
    assert set(types[2:-1]) == {"bf16"}
    assert set(_types(halves.rest, "FullyConnected")) == {"f32"}


@pytest.mark.skipif(find_weights("tang_lm") is None, reason="its weights don't ship here")
def test_maps_are_handed_over_as_they_are_looked_up() -> None:
    """Row by row, as they lie in memory, without a copy; of the last one its mean, in 32 bits."""
    halves = compile_halves(runtime.graph_path("tang_lm"), 1)
    shapes = {tuple(output.shape) for output in halves.encoder.outputs}
    assert shapes == {(56 * 56, 24), (28 * 28, 40), (14 * 14, 112), (1, FEATURES)}
    assert not _types(halves.encoder, "Transpose")
    assert _types(halves.encoder, "Reduce") == ["f32"]


def test_a_graph_without_an_encoder_is_refused(tmp_path: Path) -> None:
    import openvino as ov
    from openvino import opset13 as op

    picture = op.parameter([1, 4, 4, 3], np.uint8)
    ov.save_model(ov.Model([op.result(op.convert(picture, "f32"))], [picture], "no"), tmp_path / "no.xml")
    with pytest.raises(ValueError, match="expected a network with an encoder"):
        MixedEngine(tmp_path / "no.xml")


@needs_weights
def test_only_what_stays_steady_is_offered() -> None:
    for name in (NETWORK, "tang_lm", "tang_lm_192"):
        assert "openvino-bf16" in runtime.engines_for(name)
    assert "openvino-bf16" not in runtime.engines_for("mobrecon_lm")
    with pytest.raises(ValueError, match="expected one of openvino, onnxruntime, torch for mobrecon_lm"):
        runtime.load("mobrecon_lm", "openvino-bf16")


def _types(compiled: object, layer: str) -> list[str]:
    """In what OpenVINO really computes layers of a type, in their order."""
    layers = (op.get_rt_info() for op in compiled.get_runtime_model().get_ordered_ops())  # type: ignore[attr-defined]
    return [info["runtimePrecision"].get() for info in layers if info["layerType"].get() == layer]


needs_bytes = pytest.mark.skipif(
    "openvino-int8" not in runtime.engines_for("tang_lm"), reason="its encoder isn't run in bytes here"
)


@needs_bytes
def test_in_bytes_the_answer_is_nearly_that_of_32_bits() -> None:
    graph, ranges = runtime.graph_path("tang_lm"), runtime.ranges_of("tang_lm")
    exact, rounded = OpenVinoEngine(graph), MixedEngine(graph, ranges=ranges)
    crop = example_crop(exact.input_size)
    a, b = exact(crop, 1.7), rounded(crop, 1.7)
    assert list(a) == list(b)
    assert 0 < np.abs(a["joints_2d"] - b["joints_2d"]).max() * exact.input_size < 3  # pixels
    assert np.abs(a["vertices_m"] - b["vertices_m"]).max() < 12e-3
    pair = MixedEngine(graph, pair=True, ranges=ranges)
    both = pair(np.concatenate([crop, crop[:, :, ::-1]]), np.array([1.7, 1.7], np.float32))
    np.testing.assert_allclose(both["vertices_m"][0], b["vertices_m"][0], atol=1e-3)


@needs_bytes
def test_the_picture_and_small_maps_are_read_in_bytes() -> None:
    halves = compile_halves(runtime.graph_path("tang_lm"), 1, ranges=runtime.ranges_of("tang_lm"))
    types = _types(halves.encoder, "Convolution")
    assert types[0] == "u8"
    assert "u8" not in types[1:11] + types[-2:], "over maps of a half and a quarter of the side; the last one"
    assert types.count("u8") == 24, "of 47; depthwise ones are listed among them"
    assert types[-1] == "f32"
    assert set(_types(halves.rest, "FullyConnected")) == {"f32"}


@needs_bytes
def test_ranges_belong_to_one_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    ranges = runtime.ranges_of("tang_lm")
    assert ranges is not None
    with pytest.raises(ValueError, match="ranges are of another encoder"):
        compile_halves(runtime.graph_path("tang_lm"), 1, ranges=ranges[1:])
    shipped = runtime._shipped
    other = replace(shipped("weights/tang_lm.onnx"), sha256="0" * 64)
    monkeypatch.setattr(runtime, "_shipped", lambda file: other if file.endswith(".onnx") else shipped(file))
    assert runtime.ranges_of("tang_lm") is None, "a graph made anew wants its ranges made anew"
    assert "openvino-int8" not in runtime.engines_for("tang_lm")


def test_ranges_ship_for_the_graphs_that_ship() -> None:
    """A graph that is made anew (`tools.build.weights`) wants its ranges anew: `tools.build.ranges`."""
    known = json.loads((ASSETS / "weights/ranges.json").read_text(encoding="utf-8"))
    assert "tang_lm" in known
    assert "mobrecon_lm" not in known, "it shakes by a third more in bytes"
    assert [name for name in known if runtime.ranges_of(name) is None] == []
    runtime.fix_engine("openvino-int8")
    try:
        with pytest.raises(ValueError, match="mobrecon_lm can't run in bytes"):
            runtime.load("mobrecon_lm", threads=1)
    finally:
        runtime.fix_engine(None)
