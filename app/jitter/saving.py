"""A jitter report as files: jitter.json, jitter.csv and jitter.png in one folder."""

from __future__ import annotations

import json
from pathlib import Path

from app.errors import UserError
from app.jitter.figure import write_png
from app.jitter.report import JitterReport, write_csv


def prepare_folder(folder: Path) -> None:
    """Make sure that a report can be saved there. Raises UserError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "jitter.json").open("ab"):
            pass
    except OSError as error:
        raise _unwritable(folder, error) from error


def save_report(report: JitterReport, folder: Path) -> list[str]:
    """jitter.json, jitter.csv and jitter.png in a folder; the names written. Raises UserError."""
    prepare_folder(folder)
    written = ["jitter.json", "jitter.csv", "jitter.png"]
    try:
        text = json.dumps(report.summary(), indent=1) + "\n"
        (folder / written[0]).write_text(text, encoding="utf-8")
        write_csv(report, folder / written[1])
        write_png(report, folder / written[2])
    except ModuleNotFoundError:  # matplotlib comes with mediapipe, unless left out
        written.pop()
    except OSError as error:
        raise _unwritable(folder, error) from error
    return written


def _unwritable(folder: Path, error: OSError) -> UserError:
    return UserError(f"{folder} can't be written ({error.strerror}); give a folder you may write to")
