"""What the documents name exists: linked files, headings, modules, commands, flags, make targets, paths."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path

import pytest

from app.cli import build_parser
from app.effects import effect_names
from tests.paths import ROOT

PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "assets" / "weights").glob("*.md")]
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
SPAN = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def spans(page: Path) -> list[str]:
    """The page's code: what stands between backticks, and the lines of its blocks."""
    text = page.read_text("utf-8")
    blocks = [line for block in BLOCK.findall(text) for line in block.splitlines()]
    inline = SPAN.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return [" ".join(span.split()) for span in [*inline, *blocks]]


def anchors(page: Path) -> set[str]:
    """The page's headings, as a host turns them into anchors."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text("utf-8")):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@each_page
def test_modules_and_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for span in spans(page):
        for module in re.findall(r"python -m ((?:tools|tests|app|models)[\w.]*)", span):
            assert importlib.util.find_spec(module) is not None, span
        if match := re.match(r"make ([\w-]+)", span):
            assert match[1] in targets, span


@each_page
def test_paths_exist(page: Path) -> None:
    rooms = r"(?:app|models|tools|tests|assets|shaders|docs)"
    for span in spans(page):
        if re.fullmatch(rf"{rooms}/[\w./-]*", span) and "NAME" not in span:
            assert (ROOT / span).exists(), span


@each_page
def test_command_lines_are_understood(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser is given each whole line of a block; of a command in the text, its name is looked up."""
    monkeypatch.chdir(ROOT)
    parser, known = build_parser(), commands()
    for span in spans(page):
        if not (match := re.search(r"\bmain\.py ([a-z]\w+)(.*)", span)):
            continue
        assert match[1] in known, span
        if span.startswith((".venv/bin/python main.py", ".venv/bin/torchrun")):
            parser.parse_args([match[1], *shlex.split(match[2], comments=True)])


def commands() -> set[str]:
    """The names of the commands."""
    return {name for action in build_parser()._actions if action.choices for name in action.choices}


def test_the_readme_names_every_command_and_every_effect() -> None:
    rows = set(re.findall(r"^\| `([a-z_0-9]+)", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE))
    assert commands() <= rows
    assert set(effect_names()) - {"none", "ring"} <= rows
