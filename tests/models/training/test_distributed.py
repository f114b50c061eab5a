"""Several processes train one network, as torchrun starts them."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import distributed as dist
from torch import multiprocessing

from models.hand.hand_data import load_open_hand
from models.networks.encoders.landmark_net import LandmarkNet
from models.networks.systems.mobrecon import LiftingConfig, MobRecon, MobReconConfig
from models.training.config import schedules
from models.training.distributed import ProcessGroup
from models.training.student.crops import CropPair
from models.training.student.trainer import StudentTraining, teach
from models.training.trainer import train
from tests.models.training.fake_teacher import FakeTeacher
from tests.models.training.tiny_source import TinyPairs, TinySource

STEPS = 3


def _join(rank: int, port: int) -> None:
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.set_num_threads(1)


def _one_of_two(rank: int, port: int, folder: Path) -> None:
    _join(rank, port)
    torch.manual_seed(rank)  # they begin apart: the first one's weights must reach the other
    network = MobRecon(MobReconConfig(LiftingConfig("ghoststack", input_size=64)), load_open_hand())
    source = TinyPairs(TinySource.of(64, 4).hands)
    config = replace(schedules()["mobrecon"], network="mobrecon-ghost", batch=4, steps=STEPS, log_every=1)
    train(config, network, load_open_hand(), source, None, None, folder / "run", say=lambda line: None)
    left = not dist.is_initialized()
    torch.save(
        {"drawn": source.drawn[:STEPS], "state": network.state_dict(), "left": left}, folder / f"{rank}.pt"
    )


class _NumberedCrops:
    """Each batch is other noise."""

    def __init__(self) -> None:
        self.shown: list[int] = []

    def batch(self, number: int, count: int) -> CropPair:
        self.shown.append(number)
        x = torch.rand(count, 3, 64, 64, generator=torch.Generator().manual_seed(number))
        return CropPair(x, x)

    def close(self) -> None:
        pass


def _student_of_two(rank: int, port: int, folder: Path) -> None:
    _join(rank, port)
    torch.manual_seed(0)
    student, crops, said = LandmarkNet(64), _NumberedCrops(), list[str]()
    config = StudentTraining(steps=STEPS, batch=2, rate=1e-2, warmup=1, validate_s=1e3)
    teach(student, FakeTeacher(), crops, {}, folder, config, said.append)  # type: ignore[arg-type]
    kept = {"shown": crops.shown, "said": said, "state": student.state_dict()}
    torch.save(kept, folder / f"{rank}.pt")


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


def _two(work: Callable[[int, int, Path], None], folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What each of two processes kept."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    multiprocessing.spawn(work, (port, folder), nprocs=2)  # type: ignore[no-untyped-call]
    return torch.load(folder / "0.pt"), torch.load(folder / "1.pt")


@pytest.mark.slow
def test_two_processes_teach_one_student_with_other_crops(tmp_path: Path) -> None:
    first, second = _two(_student_of_two, tmp_path)
    steps = [[n for n in kept["shown"] if n < 100] for kept in (first, second)]  # without the examples
    assert steps[0][:STEPS] == [0, 2, 4]
    assert steps[1][:STEPS] == [1, 3, 5]
    assert all(torch.equal(first["state"][name], second["state"][name]) for name in first["state"])
    assert first["said"]
    assert not second["said"], "one reports"


@pytest.mark.slow
def test_two_processes_keep_one_network(tmp_path: Path) -> None:
    first, second = _two(_one_of_two, tmp_path)
    assert first["left"]
    assert second["left"]
    assert (first["drawn"], second["drawn"]) == ([0, 2, 4], [1, 3, 5])
    learnt = [name for name in first["state"] if "running" not in name and "num_batches" not in name]
    assert all(torch.equal(first["state"][name], second["state"][name]) for name in learnt)
    assert (tmp_path / "run" / "checkpoint.pt").is_file()
    assert len((tmp_path / "run" / "train.csv").read_text().splitlines()) == 1 + STEPS
