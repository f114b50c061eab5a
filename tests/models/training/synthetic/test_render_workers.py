"""Hands drawn by other processes, and batches that are expected before they are asked for."""

import itertools

import pytest
import torch

from models.graphics import NoGraphics
from models.hand.hand_data import load_open_hand
from models.training.feed import prefetched
from models.training.synthetic.render_workers import RenderWorkers
from models.training.synthetic.sampler import SyntheticHands


@pytest.mark.slow  # a process needs seconds to begin
def test_other_processes_draw_the_same_batches() -> None:
    hand = load_open_hand()
    here = SyntheticHands(hand, side_px=48, seed=4)
    try:
        wanted = [here.batch(number, 6) for number in (3, 5)]
    except NoGraphics as error:
        pytest.skip(f"needs EGL: {error}")
    finally:
        here.close()
    there = RenderWorkers(hand, 48, None, 4, "cpu", processes=1)
    try:
        there.expect(3, 6)
        there.expect(5, 6)
        for number, batch in zip((3, 5), wanted, strict=True):
            found = there.batch(number, 6)
            assert torch.equal(found.images, batch.images)
            assert torch.equal(found.presence, batch.presence)
            for name, value in vars(batch.labels).items():
                assert torch.equal(getattr(found.labels, name), value), name
    finally:
        there.close()


def test_numbers_are_told_so_far_ahead_and_made_in_their_order() -> None:
    log: list[tuple[str, int]] = []
    ahead = prefetched(
        lambda number: log.append(("make", number)) or number,  # type: ignore[func-returns-value]
        itertools.count(0, 2),
        lambda number: log.append(("expect", number)),
        reach=3,
    )
    try:
        assert [next(ahead) for _ in range(4)] == [0, 2, 4, 6]
    finally:
        ahead.close()
    assert log[:6] == [("expect", n) for n in (0, 2, 4)] + [("make", 0), ("expect", 6), ("make", 2)]
