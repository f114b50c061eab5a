"""The tracker's decisions, on a world of fake hands, which a fake network sees when the crop is near."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from models.tracking.search import Search
from models.tracking.tracker import Tracker, joint_distance, smoothed_crop
from models.types import Detection, Handedness
from tests.models.tracking.world import CAMERA, FRAME, SHAPE, Hand, World, run, tracker
from tests.waiting import PATIENCE_S


def test_one_hand_is_detected_once_and_then_followed() -> None:
    world = World([Hand(200, 200)])
    t = tracker(world, max_hands=1)
    for i in range(60):
        world.hands[0].x += 5
        (track,) = t.update(FRAME, CAMERA, i / 30)
        assert abs(track.joints_px[:, 0].mean() - SHAPE[:, 0].mean() - world.hands[0].x) < 1e-3
        assert track.track_id == 0
    assert world.detections == 1


def test_a_second_hand_is_looked_for_now_and_then() -> None:
    world = World([Hand(150, 200)])
    t = tracker(world)
    run(t, 0, 90)
    assert 5 <= world.detections <= 8, "one search at the start, then one every 0.5 s"
    world.hands.append(Hand(450, 200, "left"))
    out = run(t, 3, 22)
    assert [len(o) for o in out][-1] == 2
    assert {(x.track_id, x.handedness) for x in out[-1]} == {(0, "right"), (1, "left")}
    before = world.detections
    run(t, 4, 60)
    assert world.detections == before, "with all hands followed, the detector rests"


def test_a_look_beside_keeps_nobody_waiting_and_finds_a_hand_that_moved_on() -> None:
    world, looked, go_on = World([Hand(150, 200)]), threading.Event(), threading.Event()

    def detect(frame: np.ndarray) -> list[Detection]:
        found = world.detect(frame)
        looked.set()
        assert go_on.wait(PATIENCE_S)
        return found

    search = Search(detect, beside=True)
    t = Tracker(world.observe_all, search)
    go_on.set()
    for i in range(100):
        if run(t, i / 1000, 1)[0]:
            break
        time.sleep(0.01)
    assert search.waited_s == 0, "nobody waits, even where nothing is followed"
    go_on.clear()
    looked.clear()
    world.hands.append(Hand(450, 200, "left"))
    run(t, 1, 1)
    assert looked.wait(PATIENCE_S)
    world.hands[1].x += 30
    assert [len(o) for o in run(t, 1.1, 30)] == [1] * 30, "the look goes on, and so does the hand"
    go_on.set()
    search.close()
    (first, second) = run(t, 2.1, 1)[0]
    assert (first.track_id, second.handedness) == (0, "left")
    assert abs(second.joints_px[:, 0].mean() - SHAPE[:, 0].mean() - 480) < 1e-3, "where it is now"
    assert search.waited_s == 0


def test_what_was_seen_in_the_source_before_is_forgotten() -> None:
    world, go_on = World([Hand(150, 200)]), threading.Event()
    go_on.set()

    def detect(frame: np.ndarray) -> list[Detection]:
        found = world.detect(frame)
        assert go_on.wait(PATIENCE_S)
        return found

    search = Search(detect, beside=True)
    t = Tracker(world.observe_all, search)
    run(t, 0, 1)
    while not run(t, 0.5, 1)[0]:
        time.sleep(0.01)
    go_on.clear()
    world.hands.append(Hand(450, 200, "left"))
    run(t, 1, 1)
    t.reset()
    go_on.set()
    search.close()
    assert search.poll() == ()


def test_a_lost_hand_is_absent_at_once_and_found_again_as_itself() -> None:
    world = World([Hand(300, 200)])
    t = tracker(world)
    run(t, 0, 10)
    world.hands[0].presence = 0.2
    world.hidden_from_detector = True
    assert all(o == () for o in run(t, 0.4, 3))
    world.hands[0].presence, world.hidden_from_detector = 0.95, False
    (again,) = run(t, 0.5, 1)[0]
    assert again.track_id == 0
    world.hands.clear()
    assert run(t, 0.6, 60)[-1] == ()
    world.hands.append(Hand(300, 200))
    (new,) = run(t, 3, 1)[0]
    assert new.track_id == 1, "after more than a second it is another hand"


def test_a_hand_elsewhere_is_another_hand() -> None:
    world = World([Hand(100, 100)])
    t = tracker(world)
    run(t, 0, 5)
    world.hands[:] = [Hand(500, 380)]
    out = run(t, 0.2, 2)
    assert [x.track_id for x in out[-1]] == [1]


def test_two_hands_lost_side_by_side_come_back_as_themselves() -> None:
    world = World([Hand(280, 200), Hand(360, 200, "left")])
    t = tracker(world)
    run(t, 0, 10)
    gone, world.hands = world.hands, []
    run(t, 0.4, 3)
    world.hands = gone[::-1]
    assert {(x.track_id, x.handedness) for x in run(t, 0.5, 1)[0]} == {(0, "right"), (1, "left")}


def test_while_one_of_two_is_lost_the_search_is_brisk() -> None:
    world = World([Hand(150, 200), Hand(450, 200, "left")])
    t = tracker(world)
    run(t, 0, 30)
    gone = world.hands.pop()
    run(t, 1.0, 15)
    world.hands.append(gone)
    out = run(t, 1.5, 7)
    assert len(out[-1]) == 2, "back within 0.2 s"
    assert out[-1][1].track_id == 1


def test_two_tracks_on_one_hand_become_one() -> None:
    world = World([Hand(150, 200), Hand(300, 200, "left")])
    t = tracker(world)
    assert len(run(t, 0, 5)[-1]) == 2
    for x in range(300, 190, -10):  # the second slides over the first and vanishes there
        world.hands[1].x = x
        t.update(FRAME, CAMERA, 0.2 + (300 - x) / 300)
    del world.hands[1]
    out = run(t, 1.0, 30)
    assert all(len(o) == 1 and o[0].track_id == 0 for o in out)


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_hand_that_passes_before_another_takes_neither_its_identity_nor_its_side(side: Handedness) -> None:
    world = World([Hand(200, 200), Hand(440, 200, side)])
    t = tracker(world)
    behind, before = world.hands
    seen = []
    for i in range(60):
        behind.x, before.x = 200 + 4 * i, 440 - 4 * i
        covered = abs(behind.x - before.x) < 50
        world.hands = [before] if covered else [behind, before]
        seen.append((covered, {(x.track_id, x.handedness) for x in t.update(FRAME, CAMERA, i / 30)}))
    assert all(tracks == {(1, side)} for covered, tracks in seen if covered)
    assert seen[-1][1] == {(0, "right"), (1, side)}


def test_a_hand_detected_twice_is_one() -> None:
    world = World([Hand(300, 200), Hand(308, 204, "left")])
    assert len(run(tracker(world), 0, 3)[-1]) == 1


@pytest.mark.parametrize("change", [{"size": 3.0}, {"size": 0.05}, {"x": -60.0}, {"presence": 0.3}])
def test_implausible_landmarks_lose_the_hand(change: dict[str, float]) -> None:
    world = World([Hand(30, 200)])
    t = tracker(world)
    run(t, 0, 5)
    world.hidden_from_detector = True
    for name, value in change.items():
        setattr(world.hands[0], name, value)
    assert run(t, 0.2, 1)[-1] == ()


def test_the_network_can_deny_a_detection() -> None:
    world = World([Hand(300, 200, presence=0.2)])
    assert run(tracker(world), 0, 5)[-1] == ()


@pytest.mark.fault
def test_time_may_step_back_repeat_and_jump() -> None:
    world = World([Hand(300, 200)])
    t = tracker(world)
    times = [0, 1 / 30, 1 / 30, 5.0, 5.03, 0.0, 0.03]
    assert all(len(t.update(FRAME, CAMERA, s)) == 1 for s in times)


def test_identities_are_not_used_twice_after_a_reset() -> None:
    world = World([Hand(300, 200)])
    t = tracker(world)
    run(t, 0, 3)
    t.reset()
    assert t.update(FRAME, CAMERA, 0.0)[0].track_id == 1


@pytest.mark.fault
def test_more_hands_than_wanted() -> None:
    world = World([Hand(100 + 180 * i, 240) for i in range(3)])
    assert len(run(tracker(world), 0, 10)[-1]) == 2
    assert len(run(tracker(world, max_hands=1), 0, 10)[-1]) == 1


def test_joint_distance_counts_in_hand_boxes() -> None:
    assert joint_distance(SHAPE, SHAPE) == 0
    box = float(np.ptp(SHAPE, axis=0).max())
    assert joint_distance(SHAPE, SHAPE + np.array([box, 0], np.float32)) == pytest.approx(1, rel=1e-5)


def test_a_crop_stays_while_joints_tremble_and_keeps_up_with_a_hand_that_moves() -> None:
    rng = np.random.default_rng(0)
    hand = rng.uniform(0, 100, (21, 2)).astype(np.float32)
    around, cuts = hand, []
    for _ in range(60):
        around = smoothed_crop(around, hand + rng.normal(0, 1, (21, 2)).astype(np.float32))
        cuts.append(around)
    assert np.std(np.diff(cuts, axis=0)) < 0.25  # of joints that tremble by 1.4 from frame to frame
    moved, velocity = hand, np.array([8, 0], np.float32)  # a twelfth of its box a frame
    for _ in range(20):
        moved = moved + velocity
        around = smoothed_crop(around, moved)
    assert joint_distance(around, moved) < 0.05
    np.testing.assert_array_equal(smoothed_crop(hand, hand + 50), hand + 50)
