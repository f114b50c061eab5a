"""Native chatter is silenced, and stderr comes back however threads overlap."""

from __future__ import annotations

import os
from threading import Event, Thread

import pytest

from models.inference.mediapipe.native_stderr import native_stderr_closed


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
            go_on.wait(5)

    thread = Thread(target=other)
    with native_stderr_closed():
        thread.start()
        assert closed.wait(5)
    os.write(2, b"chatter\n")  # this thread has left, the other has not
    go_on.set()
    thread.join()
    os.write(2, b"news\n")
    assert capfd.readouterr().err == "news\n"
