"""An off-screen OpenGL context for pictures drawn without a window, and its shaders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import moderngl

from models.graphics import SHADERS, NoGraphics, keep_triton_out, read_shader


def make_context() -> moderngl.Context:
    """A standalone context on EGL; needs no display and no GPU. It belongs to the thread that asked.

    Errors: NoGraphics.
    """
    keep_triton_out()
    try:
        settings: dict[str, Any] = {"backend": "egl"}
        return moderngl.create_context(standalone=True, require=330, **settings)
    except Exception as error:  # moderngl raises bare Exception for every EGL failure
        raise NoGraphics(
            f"rendering needs EGL with OpenGL 3.3, which did not start ({error}); "
            "on Debian or Ubuntu: apt-get install libegl1 libgl1-mesa-dri"
        ) from error


def load_program(
    context: moderngl.Context,
    vertex: str,
    fragment: str,
    folder: str = "hand",
    constants: Mapping[str, int] | None = None,
) -> moderngl.Program:
    """A program from two files of a folder of shaders; lines `#include "name"` are replaced by that file.

    constants: integers that both files may use by name.
    """
    lines = "".join(f"const int {name} = {value};\n" for name, value in (constants or {}).items())

    def source(name: str) -> str:
        return read_shader(SHADERS / folder / name).replace("#version 330\n", f"#version 330\n{lines}", 1)

    return context.program(vertex_shader=source(vertex), fragment_shader=source(fragment))
