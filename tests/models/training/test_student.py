"""A landmark encoder of smaller crops is taught: its gradients, its targets, its steps, its run."""

from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from app.capture import DEMO_CLIP, open_file
from models.evaluation.metrics import aligned_errors
from models.networks.encoders.landmark_net import HIDDEN, INPUT_SIZE, LandmarkNet
from models.tracking.pipeline import Pipeline, PipelineConfig
from models.training.student import frugal
from models.training.student.crops import CropPair
from models.training.student.frugal import frugal_maps
from models.training.student.matching import STRIDES, look_up
from models.training.student.pruning import pruned
from models.training.student.steps import RelativeAdam, channel_sizes
from models.training.student.trainer import StudentTraining, teach
from models.weights import find_weights
from tests.models.training.fake_teacher import FakeTeacher

SIZE = 64


def images(count: int, size: int = SIZE) -> torch.Tensor:
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(0))


def gradients(net: LandmarkNet, seen: object) -> dict[str, torch.Tensor]:
    net.zero_grad()
    sum(m.square().mean() for m in seen).backward()  # type: ignore[attr-defined]
    return {name: p.grad.clone() for name, p in net.named_parameters() if p.grad is not None}


def test_frugal_maps_and_their_gradients_are_autograds(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    net, x = LandmarkNet(SIZE), images(4)
    plain, (quarter, frugally) = net.features(x), frugal_maps(net, x)
    assert quarter.shape == (4, 24, 16, 16)
    for a, b in zip(plain, frugally, strict=True):
        assert torch.allclose(a, b, atol=1e-5)
    exact = gradients(net, plain)
    sampled = gradients(net, frugally)
    monkeypatch.setattr(frugal, "WEIGHTS_FROM", 1)
    whole = gradients(net, frugal_maps(net, x)[1])
    assert exact.keys() == sampled.keys() == whole.keys()
    for name, wanted in exact.items():
        assert torch.allclose(whole[name], wanted, atol=1e-3 * float(wanted.abs().max()) + 1e-9), name
        if "depthwise" in name and name.endswith("weight"):
            assert not torch.equal(sampled[name], wanted), name
            assert torch.cosine_similarity(sampled[name].flatten(), wanted.flatten(), 0) > 0.5, name
        else:
            assert torch.allclose(sampled[name], wanted, atol=1e-3 * float(wanted.abs().max()) + 1e-9), name


def test_an_encoder_with_all_its_channels_answers_as_before_and_with_fewer_nearly_so() -> None:
    torch.manual_seed(0)
    net = LandmarkNet(SIZE).eval()
    with torch.no_grad():  # half of each block's channels say what the others say
        for block in net.blocks[1:]:
            for layer in (block.expand.conv, block.depthwise.conv):
                half = len(layer.weight) // 2
                layer.weight[half : 2 * half], layer.bias[half : 2 * half] = (
                    layer.weight[:half],
                    layer.bias[:half],
                )
    crops, unseen = [images(8), 1 - images(8)], images(4).flip(0, 2)
    halves = tuple(c if k == 0 else c // 2 for k, c in enumerate(HIDDEN))
    wanted = net(unseen).joints_px.detach()
    for hidden in (HIDDEN, halves):
        fewer = pruned(net, crops, hidden)
        assert [b.depthwise.conv.out_channels for b in fewer.blocks] == list(hidden)
        assert torch.allclose(fewer(unseen).joints_px, wanted, atol=2e-2 * float(wanted.std())), hidden


@pytest.mark.parametrize("stride", STRIDES)
def test_the_teachers_maps_are_looked_up_where_the_students_cells_are(stride: int) -> None:
    def places(size: int) -> torch.Tensor:
        """Where the middle of each cell of a map is in the picture, by what its convolutions see."""
        n = size // stride
        return (stride * torch.arange(n) + stride - 0.5) / size

    W = look_up(192, stride)
    assert torch.allclose(W.sum(1), torch.ones(192 // stride), atol=1e-6)
    inside = slice(1, -1)
    assert torch.allclose((W @ places(INPUT_SIZE))[inside], places(192)[inside], atol=1e-3)
    assert torch.allclose(look_up(INPUT_SIZE, stride), torch.eye(INPUT_SIZE // stride), atol=1e-6)


def test_steps_are_fractions_of_each_channels_weights() -> None:
    layer = torch.nn.Conv2d(3, 2, 1)
    with torch.no_grad():
        layer.weight[0], layer.weight[1] = 1.0, 100.0
    before = layer.weight.detach().clone()
    sizes = channel_sizes(layer.weight)
    assert sizes.flatten().tolist() == pytest.approx([5.05, 100], abs=0.1), "none counts as next to nothing"
    optimiser = RelativeAdam(layer)
    layer(torch.ones(1, 3, 1, 1)).sum().backward()
    optimiser.step(0.01)
    moved = (before - layer.weight.detach()).flatten(1).mean(1)
    assert moved.tolist() == pytest.approx([0.0505, 1.0], rel=0.02)
    assert layer.weight.grad is None


class FakeCrops:
    closed = False

    def batch(self, number: int, count: int) -> CropPair:
        assert not self.closed
        return CropPair(images(count, INPUT_SIZE), images(count))

    def close(self) -> None:
        self.closed = True


def test_a_run_learns_is_kept_and_goes_on(tmp_path: Path) -> None:
    torch.manual_seed(0)
    said: list[str] = []
    config = StudentTraining(steps=5, batch=2, rate=1e-2, warmup=1, ema=0.2, validate_s=1e3)
    validated = {"real": FakeCrops().batch(0, 2)}

    def run(steps: int, resume: bool) -> LandmarkNet:
        torch.manual_seed(1)
        student = LandmarkNet(SIZE)
        settings = replace(config, steps=steps)
        crops = FakeCrops()
        teach(student, FakeTeacher(), crops, validated, tmp_path, settings, said.append, resume)  # type: ignore[arg-type]
        assert crops.closed
        return student

    run(5, False)
    lines = [line for line in said if " min, step " in line]
    off = [float(line.split("real ")[1].split(" %")[0]) for line in lines]
    assert off[-1] < off[0]
    assert any("crops/s" in line for line in said)
    said.clear()
    student = run(6, True)
    assert "step 5:" in said[0]
    assert "step 6:" in said[1]
    assert (tmp_path / "encoder.safetensors").is_file()
    with pytest.raises(ValueError, match="not of landmark_student"):
        teach(
            LandmarkNet(96),
            FakeTeacher(),  # type: ignore[arg-type]
            FakeCrops(),  # type: ignore[arg-type]
            validated,
            tmp_path,
            config,
            said.append,
            resume=True,
        )
    assert np.isfinite(sum(float(p.detach().sum()) for p in student.parameters()))


def test_the_shipped_student_sees_what_its_teacher_sees() -> None:
    names = ("mobrecon_lm", "mobrecon_lm_192")
    if any(find_weights(name) is None for name in names):
        pytest.skip("their weights are not in this checkout")
    *_, frame = islice(open_file(DEMO_CLIP).frames(), 12)
    seen = []
    for name in names:
        with closing(Pipeline(PipelineConfig(name, max_hands=1, smoothing=None))) as pipeline:
            (hand,) = pipeline.process(frame.image_rgb, 0.0).hands
        seen.append(hand)
    a, b = seen
    box = float(np.ptp(a.joints_2d_px, axis=0).max())
    assert a.handedness == b.handedness
    assert np.linalg.norm(a.joints_2d_px - b.joints_2d_px, axis=1).mean() < 0.03 * box
    assert aligned_errors(a.joints_m[None], b.joints_m[None]).mean() < 0.005
