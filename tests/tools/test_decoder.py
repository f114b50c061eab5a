"""`tools.train.decoder`: one command for every system that says how cached maps teach it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from models.manifest import ASSETS
from models.networks.zoo import build, encoder_weights
from models.weights import ENCODER, load_weights
from tests.tools.noise_cache import noise_cache
from tools.train import decoder


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["decoder", *arguments])
    return decoder.main()


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return noise_cache(tmp_path_factory.mktemp("maps") / "cache")


def test_what_it_writes_has_no_encoder_and_is_gone_on_from(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    maps = ("--cache", str(cache), "--judge", str(cache), "--minutes", "1e-4", "--batch", "2")
    fit = ("--joint-fit", str(ASSETS / "weights/m3dhmr_lm.safetensors"))  # a system's weights hold one
    assert run(monkeypatch, "hamr_lm", *maps, *fit, "--out", str(first)) == 0
    assert "step 1: rough_pa_mpvpe" in capsys.readouterr().out
    assert run(monkeypatch, "hamr_lm", *maps, "--start", str(first), "--out", str(second)) == 0
    written, later = load_file(first), load_file(second)
    assert not [key for key in written if key.startswith(ENCODER)]
    shipped = load_file(ASSETS / "weights/m3dhmr_lm.safetensors")
    assert torch.equal(written["joint_fit.a.weight"], shipped["joint_fit.a.weight"].float())
    moved = {key.split(".")[0] for key in written if not torch.equal(written[key], later[key])}
    assert moved
    assert not moved & {"mesh_stage", "joint_fit", "map_scale_56"}
    load_weights(build("hamr_lm", trained=False), second, encoder_weights("hamr_lm"))


def test_a_folder_without_a_cache_and_a_name_without_a_decoder_are_refused_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = ("--cache", str(tmp_path), "--judge", str(tmp_path), "--joint-fit", "x", "--out", "y")
    assert run(monkeypatch, "m3dhmr_lm", *nowhere) == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "holds no cache" in said
    with pytest.raises(SystemExit, match="2"):
        run(monkeypatch, "hamr_lm", *nowhere, "--minutes", "0")
    assert "expected more than nothing" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        run(monkeypatch, "mobrecon-ghost", *nowhere)
    assert "tang_lm" in capsys.readouterr().err
