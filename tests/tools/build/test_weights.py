"""`tools.build.weights`: what it writes, and that graphs which share weights are made together."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from models.networks.zoo import declared
from models.weights import ENCODER, find_weights
from tools.build import weights

SHIPPED = find_weights("tang_lm")


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> dict[str, nn.Module]:
    """Networks by the graph's name, in the place of exporting them, which takes a while."""
    made: dict[str, nn.Module] = {}

    def export(network: nn.Module, path: Path) -> float:
        made[path.name] = network
        return 0.0

    monkeypatch.setattr(weights, "export_onnx", export)
    return made


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["weights", *arguments])
    return weights.main()


@pytest.mark.skipif(SHIPPED is None, reason="its weights don't ship here")
def test_graphs_that_share_weights_are_made_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exported: dict[str, nn.Module]
) -> None:
    assert SHIPPED is not None
    assert declared("tang_lm_192").decoder_of == "tang_lm"
    assert run(monkeypatch, "tang_lm", str(SHIPPED.path), "--out", str(tmp_path)) == 0
    assert list(exported) == ["tang_lm.onnx", "tang_lm_192.onnx"]
    assert [file.name for file in tmp_path.iterdir()] == ["tang_lm.safetensors"]
    state = load_file(tmp_path / "tang_lm.safetensors")
    assert not [key for key in state if key.startswith(ENCODER)]
    shipped = load_file(SHIPPED.path)
    assert list(state) == list(shipped)
    for key, value in state.items():
        assert value.dtype == shipped[key].dtype, "weights that ship are rounded already"
        assert torch.equal(value, shipped[key])
    one, other = (network.state_dict() for network in exported.values())
    apart = {key.split(".")[0] for key, value in one.items() if not torch.equal(value, other[key])}
    assert apart == {"encoder"}
    exported.clear()
    assert run(monkeypatch, "tang_lm_192", "--out", str(tmp_path)) == 0
    assert list(exported) == ["tang_lm_192.onnx"]
    exported.clear()
    assert run(monkeypatch, "tang_lm", "--out", str(tmp_path)) == 0
    assert list(exported) == ["tang_lm.onnx", "tang_lm_192.onnx"], "from the weights that are there"


@pytest.mark.skipif(SHIPPED is None, reason="its weights don't ship here")
def test_of_several_files_the_mean_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exported: dict[str, nn.Module]
) -> None:
    assert SHIPPED is not None
    one = load_file(SHIPPED.path)
    key = "offset_step.out.W_p.weight"
    save_file(one | {key: one[key] + 0.5}, tmp_path / "other.safetensors")
    out = tmp_path / "out"
    out.mkdir()
    files = (str(SHIPPED.path), str(tmp_path / "other.safetensors"))
    assert run(monkeypatch, "tang_lm", *files, "--out", str(out)) == 0
    kept = load_file(out / "tang_lm.safetensors")
    assert torch.allclose(kept[key].float(), one[key].float() + 0.25, atol=2e-3)
    assert all(torch.equal(kept[k].float(), one[k].float()) for k in one if k != key)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("tang_lm", "--out", "nowhere"), "is missing; give the file of its weights, too"),
        (("tang_lm_192", "a.safetensors"), "has the weights of tang_lm: give no file"),
        (("tang_lm_19",), "model: expected one of"),
    ],
)
def test_what_is_missing_or_too_much_is_said(
    arguments: tuple[str, ...],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    exported: dict[str, nn.Module],
) -> None:
    assert run(monkeypatch, *arguments) == 2
    assert said in capsys.readouterr().err
    assert not exported
