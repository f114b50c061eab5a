"""`process` on every awkward file: each frame drawn, each time kept, the output whole or not there."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from app.capture import open_file
from app.capture.images import read_image
from app.errors import UserError
from app.export.formats.joints_csv import JointsCsvWriter
from app.offline.video import Progress, Report, process_file
from app.session import Settings
from models.prefetch import Prefetch
from tests.app.clips import numbered_picture, steady, video_duration_s, video_times_s, write_clip
from tests.app.fakes import Behind, FakeCompositor, FakePipeline
from tests.paths import ROOT

VFR_MS = [0, 15, 100, 130, 500, 520, 900]


def process(source: Path, out: Path, **options: object) -> Report:
    """Process with fake parts: every picture becomes its negative, every frame holds one hand."""
    parts = {"make_pipeline": lambda config: FakePipeline(), "make_compositor": FakeCompositor} | options
    return process_file(open_file(source), out, Settings(), **parts)


@pytest.mark.parametrize(
    ("times_ms", "options"),
    [
        (steady(30), {}),
        (steady(30, 59.94), {"size_wh": (128, 96)}),
        (steady(12, 12.5), {"rotation": 90}),
        (steady(10), {"pix_fmt": "gray"}),
        (steady(10), {"pix_fmt": "yuv444p", "size_wh": (65, 49)}),
        (steady(10), {"aspect": Fraction(16, 11)}),
        (VFR_MS, {}),
        ([0], {}),
    ],
    ids=[
        "plain",
        "other rate and size",
        "portrait",
        "grey",
        "4:4:4 odd",
        "wide pixels",
        "variable",
        "one frame",
    ],
)
def test_every_kind_of_video_keeps_its_frames_and_length(
    tmp_path: Path, times_ms: list[int], options: dict
) -> None:
    source = write_clip(tmp_path / "in.mp4", times_ms, **options)
    out = tmp_path / "out" / "out.mp4"
    report = process(source, out)
    assert report.frames == report.frames_with_hand == len(times_ms)
    assert video_times_s(out) == pytest.approx([t / 1000 for t in times_ms], abs=2e-3)
    assert video_duration_s(out) == pytest.approx(video_duration_s(source), abs=0.1)
    assert [file.name for file in out.parent.iterdir()] == ["out.mp4"]


def test_the_picture_is_drawn_upright_and_mirrored_where_asked(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", steady(3))
    for mirror, red in ((False, (16, 24)), (True, (16, 72))):
        process(source, tmp_path / "out.mp4", mirror=mirror)
        with av.open(str(tmp_path / "out.mp4")) as container:
            image_rgb = next(container.decode(video=0)).to_ndarray(format="rgb24")
        assert np.abs(image_rgb[red].astype(int) - (55, 225, 225)).max() < 15  # the negative of red


@pytest.mark.fault
def test_a_truncated_video_is_processed_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "whole.mp4", steady(300), faststart=True).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) * 2 // 3])
    report = process(tmp_path / "cut.mp4", tmp_path / "out.mp4")
    assert report.frames == len(video_times_s(tmp_path / "out.mp4")) > 60
    assert len(report.notes) == 1
    assert "cut short" in report.notes[0]


def test_an_image_becomes_a_short_video(tmp_path: Path) -> None:
    picture = cv2.imencode(".png", numbered_picture(0, 33, 21))[1]
    (tmp_path / "a.png").write_bytes(picture.tobytes())
    assert process(tmp_path / "a.png", tmp_path / "out.mp4").frames == 1
    assert video_duration_s(tmp_path / "out.mp4") == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("ending", [".png", ".jpg"])
def test_an_image_becomes_an_image_of_its_own_size(tmp_path: Path, ending: str) -> None:
    """Odd sizes too, which video can't have."""
    (tmp_path / "a.png").write_bytes(cv2.imencode(".png", numbered_picture(0, 33, 21))[1].tobytes())
    out = tmp_path / f"out{ending}"
    assert process(tmp_path / "a.png", out).frames == 1
    difference = read_image(out).astype(int) - (255 - read_image(tmp_path / "a.png"))  # drawn: its negative
    assert np.abs(difference).mean() < (0.01 if ending == ".png" else 12)
    assert {file.name for file in tmp_path.iterdir()} == {"a.png", out.name}


