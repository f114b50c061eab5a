"""Recordings: true times, every size, and nothing lost to crashes and full disks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from app.export.formats.sidecar import read_sidecar
from app.output import OutputError, prepare_output, save_png
from app.recorder import Recorder, RecordingState, VideoWriter
from tests.app.clips import numbered_picture, video_duration_s, video_times_s
from tests.app.fakes import fake_picture
from tests.paths import ROOT
from tests.waiting import PATIENCE_S


def test_frames_keep_their_times(tmp_path: Path) -> None:
    times_s = [0.0, 0.011, 0.05, 0.4, 1.9, 1.95]
    for live in (True, False):
        writer = VideoWriter(tmp_path / "a.mp4", (64, 48), live=live)
        for index, time_s in enumerate(times_s):
            writer.write(numbered_picture(index, 64, 48), time_s, 0.25)
        writer.close()
        assert video_times_s(writer.path) == pytest.approx(times_s, abs=1e-4)
        assert video_duration_s(writer.path) == pytest.approx(2.2, abs=0.01)  # the last one's 0.25 s included


def test_a_time_that_does_not_advance_is_skipped(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "a.mp4", (64, 48), live=True)
    for index, time_s in enumerate([0.0, 0.1, 0.1, 0.05, 0.2]):
        writer.write(numbered_picture(index, 64, 48), time_s)
    writer.close()
    assert video_times_s(writer.path) == pytest.approx([0.0, 0.1, 0.2], abs=1e-4)


@pytest.mark.parametrize("size_wh", [(64, 48), (65, 49), (49, 65), (2, 2), (1, 1)])
def test_every_size_can_be_recorded(tmp_path: Path, size_wh: tuple[int, int]) -> None:
    writer = VideoWriter(tmp_path / "a.mp4", size_wh, live=True)
    writer.write(numbered_picture(0, *size_wh), 0.0)
    writer.close()
    with av.open(str(writer.path)) as container:
        image_rgb = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert image_rgb.shape[:2] == (size_wh[1] + size_wh[1] % 2, size_wh[0] + size_wh[0] % 2)


def test_colours_survive(tmp_path: Path) -> None:
    image_rgb = np.zeros((64, 96, 3), np.uint8)
    colours = [(210, 40, 40), (40, 180, 60), (50, 60, 210)]
    for index, colour in enumerate(colours):
        image_rgb[:, 32 * index : 32 * index + 32] = colour
    writer = VideoWriter(tmp_path / "a.mp4", (96, 64), live=True)
    writer.write(image_rgb, 0.0)
    writer.close()
    with av.open(str(writer.path)) as container:
        decoded = next(container.decode(video=0)).to_ndarray(format="rgb24")
    for index, colour in enumerate(colours):
        assert np.abs(decoded[32, 32 * index + 16].astype(int) - colour).max() < 6


def test_a_picture_of_another_size_is_refused(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "a.mp4", (64, 48), live=True)
    writer.write(numbered_picture(0, 64, 48), 0.0)
    with pytest.raises(OutputError, match="64×48 to 48×64"):
        writer.write(numbered_picture(0, 48, 64), 0.1)
    writer.close()


def test_outputs_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.mp4").mkdir()
    for path, expected in [
        (tmp_path / "a.avi", "must end in .mp4"),
        (tmp_path / "folder.mp4", "is a folder"),
        (tmp_path / "file" / "a.mp4", "can't be written"),
        (Path("/proc/nowhere/a.mp4"), "can't be written"),
    ]:
        with pytest.raises(OutputError, match=expected):
            prepare_output(path)


def test_preparing_makes_folders_and_leaves_files_alone(tmp_path: Path) -> None:
    (tmp_path / "old.mp4").write_bytes(b"old")
    prepare_output(tmp_path / "old.mp4")
    assert (tmp_path / "old.mp4").read_bytes() == b"old"
    prepare_output(tmp_path / "new" / "a.mp4")
    assert list((tmp_path / "new").iterdir()) == []


def record(path: Path, count: int, size_wh: tuple[int, int] = (64, 48)) -> list[RecordingState]:
    states: list[RecordingState] = []
    recorder = Recorder(path, states.append)
    for index in range(count):
        recorder.add(fake_picture(numbered_picture(index, *size_wh), 100 + index / 30))
    recorder.finish()
    recorder.join()
    return states


def test_a_recording_starts_at_zero_and_tells_its_end(tmp_path: Path) -> None:
    states = record(tmp_path / "a.mp4", 15)  # as many as wait without loss, however busy the machine is
    end = states[-1]
    assert (end.finished, end.error, end.frames, end.dropped) == (True, "", 15, 0)
    assert end.elapsed_s == pytest.approx(14 / 30, abs=1e-3)
    assert video_times_s(end.path)[0] == 0


@pytest.mark.fault
def test_a_full_disk_ends_the_recording_with_one_line(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    (tmp_path / "full.mp4").symlink_to("/dev/full")
    end = record(tmp_path / "full.mp4", 10)[-1]
    assert end.finished
    assert "No space left" in end.error
    assert "\n" not in end.error


def test_a_recording_of_nothing_leaves_no_file(tmp_path: Path) -> None:
    end = record(tmp_path / "a.mp4", 0)[-1]
    assert (end.finished, end.frames, end.error) == (True, 0, "")
    assert not (tmp_path / "a.mp4").exists()


@pytest.mark.fault
def test_a_slow_disk_drops_pictures_and_never_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk takes nothing until the last picture was handed over."""
    write, goes_on = VideoWriter.write, threading.Event()

    def slow_write(self: VideoWriter, *arguments: object) -> None:
        assert goes_on.wait(PATIENCE_S)
        write(self, *arguments)

    monkeypatch.setattr(VideoWriter, "write", slow_write)
    states: list[RecordingState] = []
    recorder = Recorder(tmp_path / "a.mp4", states.append)
    for index in range(60):
        recorder.add(fake_picture(numbered_picture(index, 64, 48), index / 30))
    goes_on.set()
    recorder.finish()
    recorder.join()
    assert states[-1].dropped > 20
    assert states[-1].frames + states[-1].dropped == 60


