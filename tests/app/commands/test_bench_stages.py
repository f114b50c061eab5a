"""bench: stages of frames beside the baseline, and what of them is compared."""

from __future__ import annotations

import time

import pytest

from app.bench.stages import WARM_UP, Stages, time_effects, time_stages
from app.session import Settings
from tests.app.bench import SlowBaseline, frames
from tests.app.fakes import FakeCompositor, FakePipeline


def test_stages_are_those_of_the_frames_and_stand_beside_the_baseline() -> None:
    times, results = time_stages(
        frames(WARM_UP + 10),
        Settings(max_hands=1),
        SlowBaseline,
        lambda config: FakePipeline(delay_s=0.002),
        lambda: FakeCompositor(delay_s=0.003),
    )
    assert len(results) == WARM_UP + 10
    assert len(times.picture) == len(times.stages["draw"]) == 10
    assert min(times.stages["draw"]) >= 3
    assert times.inference == [2.0] * 10  # what the pipeline says of itself
    assert min(times.baseline) >= 4
    assert 0 < times.over_baseline <= 0.5
    assert (times.hands, times.baseline_hands) == ([1] * 10, [2] * 10)
    assert min(times.picture) >= 5


class IdleCompositor(FakeCompositor):
    """Draws on every other frame."""

    def compose(self, frame_rgb, hands, camera, effect, time_s, overlays):
        if round(time_s * 30) % 2:
            return frame_rgb.copy()
        return super().compose(frame_rgb, hands, camera, effect, time_s, overlays)


def test_inference_is_compared_where_both_find_the_hands() -> None:
    times = Stages(
        inference=[0, 0, 0, 6, 8],
        baseline=[30, 2, 30, 10, 10],
        hands=[0, 0, 1, 1, 1],
        baseline_hands=[1, 0, 0, 1, 1],
    )
    assert times.over_baseline == pytest.approx(0.7)
    never = Stages(inference=[1, 3], baseline=[4, 4], hands=[1, 0], baseline_hands=[0, 0])
    assert never.over_baseline == pytest.approx(0.5)


def test_what_was_not_drawn_does_not_count_as_drawing() -> None:
    clip = frames(WARM_UP + 10)
    make = lambda: IdleCompositor(delay_s=0.002)  # noqa: E731
    times, results = time_stages(
        clip, Settings(max_hands=1), SlowBaseline, lambda config: FakePipeline(), make
    )
    assert times.drawn_fraction == 0.5
    assert min(times.stages["draw"]) >= 2
    effects = time_effects(clip, results, ["ring", "band"], lambda name: Settings(effect=name), make)
    assert {name: len(values) for name, values in effects.items()} == {"ring": 5, "band": 5}


def test_frames_come_at_their_own_rate_while_a_hand_is_sought() -> None:
    start_s = time.perf_counter()
    clip, two = frames(WARM_UP + 5), Settings(max_hands=2)
    times, _ = time_stages(clip, two, SlowBaseline, lambda config: FakePipeline(), FakeCompositor)
    assert time.perf_counter() - start_s >= (WARM_UP + 5) / 30
    assert times.alike == [False] * 5, "one of two hands"
    assert max(times.picture) < 30, "waiting is no part of a frame"
