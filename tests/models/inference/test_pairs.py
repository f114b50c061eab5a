"""Two hands in one call: what each is told is what it would be told alone."""

import threading
from pathlib import Path

import numpy as np
import pytest

from models.inference import runtime
from models.inference.engines import MixedEngine, OpenVinoEngine
from models.inference.export import example_crop
from models.inference.fewer_bits.bfloat16 import runs_bfloat16
from models.inference.pair_engine import PairEngine
from models.weights import shipped_networks

FOCALS = np.array([1.4, 2.3], np.float32)


def two_crops(size: int) -> np.ndarray:
    crop = example_crop(size)
    return np.concatenate([crop, crop[:, ::-1, ::-1] // 2])


@pytest.mark.parametrize("name", shipped_networks())
def test_each_is_told_what_it_is_told_alone(name: str) -> None:
    graph = runtime.graph_path(name)
    one, two = OpenVinoEngine(graph), OpenVinoEngine(graph, pair=True)
    crops = two_crops(one.input_size)
    both = two(crops, FOCALS)
    for k in range(2):
        for answer, expected in one(crops[k : k + 1], float(FOCALS[k])).items():
            np.testing.assert_allclose(both[answer][k : k + 1], expected, atol=1e-4)


@pytest.mark.skipif("tang_lm" not in shipped_networks(), reason="its weights don't ship here")
@pytest.mark.skipif(not runs_bfloat16(), reason="this processor doesn't run bfloat16")
def test_the_same_in_bfloat16() -> None:
    graph = runtime.graph_path("tang_lm")
    one, two = MixedEngine(graph), MixedEngine(graph, pair=True)
    crops = two_crops(one.input_size)
    both = two(crops, FOCALS)
    for k in range(2):
        for answer, expected in one(crops[k : k + 1], float(FOCALS[k])).items():
            np.testing.assert_allclose(both[answer][k : k + 1], expected, atol=1e-2)


def test_a_graph_that_takes_one_crop_only_is_refused(tmp_path: Path) -> None:
    import openvino as ov
    from openvino import opset13 as op

    picture = op.parameter([1, 4, 4, 3], np.uint8)
    turned = op.reshape(op.convert(picture, "f32"), np.array([16, 3]), False)
    summed = op.reshape(
        op.matmul(turned, np.ones((3, 3), np.float32), False, False), np.array([3, 16]), False
    )
    ov.save_model(ov.Model([op.result(summed)], [picture], "one"), tmp_path / "one.xml")
    with pytest.raises(ValueError, match="two crops: expected"):
        OpenVinoEngine(tmp_path / "one.xml", pair=True)


class Sums:
    """A network that answers the crops' sums."""

    input_size = 4

    def __init__(self, wrong: float = 0.0) -> None:
        self.calls, self.wrong = 0, wrong

    def __call__(self, crops_rgb: np.ndarray, focal: object = 0.0) -> dict[str, np.ndarray]:
        self.calls += 1
        return {"presence": crops_rgb.sum((1, 2, 3)) + focal + self.wrong}


def settled() -> None:
    for thread in threading.enumerate():
        if thread.name == "network of two hands":
            thread.join()


@pytest.mark.parametrize(("wrong", "used"), [(0.0, True), (0.1, False)])
def test_made_when_it_is_worth_it_and_used_if_it_says_the_same(wrong: float, used: bool) -> None:
    one, two, made = Sums(), Sums(wrong), []
    engine = PairEngine(one, lambda: made.append(two) or two, after=3)  # type: ignore[func-returns-value]
    crops = np.arange(2 * 48, dtype=np.uint8).reshape(2, 4, 4, 3)
    answers = []
    for _ in range(5):
        answers.append(engine(crops, FOCALS))
        settled()
    assert made == [two]
    assert (two.calls > 1) == used
    for answer in answers:
        np.testing.assert_allclose([a["presence"].item() for a in answer], crops.sum((1, 2, 3)) + FOCALS)
