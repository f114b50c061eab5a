"""`tools.train.thin_tang_lm`: former weights answer the same from lighter layers."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from models.networks.landmark_system import LandmarkSystem
from models.networks.mesh_stage import MeshStage, MeshStageConfig
from models.networks.systems.tang_lm import TangLm
from models.networks.zoo import build, encoder_weights
from models.training.maps.batch import read_batch
from models.training.maps.cache import MapCache
from models.training.maps.factors import factored
from models.weights import ENCODER, load_weights
from tests.tools.noise_cache import noise_cache
from tools.train import thin_tang_lm


def untaught() -> TangLm:
    torch.manual_seed(0)
    made = build("tang_lm", trained=False)
    assert isinstance(made, TangLm)
    return made


def wide(net: LandmarkSystem) -> dict[str, Tensor]:
    """Weights as they were laid out, of a network that was taught nothing."""
    kept = {k: v for k, v in net.state_dict().items() if not k.startswith((ENCODER, "mesh_stage."))}
    shapes = {"together.weight": (64, 3120), "a.weight": (512, 212), "a.bias": (512,)}
    shapes |= {"b.weight": (512, 512), "b.bias": (512,)}
    made = {k: v for k, v in kept.items() if not k.startswith(("parameter_step.a.", "parameter_step.b."))}
    for name, shape in shapes.items():
        made[f"parameter_step.{name}"] = torch.randn(shape) * shape[-1] ** -0.5
    made["parameter_step.token.finer"] = made["parameter_step.token.finer"][:3].clone()
    return made | {f"mesh_stage.{k}": v for k, v in full_stage(net).state_dict().items()}


def full_stage(net: LandmarkSystem) -> MeshStage:
    from models.hand.hand_data import load_open_hand

    return MeshStage(MeshStageConfig(), load_open_hand())


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["thin_tang_lm", *arguments])
    return thin_tang_lm.main()


@pytest.mark.slow
def test_the_lighter_network_answers_as_the_wide_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a few hands, whose inputs vary in less than the layers' rank, to the rounding."""
    cache, start, out = noise_cache(tmp_path / "c"), tmp_path / "wide.safetensors", tmp_path / "o.safetensors"
    torch.manual_seed(1)
    old = wide(untaught())
    save_file(old, start)
    assert run(monkeypatch, "--start", str(start), "--cache", str(cache), "--out", str(out)) == 0
    assert not [key for key in load_file(out) if key.startswith(ENCODER)]
    net = untaught()
    load_weights(net, out, encoder_weights("tang_lm"))
    stage = full_stage(net)
    stage.load_state_dict({k.removeprefix("mesh_stage."): v for k, v in old.items() if "mesh_stage." in k})
    d = read_batch(MapCache(cache), torch.arange(4).numpy(), net.palm_m)
    said = (d.joints_2d, d.joints_m, d.focal)
    token, theta, off = torch.randn(4, 195, 16), torch.randn(4, 106), torch.randn(4, 21, 2)
    with torch.no_grad():
        assert (
            stage.mesh(stage(*said))[0] - net.mesh_stage.mesh(net.mesh_stage(*said))[0]
        ).abs().max() < 1e-5
        x = torch.cat([token.flatten(1), theta, 10 * off.flatten(1)], 1)
        assert x.shape[1] == net.parameter_step.a[0].in_features
    finer = net.parameter_step.token.finer
    assert torch.equal(finer[:3], old["parameter_step.token.finer"])
    assert not finer[3:].any()


def test_a_layer_is_met_as_nearly_as_its_rank_allows() -> None:
    torch.manual_seed(0)
    layer = torch.nn.Linear(40, 30)
    x = torch.randn(500, 6) @ torch.randn(6, 40) + 3
    with torch.no_grad():
        y = layer(x)
        assert (factored(layer, x, 6)(x) - y).abs().max() < 1e-3 * y.abs().max()
        off = [F.mse_loss(factored(layer, x, rank)(x), y).item() for rank in (1, 3, 5)]
    assert off[0] > off[1] > off[2] > 1e-3


def test_other_weights_are_refused_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cache, other, broken = (
        noise_cache(tmp_path / "cache"),
        tmp_path / "other.safetensors",
        tmp_path / "broken",
    )
    save_file({"x": torch.zeros(3)}, other)
    broken.write_bytes(b"not weights")
    for start in (other, broken):
        assert (
            run(monkeypatch, "--start", str(start), "--cache", str(cache), "--out", str(tmp_path / "o")) == 2
        )
        said = capsys.readouterr().err
        assert len(said.splitlines()) == 1
        assert "not" in said
