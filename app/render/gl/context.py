"""An OpenGL context without a window, or one clear line why there is none.

A context belongs to the thread that opened it. Tested: Linux with EGL (Mesa's software renderer included). On
Windows and macOS pyrender opens a hidden pyglet window instead; that path has not been run.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any

from models.graphics import NoGraphics, keep_triton_out
from models.inference.mediapipe.native_stderr import native_stderr_closed

DEBIAN_PACKAGES = "libegl1 libgl1-mesa-dri libgles2"


def choose_platform() -> None:
    """Tell PyOpenGL how to reach OpenGL. Entry points call this before anything imports pyrender."""
    if sys.platform.startswith("linux"):
        os.environ.setdefault("PYOPENGL_PLATFORM", "egl")


class Context:
    """A current OpenGL context. Raises NoGraphics where there is none."""

    def __init__(self) -> None:
        try:
            with native_stderr_closed():  # Mesa's warnings are not for users; what failed is raised
                self._platform = _open_platform()
            from OpenGL.GL import GL_RENDERER, GL_VERSION, glGetString

            name, version = glGetString(GL_RENDERER), glGetString(GL_VERSION)
        except _failures() as error:
            raise NoGraphics(_advice(error)) from error
        if not name or not version:
            raise NoGraphics(_advice("no context became current"))
        self.description = f"{name.decode()}, OpenGL {version.decode()}"

    def make_current(self) -> None:
        """Direct this thread's OpenGL calls here; another context may have been used in between."""
        self._platform.make_current()

    def close(self) -> None:
        """Free the context. Twice is harmless."""
        if self._platform is not None:
            self._platform.delete_context()
            self._platform = None


def is_graphics_fault(error: Exception) -> bool:
    """Whether an error of a drawing call means that the context is lost: it must be made anew."""
    try:
        from OpenGL.error import Error
    except (ImportError, AttributeError, TypeError):
        return False
    return isinstance(error, Error)


def _accept_byref() -> None:
    """Python 3.12 gave the type of `ctypes.byref` another name than PyOpenGL 3.1.0, pyrender's, looks for."""
    from OpenGL.plugins import FormatHandler

    if FormatHandler.match(type(ctypes.byref(ctypes.c_int()))) is None:
        handler = "OpenGL.arrays.ctypesparameters.CtypesParameterHandler"
        FormatHandler("ctypesparameter", handler, ["_ctypes.CArgObject"])


def _open_platform() -> Any:
    _accept_byref()
    keep_triton_out()
    if sys.platform.startswith("linux"):
        from pyrender.platforms import egl

        class SharedDisplayPlatform(egl.EGLPlatform):
            """pyrender terminates the display on closing, which kills every other context of the process."""

            def delete_context(self) -> None:
                none = egl.egl.EGL_NO_SURFACE
                egl.egl.eglMakeCurrent(self._egl_display, none, none, egl.egl.EGL_NO_CONTEXT)
                egl.egl.eglDestroyContext(self._egl_display, self._egl_context)

        platform = SharedDisplayPlatform(64, 64)
    else:
        from pyrender.platforms.pyglet_platform import PygletPlatform

        platform = PygletPlatform(64, 64)
    platform.init_context()
    platform.make_current()
    return platform


def _failures() -> tuple[type[Exception], ...]:
    """What PyOpenGL and pyrender raise where libraries, drivers or devices are missing."""
    kinds: list[type[Exception]] = [
        ImportError, OSError, AttributeError, TypeError, ValueError, AssertionError, RuntimeError, IndexError
    ]  # fmt: skip
    try:
        from OpenGL.error import Error
    except (ImportError, AttributeError, TypeError):
        return tuple(kinds)
    return (*kinds, Error)


def _advice(reason: object) -> str:
    failed = getattr(reason, "baseOperation", None)  # PyOpenGL's errors print a page
    if isinstance(reason, IndexError):
        why = "no EGL device"
    elif failed is not None:
        why = f"{getattr(failed, '__name__', failed)} failed"
    else:
        why = str(reason) or type(reason).__name__
    if not sys.platform.startswith("linux"):
        return f"no OpenGL ({why}); update the graphics driver and use pyglet < 2"
    chosen = os.environ.get("PYOPENGL_PLATFORM")
    if chosen != "egl":
        return f"no OpenGL: PYOPENGL_PLATFORM is {chosen!r}, set it to egl before the program starts"
    return f"no OpenGL ({why}); install Mesa: apt-get install {DEBIAN_PACKAGES}"
