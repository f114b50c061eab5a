"""`process` over a folder or a list of videos or photos. What is done is left alone: stop it, go on later."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from app.capture.content import content_of
from app.capture.images import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from app.errors import UserError
from app.export import Exports, export_formats
from app.export.entry import Options
from app.offline.video import Report
from models.whole_file import draft_of

T = TypeVar("T")
_MAX_LIST_BYTES = 1 << 20
_MOST_SHARDS = 100_000
_IN_FOLDERS = re.compile(r"frame_\d{6,}_hand\d+\.(ply|obj)|hand\d+(_left)?\.bvh")
"""Names of the files that exports write into folders."""


@dataclass(frozen=True)
class Job:
    """One video."""

    source: Path
    out: Path
    exports: Exports

    @property
    def done(self) -> bool:
        """Whether everything is there, and not older than the source. The video appears last."""
        files = [self.out, *self.exports.files.values()]
        try:
            return min(f.stat().st_mtime for f in files) >= self.source.stat().st_mtime
        except OSError:
            return False

    def clear_former(self) -> None:
        """Make room for exports that are folders, where an earlier try ended before its video was there."""
        for path in self.exports.files.values():
            with suppress(OSError):
                if path.is_dir() and all(_IN_FOLDERS.fullmatch(file.name) for file in path.iterdir()):
                    shutil.rmtree(path)

    def clear_drafts(self) -> None:
        """Remove what a process that was killed has left half written. None may be at work on it."""
        for path in (self.out, *self.exports.files.values()):
            with suppress(OSError):
                draft_of(path).unlink(missing_ok=True)
            shutil.rmtree(path.with_name(f"{path.name}.partial"), ignore_errors=True)


@dataclass(frozen=True)
class Outcome:
    """What became of one video."""

    job: Job
    report: Report | None = None  # None: done before, or failed
    error: str = ""

    @property
    def state(self) -> str:
        """done, skipped (it was done before) or failed."""
        return "failed" if self.error else "done" if self.report else "skipped"

    def as_json(self) -> dict[str, object]:
        """One object of the summary."""
        figures = self.report.summary() if self.report else {}
        error = {"error": self.error} if self.error else {}
        return {
            "source": str(self.job.source),
            "out": str(self.job.out),
            "state": self.state,
            **error,
            **figures,
        }


def is_batch(source: str) -> bool:
    """Whether a source is a folder or a list of files (.txt)."""
    path = Path(source)
    try:
        return path.is_dir() or (path.suffix.lower() == ".txt" and path.is_file())
    except OSError:
        return False


def files_beside(video: Path, also: Sequence[str]) -> dict[str, Path]:
    """Where the exports named by `--also` go, beside a video that is written, by format."""
    known = export_formats()
    return {name: video.with_name(f"{video.stem}{known[name].ending}") for name in also}


def plan(source: Path, out: Path, also: Sequence[str], options: Options) -> list[Job]:
    """The videos of a folder, or those that a list names, one a line, relative to the list's folder.

    Photos stay photos: those of a folder without videos, and those that a list names.
    also: names of export formats. options: of those formats. Raises UserError.
    """
    videos = _listed(source) if source.is_file() else _found(source)
    if not videos:
        raise UserError(f"{source} holds no video or photo; give a folder of some, or a .txt that lists them")
    if out.suffix or (out.exists() and not out.is_dir()):
        raise UserError(f"{out}: for a folder of videos, --out is a folder too")
    jobs, taken = [], set[str]()
    for video in videos:
        name = video.stem
        if name in taken:  # a.mp4 beside a.mov
            name = f"{video.stem}_{video.suffix[1:]}"
        number = 2
        while name in taken:
            name, number = f"{video.stem}_{number}", number + 1
        taken.add(name)
        target = out / f"{name}{_ending(video)}"
        jobs.append(Job(video, target, Exports(files_beside(target, also), options)))
    if any(job.out.resolve() == job.source.resolve() for job in jobs):
        raise UserError(f"{out} is where the videos are; choose another folder for --out")
    return jobs


def parse_shard(text: str) -> tuple[int, int]:
    """K/N: the K-th of N parts, K from 1. Raises ValueError."""
    part, slash, parts = text.partition("/")
    if not (
        slash and part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts) <= _MOST_SHARDS
    ):
        raise ValueError(f"expected K/N such as 3/16, K from 1 to N, got {text!r}")
    return int(part), int(parts)


def shard_of(jobs: Sequence[T], shard: tuple[int, int]) -> list[T]:
    """Every N-th job from the K-th on: N machines that share a disk do all of them, each one once."""
    part, parts = shard
    return list(jobs[part - 1 :: parts])


def _ending(source: Path) -> str:
    """Of what is made of it: a photo becomes a picture as sharp as it was, all else a video."""
    try:
        still = source.suffix.lower() in IMAGE_SUFFIXES and content_of(source) in ("picture", "HEIF", "AVIF")
    except (OSError, UserError):
        return ".mp4"  # it is said why, when its turn comes
    if not still:
        return ".mp4"
    return ".jpg" if source.suffix.lower() in (".jpg", ".jpeg") else ".png"


def _found(folder: Path) -> list[Path]:
    try:
        inside = list(folder.iterdir())
        files = [file for file in inside if file.suffix.lower() in VIDEO_SUFFIXES]
        files = files or [file for file in inside if file.suffix.lower() in IMAGE_SUFFIXES]
    except OSError as error:
        raise UserError(f"{folder} can't be read ({error.strerror})") from error
    return sorted(file for file in files if ".partial" not in file.suffixes)


def _listed(path: Path) -> list[Path]:
    try:
        if path.stat().st_size > _MAX_LIST_BYTES:
            raise UserError(f"{path} is too large for a list of files")
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} can't be read as a list of files, one a line ({error})") from error
    if "\0" in text:  # no file's name has it, and it ends names early where C reads them
        raise UserError(f"{path} is not a list of files, one a line; it holds bytes that no name has")
    lines = text.splitlines()
    return [path.parent / line.strip() for line in lines if line.strip() and not line.startswith("#")]


def table(outcomes: Sequence[Outcome]) -> str:
    """The summary, a line a video."""
    rows = [("video", "state", "frames", "with a hand", "frames/s")]
    for o in outcomes:
        r = o.report
        figures = (str(r.frames), str(r.frames_with_hand), f"{r.fps:.1f}") if r else ("", "", "")
        rows.append((o.job.source.name, o.state, *figures))
    widths = [max(len(row[i]) for row in rows) for i in range(5)]

    def line(row: tuple[str, ...]) -> str:
        left = f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}"
        return "  ".join([left, *(f"{row[i]:>{widths[i]}}" for i in (2, 3, 4))]).rstrip()

    errors = [f"{o.job.source.name}: {o.error}" for o in outcomes if o.error]
    return "\n".join([*map(line, rows), *errors])
