"""An off-screen OpenGL context for pictures drawn without a window, and its shaders."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import moderngl

SHADERS = Path(__file__).resolve().parents[2] / "shaders" / "hand"


class NoGraphics(RuntimeError):
    """No OpenGL context could be made; the message says what to install."""


def make_context() -> moderngl.Context:
    """A standalone context on EGL; needs no display and no GPU. It belongs to the thread that asked.

    Errors: NoGraphics.
    """
    try:
        settings: dict[str, Any] = {"backend": "egl"}
        return moderngl.create_context(standalone=True, require=330, **settings)
    except Exception as error:  # moderngl raises bare Exception for every EGL failure
        raise NoGraphics(
            f"rendering needs EGL with OpenGL 3.3, which did not start ({error}); "
            "on Debian or Ubuntu: apt-get install libegl1 libgl1-mesa-dri"
        ) from error


def load_program(context: moderngl.Context, vertex: str, fragment: str) -> moderngl.Program:
    """A program from two files of shaders/hand; lines `#include "name"` are replaced by that file."""
    return context.program(vertex_shader=_source(vertex), fragment_shader=_source(fragment))


def _source(name: str) -> str:
    text = (SHADERS / name).read_text(encoding="utf-8")
    return re.sub(r'#include "([\w.]+)"', lambda match: _source(match.group(1)), text)
