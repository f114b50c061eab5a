"""Palmistry's entry point: prepares the process, then hands over to the command line."""

from __future__ import annotations

import os
import signal
import sys

from app.memory import limit_malloc_arenas
from models.inference.mediapipe.native_stderr import keep_python_stderr


def _end(number: int, _frame: object) -> None:
    raise KeyboardInterrupt(number)


def prepare_process() -> None:
    """What must be set before cv2, OpenGL or Qt are first imported."""
    limit_malloc_arenas()
    keep_python_stderr()
    signal.signal(signal.SIGTERM, _end)  # being told to end is to tidy up, as Ctrl+C is
    # A camera that has been unplugged is noticed after this many seconds instead of ten.
    os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "2")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "FATAL")  # what fails is said in our own words
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # ONNX Runtime would tell its makers of its use
    # OpenVINO would tell its makers of every start; without this package it keeps quiet.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    from app.render.gl.context import choose_platform

    choose_platform()
    import cv2  # noqa: F401  # points Qt at plugins of its own as it is imported …

    os.environ.pop("QT_QPA_PLATFORM_PLUGIN_PATH", None)  # … which PyQt6 can't use


def run() -> int:
    """Run the command line; the exit status."""
    try:
        prepare_process()
        from app.cli import main
    except ModuleNotFoundError as error:
        print(f"palmistry: {error.name} is not installed; start with `make run`", file=sys.stderr)
        return 2
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(run())
