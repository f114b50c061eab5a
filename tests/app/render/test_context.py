"""The OpenGL context serves the Python that runs it."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

from app.render.gl.context import Context
from tests.paths import ROOT


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


def test_triton_is_not_loaded_beside_mesa(tmp_path: Path) -> None:
    """Imported after Mesa's software renderer, the one of PyTorch's CUDA wheels ends the process."""
    (tmp_path / "triton").mkdir()
    (tmp_path / "triton" / "__init__.py").write_text("import os\nos.abort()\n")
    code = (
        "from app.render.gl.context import Context, choose_platform\n"
        "choose_platform()\n"
        "context = Context()\n"
        "import torch._dynamo\n"
        "context.close()\n"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True, timeout=1200)