def test_a_video_does_not_become_an_image(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.mp4", steady(2))
    with pytest.raises(UserError, match=r"must end in .mp4"):
        process(tmp_path / "a.mp4", tmp_path / "out.png")


def test_the_joints_table_has_a_row_for_every_hand(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", VFR_MS)
    process(source, tmp_path / "out.mp4", writers=[JointsCsvWriter(tmp_path / "joints.csv")])
    with (tmp_path / "joints.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(VFR_MS)
    assert len(rows[0]) == 3 + 21 * 5
    assert [float(row["time_s"]) for row in rows] == pytest.approx([t / 1000 for t in VFR_MS], abs=1e-3)
    first = rows[0]
    assert (first["hand"], first["side"], first["wrist_x_px"]) == ("0", "right", "9.0")
    assert first["little_tip_z_m"] == "0.5"


def test_progress_and_figures(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", steady(20))
    seen: list[Progress] = []
    report = process(source, tmp_path / "out.mp4", on_progress=seen.append)
    assert [progress.frames for progress in seen] == list(range(1, 21))
    assert seen[-1].expected_frames == 20
    summary = report.summary()
    assert set(summary) == {"frames", "frames_with_hand", "fps", "stages_ms"}
    assert {"network", "draw", "encode"} <= set(summary["stages_ms"])
    assert set(summary["stages_ms"]["draw"]) == {"median", "p95"}


def test_the_source_is_never_overwritten(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", steady(3))
    before = source.read_bytes()
    (tmp_path / "link.mp4").symlink_to(source)
    for out in (source, tmp_path / "link.mp4", tmp_path / "." / "in.mp4"):
        with pytest.raises(UserError, match="is the source itself"):
            process(source, out)
    assert source.read_bytes() == before


@pytest.mark.fault
@pytest.mark.parametrize("stage", ["pipeline", "compositor"])
def test_a_fault_leaves_nothing_half_written_and_no_thread(tmp_path: Path, stage: str) -> None:
    source = write_clip(tmp_path / "in.mp4", steady(30))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "out.mp4").write_bytes(b"of before")

    class Broken(FakeCompositor):
        def compose(self, *arguments: object) -> np.ndarray:
            raise RuntimeError("a fault on purpose")

    broken = {
        "pipeline": {"make_pipeline": lambda config: FakePipeline(fail_on=frozenset({9}))},
        "compositor": {"make_compositor": Broken},
    }
    before = set(threading.enumerate())
    with pytest.raises(RuntimeError, match="on purpose"):
        process(source, tmp_path / "out" / "out.mp4", **broken[stage])
    assert set(threading.enumerate()) <= before
    assert (tmp_path / "out" / "out.mp4").read_bytes() == b"of before"
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_everything_of_the_graphics_stays_on_one_thread(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", steady(10))
    compositor = FakeCompositor()
    process(source, tmp_path / "out.mp4", make_compositor=lambda: compositor)
    assert compositor.closed
    assert len(compositor.threads) == 1


def test_stages_overlap(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", steady(20))
    pipeline = FakePipeline()
    parts = {
        "make_pipeline": lambda config: pipeline,
        "make_compositor": lambda: Behind(pipeline=pipeline, frames=20),
    }
    assert process(source, tmp_path / "out.mp4", **parts).frames == 20


@pytest.mark.fault
def test_killed_half_way_what_was_done_plays(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", steady(900))
    code = (
        "import sys\nfrom pathlib import Path\nfrom tests.app.test_offline import process\n"
        "from tests.app.fakes import FakePipeline\n"
        "process(Path(sys.argv[1]), Path(sys.argv[2]), on_progress=lambda p: print(p.frames, flush=True),\n"
        "        make_pipeline=lambda config: FakePipeline(delay_s=0.005))\n"
    )
    command = [sys.executable, "-c", code, str(source), str(tmp_path / "out.mp4")]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    while int(child.stdout.readline()) < 200:
        pass
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert not (tmp_path / "out.mp4").exists()
    assert len(video_times_s(tmp_path / "out.partial.mp4")) > 100


def test_prefetching_keeps_order_raises_and_closes_on_its_own_thread() -> None:
    threads: set[int] = set()

    def numbers(count: int) -> Generator[int]:
        try:
            for number in range(count):
                threads.add(threading.get_ident())
                yield number
            raise ValueError("the end")
        finally:
            threads.add(threading.get_ident())

    seen: list[int] = []
    with pytest.raises(ValueError, match="the end"):
        seen.extend(Prefetch(numbers(30)))
    assert seen == list(range(30))
    with closing(Prefetch(numbers(10**9))) as items:
        assert next(items) == 0
        time.sleep(0.01)
    assert threading.get_ident() not in threads
    assert len(threads) <= 2
