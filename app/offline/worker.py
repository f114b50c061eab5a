"""A process on some machine of a cluster, made ready to do what `process` does."""

from __future__ import annotations

import os
import sys

from app.memory import limit_malloc_arenas
from app.offline.cores import take_cores


def prepare_worker(cores: int) -> None:
    """What must be set before OpenGL is first imported, and which cores this process keeps to."""
    limit_malloc_arenas()
    take_cores(cores)
    os.environ.setdefault("OPENCV_LOG_LEVEL", "FATAL")
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    from app.render.gl.context import choose_platform

    choose_platform()
    from models.inference.runtime import fix_engine

    fix_engine("openvino")  # whichever is faster on this machine, another's files would not be the same