def kill_after(path: Path, recorded_s: float) -> float:
    """Record in another process and kill it; how long it had recorded, seconds."""
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom app.recorder import Recorder\n"
        "from tests.app.clips import numbered_picture\nfrom tests.app.fakes import fake_picture\n"
        "from app.recorder import RecordingOptions\n"
        "options = RecordingOptions(clean=True, hands=True)\n"
        "recorder = Recorder(Path(sys.argv[1]), lambda state: None, options)\n"
        "start = time.monotonic()\n"
        "for index in range(10_000):\n"
        "    recorder.add(fake_picture(numbered_picture(index, 320, 240), time.monotonic()))\n"
        "    print(time.monotonic() - start, flush=True)\n"
        "    time.sleep(1 / 30)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    now_s = 0.0
    while now_s < recorded_s:
        now_s = float(child.stdout.readline())
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    return now_s


@pytest.mark.fault
def test_a_recording_killed_plays_up_to_its_last_second(tmp_path: Path) -> None:
    path = tmp_path / "killed.mp4"
    recorded_s = kill_after(path, 2.5)
    for file in (path, tmp_path / "killed.clean.mp4"):
        times_s = video_times_s(file)
        assert times_s[-1] > recorded_s - 1.0
        assert len(times_s) > 30
    assert list(read_sidecar(tmp_path / "killed.jsonl"))[-1].time_s > recorded_s - 1.0


@pytest.mark.slow
def test_twenty_recordings_killed_at_random_all_play(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for k in range(20):
        path = tmp_path / f"{k}.mp4"
        recorded_s = kill_after(path, rng.uniform(0.2, 6))
        played = video_times_s(path) if path.stat().st_size > 1000 else []
        assert max(played, default=0.0) > recorded_s - 1.0, k


def test_a_snapshot_is_the_picture(tmp_path: Path) -> None:
    image_rgb = numbered_picture(3, 21, 11)
    save_png(tmp_path / "new" / "a.png", image_rgb)
    assert np.array_equal(cv2.imread(str(tmp_path / "new" / "a.png"))[..., ::-1], image_rgb)
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["a.png"]
    with pytest.raises(OutputError, match="must end in"):
        save_png(tmp_path / "a.jpg", image_rgb)


@pytest.mark.fault
@pytest.mark.slow
def test_a_disk_that_fills_up_ends_the_recording_and_what_was_written_plays(tmp_path: Path) -> None:
    """A file system of 2 MB, and pictures that hardly compress."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        rng = np.random.default_rng(0)
        states: list[RecordingState] = []
        recorder = Recorder(disk / "a.mp4", states.append)
        for index in range(400):
            recorder.add(fake_picture(rng.integers(0, 255, (120, 160, 3), np.uint8), index / 30))
            time.sleep(0.01)
            if states and states[-1].finished:
                break
        recorder.finish()
        recorder.join()
        assert "No space left" in states[-1].error
        assert video_times_s(disk / "a.mp4")[-1] > states[-1].elapsed_s - 1.2
    finally:
        subprocess.run(["umount", str(disk)], check=True)
