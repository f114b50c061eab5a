"""MobRecon and M3DHMR, whole: every variant of their tables, batches, export, and learning a few samples."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.hand.hand_data import load_open_hand
from models.inference.export import export_onnx
from models.networks.encoders.stack import Maps, StackedEncoder, conv_bn, fold
from models.networks.network import NetworkOutput
from models.networks.systems.m3dhmr import M3dhmr, M3dhmrConfig
from models.networks.systems.mobrecon import LiftingConfig, MobRecon, MobReconConfig
from models.networks.zoo import declared
from models.training.losses import l1
from tests.models.measures import pa_mpjpe
from tests.models.tiny_hands import make_hands

_GHOST = LiftingConfig("ghoststack", input_size=64)
_D = (256, 32, 16, 16)  # the first must be C^e

VARIANTS: dict[str, MobReconConfig | M3dhmrConfig] = {
    **{
        f"MobRecon {encoder}": MobReconConfig(LiftingConfig(encoder, input_size=64))  # type: ignore[arg-type]
        for encoder in ("densestack", "ghoststack", "resnet18", "resnet34", "resnet50")
    },
    **{
        f"MobRecon {joints}, {lifting}{'' if skip else ', no skip'}": MobReconConfig(
            LiftingConfig("ghoststack", joints, skip, lifting, 64),  # type: ignore[arg-type]
            D=_D,
        )
        for joints, lifting, skip in (
            ("mapreg", "latent", True),
            ("heatmap", "joint", False),
            ("heatmap", "joint", True),
            ("softargmax", "grid", True),
            ("regression", "grid", True),
        )
    },
    **{f"MobRecon {layer}": MobReconConfig(_GHOST, layer, D=_D) for layer in ("spiral++", "spiral")},  # type: ignore[arg-type]
    **{f"M3DHMR K={K}": M3dhmrConfig(_GHOST, K=K, D=_D) for K in (2, 4, 8, 16)},
    "M3DHMR no DSC": M3dhmrConfig(_GHOST, dynamic=False, D=_D),
    "M3DHMR no ROI": M3dhmrConfig(_GHOST, K=2, roi=False, D=_D),
    "M3DHMR neither": M3dhmrConfig(_GHOST, dynamic=False, roi=False, D=_D),
}


def make(config: MobReconConfig | M3dhmrConfig) -> nn.Module:
    torch.manual_seed(0)
    hand = load_open_hand()
    return MobRecon(config, hand) if isinstance(config, MobReconConfig) else M3dhmr(config, hand)


def settled(made: nn.Module) -> nn.Module:
    """In evaluation mode, with statistics from a few pictures of hands and vertices told apart."""
    for module in made.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    if hasattr(made.lifting.lift, "M_l"):
        nn.init.normal_(made.lifting.lift.M_l, std=0.1)
    with torch.no_grad():
        made.train()(make_hands(8, made.input_size).crops)
    return made.eval()


@cache
def network(name: str) -> nn.Module:
    return settled(make(VARIANTS[name]))


@pytest.mark.parametrize("name", VARIANTS)
def test_shapes_batches_and_what_depends_on_the_picture(name: str) -> None:
    crops = make_hands(2, 64, seed=1).crops
    with torch.no_grad():
        output, alone = network(name)(crops), network(name)(crops[1:])
    assert output.joints_2d.shape == (2, 21, 2)
    assert output.vertices_m.shape == (2, 778, 3)
    assert output.joints_m.shape == (2, 21, 3)
    assert output.presence_logit.shape == output.handedness_logit.shape == (2,)
    assert output.joints_m[:, 0].abs().max() < 1e-6
    assert (output.heatmaps is not None) == ("heatmap" in name)
    assert output.early_heatmaps is None
    for key, value in alone.named().items():
        difference = (output.named()[key][1:] - value).abs().max()
        assert difference < 1e-3 * value.abs().max() + 1e-6, key
    assert (output.vertices_m[0] - output.vertices_m[1]).abs().max() > 1e-6


@pytest.mark.parametrize("name", ["MobRecon ghoststack", "MobRecon softargmax, grid", "M3DHMR K=2"])
def test_every_weight_is_reached_by_the_gradient(name: str) -> None:
    made = make(VARIANTS[name]).train()
    output: NetworkOutput = made(make_hands(2, 64).crops)
    sum(value.square().mean() for value in output.named().values()).backward()
    assert output.early_heatmaps is not None
    assert output.early_heatmaps.shape == (2, 21, 16, 16)
    assert not [key for key, p in made.named_parameters() if p.grad is None]


def test_a_roi_layer_s_vertex_sees_its_region_alone() -> None:
    made = network("M3DHMR no DSC")
    regions = torch.from_numpy(load_open_hand().regions.astype(np.int64))
    f = torch.randn(1, 778, _D[-1], requires_grad=True)
    thumb = regions == 1
    made.decoder.head(f)[0, thumb].sum().backward()
    assert f.grad is not None
    assert f.grad[0, ~thumb].abs().max() == 0
    assert f.grad[0, thumb].abs().sum(1).gt(0).float().mean() > 0.9


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"input_size": 100}, "multiple of 32"),
        ({"lifting": "joint"}, "pools with heatmaps"),
        ({"skip": False}, "is for heatmaps"),
    ],
)
def test_combinations_that_mean_nothing_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LiftingConfig(**wrong)  # type: ignore[arg-type]


class TinyDown(nn.Module):
    """A way down of three convolutions, for graphs that export in a second."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = nn.ModuleList(conv_bn(8, 8, 3, stride=2) for _ in range(3))

    def forward(self, x: Tensor) -> Maps:
        x16 = self.steps[0](x)
        x8 = self.steps[1](x16)
        return x, x16, x8, self.steps[2](x8)


