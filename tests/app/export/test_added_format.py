"""An export format is one file: put beside the others, the command line, --also and the batch know it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import main
from app.export import Exports, export_formats, formats, make_writers
from tests.app.clips import steady, write_clip
from tests.app.commands.command_help import failing_line
from tests.app.export import toy_format

TOY_MODULE = f"{formats.__name__}.toy"


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The toy format's one file lies among the formats."""
    (tmp_path / "code").mkdir()
    shutil.copy(toy_format.__file__, tmp_path / "code" / "toy.py")
    monkeypatch.setattr(formats, "__path__", [*formats.__path__, str(tmp_path / "code")])
    yield
    sys.modules.pop(TOY_MODULE, None)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return write_clip(tmp_path / "in" / "a.mp4", steady(3))


def run(*arguments: object) -> int:
    return main(["process", *map(str, arguments), "--effect", "none", "--json"])


def test_its_flag_and_its_option_write_it(toy: None, clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / "a.mp4"
    assert run(clip, "--out", out, "--toy", tmp_path / "b.toy", "--toy-mark", " ") == 0
    assert (tmp_path / "b.toy").read_text() == "0 0\n1 0\n2 0\n"


def test_also_writes_it_beside_a_video(toy: None, clip: Path, tmp_path: Path) -> None:
    assert run(clip, "--out", tmp_path / "out" / "a.mp4", "--also", "toy") == 0
    assert (tmp_path / "out" / "a.toy").read_text() == "0:0\n1:0\n2:0\n"


def test_a_batch_writes_it_beside_every_video_and_misses_it(
    toy: None, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = (clip.parent, "--out", tmp_path / "out", "--also", "toy", "--toy-mark", "=")
    assert run(*command) == 0
    assert (tmp_path / "out" / "a.toy").read_text() == "0=0\n1=0\n2=0\n"
    for expected in ("skipped", "done"):  # … where it was deleted
        capsys.readouterr()
        assert run(*command) == 0
        (job,) = json.loads(capsys.readouterr().out.splitlines()[-1])["files"]
        assert job["state"] == expected
        (tmp_path / "out" / "a.toy").unlink()


def test_help_names_it(toy: None, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["process", "--help"])
    said = capsys.readouterr().out
    assert "--toy FILE.toy" in said
    assert "between the two, for --toy" in said


def test_without_its_file_it_is_unknown(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = failing_line(capsys, "process", clip, "--out", tmp_path / "a.mp4", "--also", "toy")
    assert "got 'toy'" in line
    assert "toy" not in export_formats()


def test_one_that_cannot_be_written_leaves_none_of_the_others(toy: None, tmp_path: Path) -> None:
    exports = Exports({"hands": tmp_path / "a.jsonl", "toy": tmp_path / "a.wrong"})
    with pytest.raises(Exception, match="must end in"):
        make_writers(exports)
    assert list(tmp_path.glob("*.*")) == []
