"""Several processes train one network, as torchrun starts them."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import distributed as dist
from torch import multiprocessing

from models.hand.hand_data import load_open_hand
from models.networks.systems.mobrecon import LiftingConfig, MobRecon, MobReconConfig
from models.training.config import schedules
from models.training.distributed import ProcessGroup
from models.training.trainer import train
from tests.models.training.tiny_source import TinyPairs, TinySource

STEPS = 3


def _one_of_two(rank: int, port: int, folder: Path) -> None:
    import os

    os.environ |= {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.set_num_threads(1)
    torch.manual_seed(rank)  # they begin apart: the first one's weights must reach the other
    network = MobRecon(MobReconConfig(LiftingConfig("ghoststack", input_size=64)), load_open_hand())
    source = TinyPairs(TinySource.of(64, 4).hands)
    config = replace(schedules()["mobrecon"], network="mobrecon-ghost", batch=4, steps=STEPS, log_every=1)
    train(config, network, load_open_hand(), source, None, None, folder / "run", say=lambda line: None)
    left = not dist.is_initialized()
    torch.save(
        {"drawn": source.drawn[:STEPS], "state": network.state_dict(), "left": left}, folder / f"{rank}.pt"
    )


def test_the_group_is_left_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the training fails; one that the caller made stays."""
    config = schedules()["mobrecon"]
    init = dist.init_process_group

    def alone(backend: str) -> None:
        init(backend, store=dist.HashStore(), rank=0, world_size=1)

    monkeypatch.setattr(dist, "init_process_group", alone)
    monkeypatch.setenv("WORLD_SIZE", "2")

    def fail_within() -> None:
        with ProcessGroup.joined(config):
            assert dist.is_initialized()
            raise ValueError("no picture")

    with pytest.raises(ValueError, match="no picture"):
        fail_within()
    assert not dist.is_initialized()
    alone("gloo")
    try:
        with ProcessGroup.joined(config) as group:
            assert group.broadcast(3.0) == 3.0
        assert dist.is_initialized()
    finally:
        dist.destroy_process_group()


@pytest.mark.slow
def test_two_processes_keep_one_network(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    multiprocessing.spawn(_one_of_two, (port, tmp_path), nprocs=2)  # type: ignore[no-untyped-call]
    first, second = (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    assert first["left"]
    assert second["left"]
    assert (first["drawn"], second["drawn"]) == ([0, 2, 4], [1, 3, 5])
    learnt = [name for name in first["state"] if "running" not in name and "num_batches" not in name]
    assert all(torch.equal(first["state"][name], second["state"][name]) for name in learnt)
    assert (tmp_path / "run" / "checkpoint.pt").is_file()
    assert len((tmp_path / "run" / "train.csv").read_text().splitlines()) == 1 + STEPS
