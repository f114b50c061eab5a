"""The soak's judgement: what grows or drifts is found, what merely shakes is not."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tools.soak import Sample, drift, growth_mb_min, verdict


def run_of(minutes: float, memory: float = 0.0, latency: float = 1.0, pace: float = 1.0) -> list[Sample]:
    """Samples of ten seconds: memory growing by so many MB a minute, latency and the machine's own pace by
    such factors over the whole run, both shaken."""
    rng = np.random.default_rng(0)
    times_s = np.arange(10.0, 60 * minutes + 1, 10.0)
    share = times_s / times_s[-1]
    return [
        Sample(t, 500 + memory * t / 60 + m, 20 * latency**s * pace**s, 40.0, 30.0, 5 * pace**s, 20, 10)
        for t, s, m in zip(times_s, share, rng.normal(0, 8, len(times_s)), strict=True)
    ]


def test_growth_is_told_from_shaking() -> None:
    assert abs(growth_mb_min(run_of(30))) < 0.7
    assert growth_mb_min(run_of(30, memory=2.0)) == pytest.approx(2.0, abs=0.7)


def test_drift_is_told_from_a_busier_machine() -> None:
    assert drift(run_of(30, pace=4.0)) == pytest.approx(1.0, abs=0.01)
    assert drift(run_of(30, latency=4.0)) > 1.5


@pytest.mark.parametrize(
    ("samples", "left", "faults"),
    [
        (run_of(30), [], []),
        (run_of(30, memory=3.0), [], ["memory"]),
        (run_of(30, latency=6.0), [], ["latency"]),
        (run_of(5, memory=30.0, latency=6.0), [], []),  # nothing has been done twice yet
        (run_of(5), ["capture_loop"], ["capture_loop"]),
    ],
)
def test_the_verdict_names_what_failed(samples: list[Sample], left: list[str], faults: list[str]) -> None:
    found = verdict(SimpleNamespace(samples=samples, recordings=3), left)  # type: ignore[arg-type]
    assert len(found) == len(faults)
    assert all(word in line for word, line in zip(faults, found, strict=True))
