"""The OpenGL context serves the Python that runs it."""

from __future__ import annotations

import ctypes

from app.render.gl.context import Context


def test_names_are_given_on_every_python() -> None:
    """PyOpenGL 3.1.0 did not know what ctypes.byref gives since Python 3.12, and no object could be made."""
    context = Context()
    try:
        from OpenGL.GL import glGenBuffers, glGenTextures
        from OpenGL.plugins import FormatHandler

        assert FormatHandler.match(type(ctypes.byref(ctypes.c_uint()))) is not None
        assert glGenTextures(1) > 0
        assert glGenBuffers(1) > 0
    finally:
        context.close()
