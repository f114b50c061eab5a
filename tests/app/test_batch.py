"""`process` over many files: each once, failures apart, and on again after a stop."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.cli import main
from app.errors import UserError
from app.export import Exports
from app.offline.batch import Job, plan
from tests.app.clips import steady, write_clip
from tests.app.commands.command_help import failing_line


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two clips, one of them twice by name, a broken one, and what is no video."""
    videos = tmp_path / "videos"
    videos.mkdir()
    write_clip(videos / "a.mp4", steady(3))
    write_clip(videos / "a.mov", steady(3))
    write_clip(videos / "b.mp4", steady(2))
    (videos / "broken.mp4").write_text("words\n" * 50)
    (videos / "notes.doc").write_text("not a video")
    return videos


def test_photos_stay_photos(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Those of a folder without videos, and those of a list; a video named as a photo is none."""
    photos, out = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    picture = np.zeros((33, 21, 3), np.uint8)
    for name in ("a.jpg", "b.png"):
        cv2.imwrite(str(photos / name), picture)
    write_clip(tmp_path / "moving.mp4", steady(2))
    (photos / "moving.jpg").write_bytes((tmp_path / "moving.mp4").read_bytes())
    assert main(["process", str(photos), "--out", str(out), "--effect", "none", "--also", "hands"]) == 0
    written = {file.name for file in out.iterdir() if file.suffix != ".jsonl"}
    assert written == {"a.jpg", "b.png", "moving.mp4"}
    assert cv2.imread(str(out / "b.png")).shape == picture.shape
    write_clip(photos / "c.mp4", steady(2))
    assert [job.out.name for job in plan(photos, out, (), {})] == ["c.mp4"]
    (tmp_path / "list.txt").write_text("photos/a.jpg\nphotos/c.mp4\n")
    assert [job.out.name for job in plan(tmp_path / "list.txt", out, (), {})] == ["a.jpg", "c.mp4"]


def test_a_folder_is_gone_through_and_gone_on_with(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    command = [
        "process",
        str(folder),
        "--out",
        str(out),
        "--effect",
        "none",
        "--also",
        "joints,hands",
        "--json",
    ]
    assert main(command) == 2  # one file is broken
    lines = capsys.readouterr().out.splitlines()
    files = {Path(f["source"]).name: f for f in json.loads(lines[-1])["files"]}
    assert {name: f["state"] for name, f in files.items()} == {
        "a.mov": "done",
        "a.mp4": "done",
        "b.mp4": "done",
        "broken.mp4": "failed",
    }
    assert files["a.mp4"]["frames"] == 3
    assert "not a readable video" in files["broken.mp4"]["error"]
    assert sum("a.mp4" in line for line in lines[:-1]) == 1  # the table for people
    names = sorted(p.name for p in out.iterdir())
    assert names == sorted(f"{n}{s}" for n in ("a", "a_mp4", "b") for s in (".mp4", ".csv", ".jsonl"))

    (folder / "broken.mp4").unlink()
    (out / "b.csv").unlink()  # as if it had been stopped
    write_clip(folder / "c.mp4", steady(2))
    assert main(command) == 0
    files = {Path(f["source"]).name: f for f in json.loads(capsys.readouterr().out.splitlines()[-1])["files"]}
    assert {name: f["state"] for name, f in files.items()} == {
        "a.mov": "skipped",
        "a.mp4": "skipped",
        "b.mp4": "done",
        "c.mp4": "done",
    }


def test_a_source_that_changed_is_done_again(tmp_path: Path) -> None:
    source, out = write_clip(tmp_path / "a.mp4", steady(2)), tmp_path / "out.mp4"
    out.touch()
    os.utime(source, (1, 1))
    assert Job(source, out, Exports()).done
    os.utime(source, (out.stat().st_mtime + 5,) * 2)
    assert not Job(source, out, Exports()).done
    assert not Job(source, tmp_path / "none.mp4", Exports()).done


def test_a_list_names_files_from_its_own_folder(folder: Path, tmp_path: Path) -> None:
    (folder / "list.txt").write_text("# mine\nb.mp4\n\n a.mp4 \nb.mp4\n")
    jobs = plan(folder / "list.txt", tmp_path / "out", ["gltf"], {})
    assert [job.source.name for job in jobs] == ["b.mp4", "a.mp4", "b.mp4"]
    assert [job.out.name for job in jobs] == ["b.mp4", "a.mp4", "b_mp4.mp4"]
    assert jobs[0].exports.files["gltf"] == tmp_path / "out" / "b.glb"


def test_what_cannot_be_is_said_in_one_line(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00" * 9)
    out = tmp_path / "out"
    table = {
        "holds no video": (tmp_path / "empty", "--out", out),
        "is a folder too": (folder, "--out", tmp_path / "out.mp4"),
        "can't be read as a list": (tmp_path / "binary.txt", "--out", out),
        "choose another folder": (folder, "--out", folder),
        "--also joints,gltf": (folder, "--out", out, "--joints", "j.csv"),
        "--also": (folder, "--out", out, "--also", "nonsense"),
    }
    for expected, arguments in table.items():
        assert expected in failing_line(capsys, "process", *arguments)
    (tmp_path / "huge.txt").write_bytes(b"a\n" * (1 << 20))
    with pytest.raises(UserError, match="too large"):
        plan(tmp_path / "huge.txt", out, [], {})
    (tmp_path / "null.txt").write_bytes(b"a.mp4\nb\0.mp4\n")
    with pytest.raises(UserError, match="not a list of files"):
        plan(tmp_path / "null.txt", out, (), {})
