"""Rooms that can be overlooked: no folder with more than 20 files side by side, no file over 300 lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.paths import ROOT

MOST_FILES, MOST_LINES = 20, 300
CODE = {".py", ".sh", ".glsl", ".vert", ".frag", ".md"}
ROOMS = ("app", "models", "tools", "tests", "shaders", "docs")


def files() -> list[Path]:
    """Every file of ours that a person reads; tables of figures and package markers aside."""
    every = [path for room in ROOMS for path in (ROOT / room).rglob("*") if path.suffix in CODE]
    return [path for path in every if path.name != "__init__.py" and path.is_file()]


def test_no_folder_holds_more_files_than_can_be_overlooked() -> None:
    rooms: dict[str, int] = {}
    for path in files():
        room = path.parent.relative_to(ROOT).as_posix()
        rooms[room] = rooms.get(room, 0) + 1
    assert len(rooms) > 30
    assert {room: count for room, count in rooms.items() if count > MOST_FILES} == {}


@pytest.mark.parametrize("room", ROOMS)
def test_no_file_is_longer_than_one_idea(room: str) -> None:
    own = [path for path in files() if path.is_relative_to(ROOT / room)]
    lines = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8").count("\n") for path in own}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}
