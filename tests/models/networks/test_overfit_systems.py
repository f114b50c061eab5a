"""Tang, HAMR and mobrecon_lm learn 64 hands by heart, each with its own paper's objective."""

import math
import time
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn

from models.hand.hand_data import load_open_hand
from models.networks.encoders.landmark_net import LandmarkOutput
from models.networks.network import NetworkOutput
from models.networks.systems.hamr import Hamr, HamrConfig
from models.networks.systems.mobrecon_lm import MobReconLm
from models.networks.systems.tang import Tang, TangConfig
from models.networks.zoo import build
from models.training.batch import Labels
from models.training.objectives import Objectives
from tests.models.measures import pa_mpjpe
from tests.models.tiny_hands import TinyHands, make_hands

pytestmark = pytest.mark.slow

N, BATCH = 64, 16
Objective = Callable[[NetworkOutput, Labels], dict[str, Tensor]]
Run = Callable[[Tensor], NetworkOutput]  # indices of samples -> the network's output


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small batches on shared cores: a second thread mostly waits for the first."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


def labels_of(hands: TinyHands, rows: Tensor) -> Labels:
    parts = (hands.vertices_m, hands.joints_m, hands.joints_2d, hands.vertices_2d, hands.mask)
    return Labels(*(part[rows] for part in parts))


def overfit(
    network: nn.Module,
    run: Run,
    hands: TinyHands,
    objective: Objective,
    epochs: int,
    rate: float,
    eager: tuple[str, ...] = (),
) -> tuple[float, dict[str, tuple[float, float]]]:
    """-> training PA-MPJPE in mm; each loss term's mean over the first and over the last epoch.

    eager: parts of the network, by name, that learn four times as fast.
    """
    named = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
    groups = [
        {
            "params": [p for name, p in named if name.startswith(eager) == fast],
            "rate": (4 if fast else 1) * rate,
        }
        for fast in ((False, True) if eager else (False,))
    ]
    optimiser = torch.optim.Adam(groups, rate)
    first: dict[str, float] = {}
    last: dict[str, float] = {}
    start = time.process_time()
    for epoch in range(epochs):
        network.train()
        for group in optimiser.param_groups:
            group["lr"] = group["rate"] * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * epoch / epochs)))
        last = {}
        for rows in torch.randperm(N).split(BATCH):
            terms = objective(run(rows), labels_of(hands, rows))
            optimiser.zero_grad()
            torch.stack(list(terms.values())).sum().backward()
            optimiser.step()
            for name, value in terms.items():
                last[name] = last.get(name, 0.0) + value.item() * len(rows) / N
        first = first or last
    network.eval()
    with torch.no_grad():
        joints = torch.cat([run(rows).joints_m for rows in torch.arange(N).split(BATCH)])
    errors = [pa_mpjpe(a, b) for a, b in zip(joints.numpy(), hands.joints_m.numpy(), strict=True)]
    error_mm = 1000 * sum(errors) / N
    print(f"{type(network).__name__}: {error_mm:.2f} mm after {time.process_time() - start:.0f} CPU seconds")
    return error_mm, {name: (first[name], last[name]) for name in first}


def trained_on_crops(network: nn.Module, size: int) -> tuple[Run, TinyHands]:
    hands = make_hands(N, size)
    crops = hands.crops.contiguous(memory_format=torch.channels_last)
    network.to(memory_format=torch.channels_last)
    return lambda rows: network(crops[rows]), hands


def test_mobrecon_lm() -> None:
    """The decoder alone: the landmark network stays, and its answers are computed once."""
    network = build("mobrecon_lm")
    assert isinstance(network, MobReconLm)
    network.encoder.requires_grad_(False)
    hands = make_hands(N, network.input_size)
    with torch.no_grad():
        seen = network.encoder(hands.crops)

    def run(rows: Tensor) -> NetworkOutput:
        maps = type(seen.features)(*(m[rows] for m in seen.features))
        return network.decode(LandmarkOutput(*(value[rows] for value in seen[:4]), maps))

    error_mm, terms = overfit(network, run, hands, Objectives(load_open_hand()).mobrecon, 160, 3e-3)
    assert error_mm < 3
    assert all(after < 0.5 * before for name, (before, after) in terms.items() if name != "pose2D")  # frozen


def test_tang_18() -> None:
    """The slowest: half an hour of a busy core."""
    network = Tang(TangConfig(depth=18, width=64, input_size=64), load_open_hand())
    run, hands = trained_on_crops(network, 64)
    objective = Objectives(load_open_hand(), render_size=32).tang
    rows_of_bins = ("mesh_stage.lines", "mesh_stage.axes", "mesh_stage.z")  # a softmax sharpens slowly
    error_mm, terms = overfit(network, run, hands, objective, 220, 1e-3, rows_of_bins)
    assert error_mm < 3
    assert all(after < 0.7 * before for before, after in terms.values()), terms


def test_hamr() -> None:
    config = HamrConfig(input_size=128, channels=48, maps=32, fc=512, full_pose=True, dropout=0.0)
    network = Hamr(config, load_open_hand())
    run, hands = trained_on_crops(network, 128)
    terms_of = Objectives(load_open_hand(), render_size=32).hamr

    def objective(output: NetworkOutput, labels: Labels) -> dict[str, Tensor]:
        """Without the silhouette: weak perspective can't meet a true one, and pulls the mesh 2 mm off."""
        return {name: term for name, term in terms_of(output, labels).items() if name != "seg"}

    error_mm, terms = overfit(network, run, hands, objective, 300, 2e-3)
    assert error_mm < 3
    falling = {name: t for name, t in terms.items() if name != "geo"}  # least for the straight start
    assert all(after < 0.7 * before for before, after in falling.values()), terms
