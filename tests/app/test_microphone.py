"""The microphone, where there is none to be had."""

import sys

import pytest

from app.output import OutputError
from app.recorder.microphone import Microphone


def test_while_mediapipe_is_imported_it_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)  # as the landmarker has it meanwhile
    with pytest.raises(OutputError, match="record again"):
        Microphone()
