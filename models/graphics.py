"""What all ways to OpenGL share, none imported here: the text of shaders, and the error where none starts."""

from __future__ import annotations

import re
import sys
from pathlib import Path

SHADERS = Path(__file__).resolve().parents[1] / "shaders"
_INCLUDE = re.compile(r'^#include "([\w.]+)"$', re.MULTILINE)


class NoGraphics(RuntimeError):
    """OpenGL could not be started. The message says why, and what to install."""


def read_shader(path: Path) -> str:
    """The text of a shader, each line `#include "NAME"` replaced by that file of the same folder.

    Raises OSError for a file that can't be read.
    """
    text = path.read_text(encoding="utf-8")
    return _INCLUDE.sub(lambda found: read_shader(path.with_name(found[1])), text)


def keep_triton_out() -> None:
    """Call before OpenGL starts: importing Triton after Mesa's software renderer crashes the process.

    It comes with PyTorch's CUDA wheels; both carry an LLVM. PyTorch does without, but for `torch.compile`.
    """
    sys.modules.setdefault("triton", None)  # type: ignore[arg-type]  # to import it fails
