"""What recording costs, measured on spans too short to be believed."""

from __future__ import annotations

import pytest

from tools.measure_recording import KINDS, measure


@pytest.mark.slow
def test_every_kind_of_recording_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    measure(rounds=1, seconds=0.4, cores=2)
    printed = capsys.readouterr().out
    assert "without a recording" in printed
    for kind in KINDS:
        assert f"recording {kind} at " in printed
    assert "left out: 0 of " in printed
