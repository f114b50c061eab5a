"""How much of a ring is seen: open hands, hands before hands, fists."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.effects.ring.confidence import MeshConfidence, inside_fraction, mesh_confidence, visible_fraction
from app.effects.ring.fit import FINGERS, FingerSections
from models.geometry import camera_from_fov
from models.hand.hand_data import load_open_hand
from models.types import HandMesh
from tests.app.render.render_help import BACK, PALM, posed_hand

CAMERA = camera_from_fov(640, 480)
HAND = load_open_hand()
SECTIONS = FingerSections(HAND)


def fraction(hand: HandMesh, *others: HandMesh, finger="ring") -> float:
    section = SECTIONS.section(hand, finger, "proximal", 0.55)
    return visible_fraction(section, 1 + FINGERS.index(finger), hand, (hand, *others), HAND)


@pytest.mark.parametrize("finger", FINGERS)
@pytest.mark.parametrize("handedness", ["right", "left"])
@pytest.mark.parametrize("turn", [BACK, PALM])
def test_an_open_hand_hides_no_ring(finger, handedness, turn):
    assert fraction(posed_hand(CAMERA, turn, handedness=handedness), finger=finger) > 0.85


def test_a_fist_hides_the_ring_behind_its_knuckles():
    assert fraction(posed_hand(CAMERA, BACK, flexion=0.6)) > 0.85
    assert fraction(posed_hand(CAMERA, BACK, flexion=1.3)) < 0.1


def test_another_hand_in_front_hides_it_and_one_behind_does_not():
    hand = posed_hand(CAMERA)
    for depth_m, low, high in ((-0.1, 0.0, 0.2), (0.1, 0.85, 1.0)):
        other = posed_hand(CAMERA, at=(0.0, 0.06, 0.40 + depth_m), track_id=2)
        assert low <= fraction(hand, other) <= high


def test_a_hand_seen_from_its_thumb_hides_the_ring_behind_nearer_fingers():
    edge_on = posed_hand(CAMERA, (0.0, np.pi / 2, 0.0)), posed_hand(CAMERA, (0.0, -np.pi / 2, 0.0))
    assert min(fraction(hand) for hand in edge_on) < 0.35


RING = 4


def confidence(hand: HandMesh, **change: object) -> MeshConfidence:
    section = SECTIONS.section(hand, "ring", "proximal", 0.55)
    return mesh_confidence(replace(section, **change), RING, hand, CAMERA)


def test_a_mesh_is_not_trusted_everywhere_and_says_why():
    hand = posed_hand(CAMERA)
    section = SECTIONS.section(hand, "ring", "proximal", 0.55)
    view = section.center_m / np.linalg.norm(section.center_m)
    aside = np.cross(view, section.up)
    for change, low, high, doubt in (
        ({}, 1.0, 1.0, ""),
        ({"center_m": 2.5 * section.center_m}, 1.0, 1.0, ""),
        ({"center_m": 10 * section.center_m}, 0.0, 0.0, "too far away"),  # a few pixels wide
        ({"center_m": 0.1 * section.center_m}, 0.0, 0.0, "too near"),
        ({"center_m": -section.center_m}, 0.0, 0.0, "too near"),
        ({"axis": view}, 0.0, 0.0, "points at the camera"),
        (
            {"axis": np.cos(0.25) * view + np.sin(0.25) * aside / np.linalg.norm(aside)},
            0.2,
            0.8,
            "points at the camera",
        ),
    ):
        found = confidence(hand, **change)
        assert low <= found.level <= high
        assert doubt in found.doubt
    unsure = confidence(replace(hand, presence=0.3))
    assert unsure == MeshConfidence(0.0, "the hand is not seen well")


@pytest.mark.parametrize(("aside_m", "low", "high"), [(0.0, 1.0, 1.0), (0.11, 0.4, 0.95), (0.17, 0.0, 0.2)])
def test_a_finger_that_the_picture_cuts_is_trusted_less(aside_m: float, low: float, high: float):
    """A hand whose fingers point up leaves the picture by its upper edge."""
    hand = posed_hand(CAMERA)
    up = hand.joints_m[12] - hand.joints_m[9]
    hand = hand.moved(aside_m * up / np.linalg.norm(up))
    section = SECTIONS.section(hand, "ring", "proximal", 0.55)
    assert low <= inside_fraction(section, RING, hand, CAMERA) <= high
    if high < 0.3:
        assert confidence(hand) == MeshConfidence(0.0, "the picture's edge cuts the finger")
