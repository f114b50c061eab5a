"""Which source files a network's exported graph depends on: editing another network exports nothing anew."""

from __future__ import annotations

import ast
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_FOLLOWED = "models.networks."
"""Imports from other rooms are not followed: they load weights and check shapes, but build no layers."""

SCORES_MODULE = "models.networks.encoders.landmark_scores"
"""What is added to a network whose scores ship."""


def graph_sources(*modules: str) -> tuple[Path, ...]:
    """The files of modules, and of those of `models.networks` that they import, directly or not; sorted.

    modules: such as "models.networks.systems.mobrecon". Files are read, not imported. A module that lies
    elsewhere, such as a test's, has none.
    """
    found: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        path = _ROOT.joinpath(*name.split(".")).with_suffix(".py")
        if name in found or not name.startswith(_FOLLOWED) or not path.is_file():
            continue
        found[name] = path
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
    return tuple(sorted(found.values()))
