"""`--shard K/N`: the parts are apart and together they are all."""

from pathlib import Path

import pytest

from app.offline.batch import parse_shard, plan, shard_of
from tests.app.commands.command_help import failing_line


@pytest.mark.parametrize("parts", [1, 3, 16])
def test_shards_are_all_of_it_once(tmp_path: Path, parts: int) -> None:
    for k in range(10):
        (tmp_path / f"{k}.mp4").touch()
    jobs = plan(tmp_path, tmp_path / "out", (), {})
    shards = [shard_of(jobs, (k, parts)) for k in range(1, parts + 1)]
    assert sorted(job.source for shard in shards for job in shard) == [job.source for job in jobs]
    assert max(map(len, shards)) - min(map(len, shards)) <= 1


@pytest.mark.parametrize("text", ["", "3", "0/4", "5/4", "-1/4", "a/b", "1/0", "1/9999999"])
def test_bad_shards(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    with pytest.raises(ValueError, match="expected K/N"):
        parse_shard(text)
    line = failing_line(capsys, "process", tmp_path, "--out", tmp_path / "o", f"--shard={text}")
    assert "expected K/N" in line


def test_a_single_video_has_no_shards(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = failing_line(capsys, "process", "demo", "--out", tmp_path / "o.mp4", "--shard", "1/2")
    assert "folder" in line
