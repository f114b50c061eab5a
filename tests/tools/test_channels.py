"""Which channels an encoder needs least, and how many of them a student is given."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from models.networks.encoders.landmark_net import HIDDEN, LandmarkNet
from tools.train import measure_channels, smaller_encoder

FOLDERS = ("--real", "no", "--backgrounds", "no")


@pytest.mark.parametrize(
    ("hidden", "message"),
    [
        ("24,64", f"expected {len(HIDDEN)} numbers"),
        (",".join(["24", *"x" * 14]), "numbers, of at most"),
        (",".join(str(c + 16) for c in HIDDEN), "numbers, of at most"),
        (",".join(map(str, (16, *HIDDEN[1:]))), "the first block expands nothing"),
    ],
)
def test_channels_that_no_student_can_have_are_refused(
    hidden: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        smaller_encoder.main([*FOLDERS, "--out", str(tmp_path), "--hidden", hidden])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("option", [("--batches", "0"), ("--fractions", "1.5")])
def test_a_measurement_of_nothing_is_refused(
    option: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        measure_channels.main([*FOLDERS, *option])
    assert stop.value.code == 2
    assert "expected --batches" in capsys.readouterr().err


def test_one_block_alone_is_pruned() -> None:
    torch.manual_seed(0)
    net, crops = LandmarkNet(64).eval(), torch.rand(8, 3, 64, 64)
    with torch.no_grad():
        x = F.relu6(net.stem(crops))
        for block in net.blocks[:3]:
            x = block(x)
        full = net.blocks[3](x)
    fewer = measure_channels.with_block(net, 3, 96, [x], [full])
    assert fewer.hidden == (*HIDDEN[:3], 96, *HIDDEN[4:])
    kept = {k: v for k, v in net.state_dict().items() if not k.startswith("blocks.3.")}
    assert all(torch.equal(v, fewer.state_dict()[k]) for k, v in kept.items())
    with torch.no_grad():
        off = (fewer.blocks[3](x) - full).square().mean() / full.var()
    assert off < 0.1
