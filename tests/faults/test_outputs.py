"""Places that can't be written to, from the start or suddenly: one line, and nothing half done is left."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.capture import SourceError, check_file, open_file
from app.errors import UserError
from app.export import Exports, make_writers
from app.export.formats.sidecar import save_frame
from app.offline.video import Progress, process_file
from app.output import save_png, write_whole
from app.recorder import Recorder, RecordingOptions, RecordingState, VideoWriter
from app.session import Settings
from models.inference.autotune import autotune
from models.inference.runtime import cache_dir
from tests.app.clips import steady, video_times_s, write_clip
from tests.app.fakes import FakeCompositor, FakePipeline, fake_picture
from tests.waiting import wait_for

resource = pytest.importorskip("resource", reason="needs limits as Linux has them")
pytestmark = pytest.mark.fault

NOISE = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)


def process(source: Path, out: Path, **more: object) -> None:
    """`process` on stand-ins, with every export that can be asked for."""
    endings = {"joints": ".csv", "hands": ".jsonl", "gltf": ".glb"}
    wanted = Exports({name: out.with_suffix(ending) for name, ending in endings.items()})
    process_file(
        open_file(source),
        out,
        Settings(),
        writers=make_writers(wanted),
        make_pipeline=lambda config: FakePipeline(),
        make_compositor=FakeCompositor,
        **more,  # type: ignore[arg-type]
    )


def record(
    path: Path, options: RecordingOptions, meanwhile: Callable[[int], None], most: int = 300
) -> RecordingState:
    """Up to so many pictures; meanwhile(frames written) is called as it goes."""
    states: list[RecordingState] = []
    recorder = Recorder(path, states.append, options)
    for index in range(most):
        recorder.add(fake_picture(NOISE, index / 30))
        wait_for(lambda: recorder._queue.qsize() <= 8 or (states and states[-1].finished))
        if states:
            meanwhile(states[-1].frames)
            if states[-1].finished:
                break
    recorder.finish()
    recorder.join()
    return states[-1]


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file can grow beyond 40 kB, as if the disk were full then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def one_line(error: BaseException | str) -> bool:
    text = str(error)
    return "can't be written" in text and "\n" not in text


def test_a_disk_that_fills_up_while_recording(tmp_path: Path, full_disk: None) -> None:
    end = record(tmp_path / "a.mp4", RecordingOptions(clean=True, hands=True), lambda frames: None)
    assert end.finished
    assert one_line(end.error)
    assert len(video_times_s(tmp_path / "a.mp4")) > 0  # what was recorded plays


def test_a_disk_that_fills_up_while_processing_leaves_nothing(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", steady(60), size_wh=(320, 240))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, hard))
    try:
        with pytest.raises(UserError) as failure:
            process(source, tmp_path / "out" / "a.mp4")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert one_line(failure.value)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_disk_that_is_full_for_snapshots_and_settings(tmp_path: Path, full_disk: None) -> None:
    one = fake_picture(NOISE, 0.0).hands_as(0, 0.0)
    many = replace(one, hands=one.hands * 5)
    for write in (
        lambda path: save_png(path, NOISE),
        lambda path: write_whole(path, "x" * 50_000),
        lambda path: save_frame(path.with_suffix(".json"), many),
    ):
        with pytest.raises(UserError) as failure:
            write(tmp_path / "a.png")
        assert one_line(failure.value)
        assert list(tmp_path.iterdir()) == []


def test_a_memory_of_speeds_that_cannot_be_kept_or_is_damaged_is_measured_again(
    tmp_path: Path, full_disk: None
) -> None:
    ways = {name * 45_000: lambda: lambda: None for name in "ab"}  # more than fits
    assert autotune("x", ways, tmp_path) in ways
    assert list(tmp_path.iterdir()) == []
    short = {name: lambda: lambda: None for name in "ab"}
    for damaged in ("", "[", "[]", '{"x": []}', "null", "[" * 20_000):
        (tmp_path / "autotune.json").write_text(damaged)
        assert autotune("x", short, tmp_path) in short
    memory = json.loads((tmp_path / "autotune.json").read_text())
    (tmp_path / "autotune.json").write_text(json.dumps({key: ["a"] for key in memory}))
    assert autotune("x", short, tmp_path) in short


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="owners as Linux has them")
def test_a_cache_in_a_shared_folder_is_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    folder = cache_dir()
    assert folder.parent == tmp_path
    assert folder.stat().st_mode & 0o777 == 0o700
    if os.getuid() == 0:
        os.chown(folder, 65534, 65534)  # somebody was there before
        with pytest.raises(OSError, match="no folder"):
            cache_dir()


def test_a_recording_that_is_removed_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    end = record(
        path, RecordingOptions(), lambda frames: path.unlink(missing_ok=True) if frames else None, 9999
    )
    assert end.finished
    assert end.frames < 9999
    assert end.error == f"{path} was removed while it was written; make it again"


def test_a_recording_that_fails_in_any_way_says_that_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("a fault on purpose")

    monkeypatch.setattr(VideoWriter, "write", broken)
    end = record(tmp_path / "a.mp4", RecordingOptions(), lambda frames: None)
    assert (end.finished, "a fault on purpose" in end.error) == (True, True)


@pytest.mark.parametrize("what", ["the folder", "the video"])
def test_an_output_that_is_removed_while_it_is_written(tmp_path: Path, what: str) -> None:
    source, folder = write_clip(tmp_path / "in.mp4", steady(60)), tmp_path / "out"

    def remove(progress: Progress) -> None:
        if progress.frames == 20:
            shutil.rmtree(folder) if what == "the folder" else (folder / "a.partial.mp4").unlink()

    with pytest.raises(UserError) as failure:
        process(source, folder / "a.mp4", on_progress=remove)
    assert str(folder / "a.") in str(failure.value)
    assert not folder.exists() or list(folder.iterdir()) == []


@pytest.fixture
def powerless(tmp_path: Path) -> Iterator[Path]:
    """A folder that this process may neither read nor write."""
    folder = tmp_path / "closed"
    folder.mkdir()
    write_clip(folder / "in.mp4", steady(3))
    folder.chmod(0o000)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)  # nobody: root may do everything
    yield folder
    if root:
        os.seteuid(0)
    folder.chmod(0o700)


def test_without_permission_it_says_so_before_any_work(powerless: Path) -> None:
    with pytest.raises(SourceError, match="Permission denied"):
        check_file(powerless / "in.mp4")
    for write in (
        lambda: VideoWriter(powerless / "a.mp4", (160, 120), live=True).write(NOISE, 0.0),
        lambda: save_png(powerless / "a.png", NOISE),
        lambda: write_whole(powerless / "a.json", "{}"),
        lambda: make_writers(Exports({"hands": powerless / "a.jsonl"})),
    ):
        with pytest.raises(UserError) as failure:
            write()
        assert "Permission denied" in str(failure.value)
        assert one_line(failure.value)
    end = record(powerless / "a.mp4", RecordingOptions(), lambda frames: None)
    assert end.finished
    assert one_line(end.error)
