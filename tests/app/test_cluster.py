"""`--ray`: two workers write what one process does, also when one dies. Skips without Ray."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from app.capture import source_path
from app.errors import UserError
from app.offline import cluster
from app.offline.batch import Job
from app.offline.cores import take_cores
from tests.app.clips import first_frames, steady, write_clip
from tests.app.commands.command_help import failing_line

ROOT = Path(__file__).parents[2]


def needs_ray() -> None:
    if find_spec("ray") is None:  # not by importing it: it reads its settings then
        pytest.skip("Ray, an optional extra (pip install ray), is not installed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    for number in range(4):
        first_frames(source_path("demo"), tmp_path / "in" / f"{number}.mp4", 12 + number)
    (tmp_path / "in" / "broken.mp4").write_text("words\n" * 50)
    return tmp_path / "in"


def process(source: Path, out: Path, *flags: str) -> subprocess.Popen[str]:
    command = [sys.executable, "main.py", "process", str(source), "--out", str(out), "--also", "joints,bvh"]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [*command, "--json", *flags], cwd=ROOT, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    )


def kill_a_worker_at_work(driver: psutil.Process, out: Path, killed: list[int]) -> None:
    """As soon as something is half written, end a worker that works."""
    end_s = time.monotonic() + 240
    while time.monotonic() < end_s and driver.is_running():
        if list(out.glob("*.partial*")):
            for child in driver.children(recursive=True):
                try:
                    if child.cmdline()[:1] == ["ray::work"]:
                        child.kill()
                        killed.append(child.pid)
                        return
                except psutil.Error:
                    continue
        time.sleep(0.02)


@pytest.mark.slow
def test_two_workers_write_what_one_process_writes_though_one_dies(folder: Path, tmp_path: Path) -> None:
    needs_ray()
    alone_s = time.monotonic()
    alone = process(folder, tmp_path / "alone")
    told_alone = json.loads(alone.communicate(timeout=300)[0].splitlines()[-1])
    alone_s = time.monotonic() - alone_s
    driver, killed = process(folder, tmp_path / "ray", "--ray", "local", "--ray-cores", "1"), list[int]()
    killer = threading.Thread(
        target=kill_a_worker_at_work, args=(psutil.Process(driver.pid), tmp_path / "ray", killed)
    )
    killer.start()
    out, err = driver.communicate(timeout=400)
    killer.join()
    assert driver.returncode == 2, err  # one video is broken
    assert killed, "no worker was there to be killed"
    told = json.loads(out.splitlines()[-1])
    states = {Path(f["source"]).name: f["state"] for f in told["files"]}
    assert states == {Path(f["source"]).name: f["state"] for f in told_alone["files"]}, err
    assert list(states.values()).count("done") == 4
    assert "5/5" in err
    names = sorted(p.relative_to(tmp_path / "alone") for p in (tmp_path / "alone").rglob("*"))
    assert names == sorted(p.relative_to(tmp_path / "ray") for p in (tmp_path / "ray").rglob("*"))
    for name in names:  # the codec's own threads may cut a picture differently
        if (tmp_path / "ray" / name).is_file() and name.suffix != ".mp4":
            assert (tmp_path / "ray" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes(), name
    frames = sum(f.get("frames", 0) for f in told["files"])
    print(f"one process: {frames / alone_s:.1f} frames/s with its start; two workers: {told['fps']:.1f}")
    again = process(folder, tmp_path / "ray", "--ray", "local", "--ray-cores", "1")
    told = json.loads(again.communicate(timeout=300)[0].splitlines()[-1])
    assert sorted(f["state"] for f in told["files"]) == ["failed", *["skipped"] * 4]


def dies_once(place: str) -> int:
    """A task whose first worker is killed."""
    if not Path(place).exists():
        Path(place).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def always_dies(place: str) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


@pytest.mark.slow
def test_what_never_works_is_told_in_a_line(tmp_path: Path) -> None:
    needs_ray()
    said: dict[int, tuple[object, str]] = {}

    def on_done(index: int, result: object, fault: str) -> None:
        said[index] = result, fault

    with cluster.cluster("local", 1) as ray:
        cluster.run_all(ray, always_dies, ["c"], 1, on_done)
        never = said.pop(0)[1]
        cluster.run_all(ray, dies_once, [str(tmp_path / "a"), str(tmp_path / "b")], 1, on_done)
    assert all(result for result, _ in said.values())
    assert sorted(said) == [0, 1]
    assert "its worker died 4 times" in never


def test_bad_addresses_and_no_ray_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_clip(tmp_path / "a.mp4", steady(2))
    command = ("process", tmp_path, "--out", tmp_path / "o")
    for text in ("nowhere", "host:0", "host:99999", ":6379"):
        assert "expected local, auto" in failing_line(capsys, *command, "--ray", text)
    assert "folder" in failing_line(capsys, "process", "demo", "--out", tmp_path / "o.mp4", "--ray", "local")
    monkeypatch.setitem(sys.modules, "ray", None)
    assert "pip install ray" in failing_line(capsys, *command, "--ray", "local")
    assert not (tmp_path / "o").exists()


def test_a_cluster_that_is_not_there_is_told_soon(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    needs_ray()
    write_clip(tmp_path / "a.mp4", steady(2))
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
    for wrong in (address, f"ray://{address}", "no-such-host.invalid:6379"):
        line = failing_line(capsys, "process", tmp_path, "--out", tmp_path / "o", "--ray", wrong)
        assert "can't be reached" in line


def test_streams_do_not_go_with_a_cluster(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_clip(tmp_path / "a.mp4", steady(2))
    line = failing_line(
        capsys, "process", tmp_path, "--out", tmp_path / "o", "--ray", "local", "--stream", "osc://"
    )
    assert "leave one of them out" in line


def test_what_a_killed_worker_left_is_cleared(tmp_path: Path) -> None:
    from app.export import Exports

    job = Job(tmp_path / "a.mov", tmp_path / "a.mp4", Exports({"bvh": tmp_path / "a_bvh"}))
    (tmp_path / "a.partial.mp4").touch()
    (tmp_path / "a_bvh.partial").mkdir()
    (tmp_path / "a_bvh").mkdir()
    (tmp_path / "a_bvh" / "hand0_left.bvh").touch()
    job.clear_drafts()
    job.clear_former()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a_bvh").mkdir()
    (tmp_path / "a_bvh" / "mine.txt").touch()
    job.clear_former()
    assert (tmp_path / "a_bvh" / "mine.txt").exists()


def test_processes_side_by_side_take_different_cores(tmp_path: Path) -> None:
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
        pytest.skip("this machine has a single core, or cores can't be chosen on it")
    script = (
        "import os, sys; from app.offline.cores import take_cores; take_cores(1);"
        "print(sorted(os.sched_getaffinity(0)), flush=True); sys.stdin.read()"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    pipe = subprocess.PIPE
    both = [
        subprocess.Popen(
            [sys.executable, "-c", script], cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True
        )
        for _ in range(2)
    ]
    try:
        cores = [eval(process.stdout.readline()) for process in both]  # type: ignore[union-attr]
    finally:
        for process in both:
            process.communicate("")
    assert sorted(map(len, cores)) == [1, 1]
    assert cores[0] != cores[1]
    assert take_cores is not None


def test_an_unknown_core_count_is_refused() -> None:
    needs_ray()
    with pytest.raises(UserError, match="expected local"):
        cluster.check_address("x")
