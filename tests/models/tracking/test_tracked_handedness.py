"""How the tracker decides on a hand's handedness, on a world of fake hands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from models.tracking.search import Search
from models.tracking.tracker import Tracker, TrackerConfig
from models.types import Camera, Detection, Handedness
from tests.models.tracking.world import CAMERA, FRAME, Hand, World, run, tracker


def test_brief_contrary_evidence_does_not_flip_the_side_and_lasting_does() -> None:
    world = World([Hand(300, 200)])
    t = tracker(world)
    run(t, 0, 60)
    world.hands[0].handedness = "left"
    assert {o[0].handedness for o in run(t, 2.0, 8)} == {"right"}
    world.hands[0].handedness = "right"
    run(t, 2.3, 60)
    world.hands[0].handedness = "left"
    out = run(t, 4.3, 45)
    assert out[-1][0].handedness == "left"
    assert {o[0].track_id for o in out} == {0}
    assert sum(a[0].handedness != b[0].handedness for a, b in pairwise(out)) == 1
    assert world.crops[-1] == "left", "the crop is mirrored from then on"


def test_a_false_start_is_mended_soon() -> None:
    world = World([Hand(300, 200, "left", handedness_score=0.7)])
    t = tracker(world)
    run(t, 0, 1)
    world.hands[0].handedness, world.hands[0].handedness_score = "right", 0.97
    sides = [o[0].handedness for o in run(t, 1 / 30, 10)]
    assert sides[0] == "left", "one frame is too little to go by"
    assert set(sides[5:]) == {"right"}


def test_a_hand_whose_side_changes_is_seen_anew_on_that_side() -> None:
    """Its mesh belongs to the side it was cropped for."""
    world = World([Hand(300, 200)])

    def observe(
        frame: np.ndarray, camera: Camera, hands: Sequence[tuple[np.ndarray, Handedness]]
    ) -> list[Detection]:
        seen = zip(hands, world.observe_all(frame, camera, hands), strict=True)
        return [replace(d, vertices_m=np.full((778, 3), side == "left", np.float32)) for (_, side), d in seen]

    t = Tracker(observe, Search(world.detect), TrackerConfig(max_hands=1))
    run(t, 0, 30)
    world.hands[0].handedness = "left"
    tracks = [o[0] for o in run(t, 1.0, 45)]
    assert {track.handedness for track in tracks} == {"right", "left"}
    for track in tracks:
        assert track.detection.vertices_m is not None
        assert track.detection.vertices_m[0, 0] == (track.handedness == "left")


def test_coin_flips_never_flip_the_side() -> None:
    world = World([Hand(300, 200)])
    t = tracker(world)
    run(t, 0, 30)
    rng = np.random.default_rng(1)
    for i in range(300):
        world.hands[0].handedness = "left" if rng.random() < 0.5 else "right"
        assert t.update(FRAME, CAMERA, 1 + i / 30)[0].handedness == "right"


def test_the_side_can_be_locked() -> None:
    world = World([Hand(300, 200, "left")])
    t = tracker(world, handedness_lock="right")
    assert {o[0].handedness for o in run(t, 0, 60)} == {"right"}
    assert set(world.crops) == {"right"}


def test_a_doubtful_second_hand_takes_the_free_side() -> None:
    world = World([Hand(150, 200)])
    t = tracker(world)
    run(t, 0, 30)
    world.hands.append(Hand(450, 200, "right", handedness_score=0.6))
    assert [x.handedness for x in run(t, 1, 22)[-1]] == ["right", "left"]
    world = World([Hand(150, 200), Hand(450, 200)])
    assert [x.handedness for x in run(tracker(world), 0, 1)[-1]] == ["right", "right"], (
        "two people's right hands"
    )