def tiny_encoder(_name: str, C_e: int) -> StackedEncoder:
    stem = nn.Sequential(conv_bn(3, 8, 3, stride=2), fold(8, 8))
    return StackedEncoder(stem, (TinyDown(), TinyDown()), 8, (8, 8, 8, 8), conv_bn, C_e)


_SMALL = (32, 16, 16, 16)
EXPORTED = {
    "MapReg, DSConv": MobReconConfig(LiftingConfig(input_size=64, C_e=32), D=_SMALL),
    "heatmaps, SpiralConv++": MobReconConfig(
        LiftingConfig(joints_2d="heatmap", lifting="joint", input_size=64, C_e=32), "spiral++", D=_SMALL
    ),
    "soft-argmax, dynamic, ROI": M3dhmrConfig(
        LiftingConfig(joints_2d="softargmax", input_size=64, C_e=32), K=2, D=_SMALL
    ),
}


@pytest.mark.parametrize(
    "name",
    [name if name == "MapReg, DSConv" else pytest.param(name, marks=pytest.mark.slow) for name in EXPORTED],
)
def test_exported_parts_equal_torch(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything but the encoders' blocks, which are plain convolutions; export_onnx raises beyond 1e-4 m."""
    monkeypatch.setattr("models.networks.systems.mobrecon.make_encoder", tiny_encoder)
    export_onnx(settled(make(EXPORTED[name])), tmp_path / "network.onnx")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobrecon-ghost", "mobrecon-dense", "m3dhmr-18"])
def test_exported_network_equals_torch(name: str, tmp_path: Path) -> None:
    network = declared(name)
    export_onnx(settled(network.module(network.config, load_open_hand())), tmp_path / "network.onnx")


def learn(made: nn.Module, rate: float, steps: int, progress: Callable[[str], None]) -> float:
    """Train on the same 64 hands over and over; -> mean PA-MPJPE on them, mm, in evaluation mode."""
    torch.manual_seed(0)
    hands = make_hands(64, made.input_size)
    lifting = [p for name, p in made.named_parameters() if name.endswith("M_l")]
    others = [p for name, p in made.named_parameters() if not name.endswith("M_l")]
    # M^l starts at 0.01 everywhere: until its rows differ, all vertices are the same. It learns faster.
    groups = [{"params": others, "lr": rate}, {"params": lifting, "lr": 10 * rate}]
    optimiser = torch.optim.Adam(groups)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, [rate, 10 * rate], steps, pct_start=0.1)
    made.train()
    for step in range(steps):
        k = torch.randperm(64)[:16]
        output: NetworkOutput = made(hands.crops[k])
        loss = (
            10 * l1(output.vertices_m, hands.vertices_m[k])
            + 10 * l1(output.joints_m, hands.joints_m[k])
            + 2 * l1(output.joints_2d, hands.joints_2d[k])
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 100 == 99:
            progress(f"{step + 1}: loss {loss.item():.4f}")
    made.eval()
    with torch.no_grad():
        predicted: Tensor = torch.cat([made(crops).joints_m for crops in hands.crops.split(16)])
    pairs = zip(predicted.numpy(), hands.joints_m.numpy(), strict=True)
    return 1000 * float(np.mean([pa_mpjpe(p, t) for p, t in pairs]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "rate"),
    [
        (MobReconConfig(LiftingConfig("ghoststack")), 3e-3),
        (M3dhmrConfig(LiftingConfig("ghoststack"), K=2), 1e-3),  # full spiral kernels diverge at 3e-3
    ],
    ids=["MobRecon", "M3DHMR"],
)
def test_learns_64_hands_by_heart(config: MobReconConfig | M3dhmrConfig, rate: float) -> None:
    """Minutes on two cores. With GhostStack: what is asked is whether everything learns, not how well."""
    progress: list[str] = []
    error_mm = learn(make(config), rate, steps=700, progress=progress.append)
    assert error_mm < 3, progress
