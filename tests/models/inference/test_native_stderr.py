"""Native chatter is silenced, and stderr comes back however threads overlap."""

from __future__ import annotations

import os
import subprocess
import sys
from threading import Event, Thread

import pytest

from models.inference.mediapipe.native_stderr import native_stderr_closed
from tests.paths import CLIPS, ROOT
from tests.waiting import PATIENCE_S

DEMO = CLIPS / "demo.mp4"


def test_stderr_is_silent_meanwhile_and_comes_back_after_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        os.write(2, b"chatter\n")
        raise RuntimeError

    with pytest.raises(RuntimeError), native_stderr_closed():
        fail()
    os.write(2, b"news\n")
    assert capfd.readouterr().err == "news\n"


def test_threads_that_overlap_leave_it_open(capfd: pytest.CaptureFixture[str]) -> None:
    closed, go_on = Event(), Event()

    def other() -> None:
        with native_stderr_closed():
            closed.set()
            go_on.wait(PATIENCE_S)

    thread = Thread(target=other)
    with native_stderr_closed():
        thread.start()
        assert closed.wait(PATIENCE_S)
    os.write(2, b"chatter\n")  # this thread has left, the other has not
    go_on.set()
    thread.join()
    os.write(2, b"news\n")
    assert capfd.readouterr().err == "news\n"


def said_by(code: str) -> str:
    """What a program says on stderr; it must end well."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_python_is_heard_while_native_code_is_not() -> None:
    code = (
        "import os, sys; from models.inference.mediapipe.native_stderr import *\n"
        "keep_python_stderr()\n"
        "with native_stderr_closed():\n"
        "    print('news', file=sys.stderr); os.write(2, b'chatter')\n"
        "os.write(2, b'more')\n"
    )
    assert said_by(code) == "news\nmore"


@pytest.mark.parametrize("video", [True, False])
def test_mediapipe_is_silent_from_its_making_to_its_end(video: bool) -> None:
    """Its versions print different things: when made, at the first hand, closed, left open at the end."""
    code = (
        "import cv2; from models.inference.mediapipe.landmarker import HandLandmarker\n"
        f"frame_rgb = cv2.VideoCapture({str(DEMO)!r}).read()[1][..., ::-1]\n"
        f"landmarkers = [HandLandmarker({video}, 2) for _ in range(2)]\n"
        "assert all(x(frame_rgb, t).hand_landmarks for t in (0.0, 0.1) for x in landmarkers)\n"
        "landmarkers[0].close()\n"
    )
    assert said_by(code) == ""
