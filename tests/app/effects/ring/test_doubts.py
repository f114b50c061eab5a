"""A ring that can't be trusted fades out and says why; one that is covered says nothing."""

from __future__ import annotations

import numpy as np
import pytest

from app.effects.ring.effect import RingEffect
from app.frame import Frame, Picture
from app.render.scene import EffectContext
from app.session import Settings
from app.session.drawing import Drawing
from models.geometry import camera_from_fov
from models.tracking.pipeline import PipelineResult
from models.types import HandMesh
from tests.app.fakes import FakeCompositor
from tests.app.render.render_help import BACK, posed_hand

CAMERA = camera_from_fov(640, 480)
FRAME = np.full((480, 640, 3), 120, np.uint8)


def worn(effect: RingEffect, hands: list[HandMesh], time_s: float) -> float:
    """The opacity of what is drawn, 0 where nothing is."""
    props = effect.place(EffectContext(FRAME, hands, CAMERA, time_s))
    return max((prop.opacity for prop in props), default=0.0)


def beyond_the_edge(hand: HandMesh) -> HandMesh:
    up = hand.joints_m[12] - hand.joints_m[9]
    return hand.moved(0.14 * up / np.linalg.norm(up))


@pytest.mark.parametrize(
    ("doubtful", "reason"),
    [
        (beyond_the_edge(posed_hand(CAMERA)), "the picture's edge cuts the finger"),
        (posed_hand(CAMERA, at=(0.0, 0.02, 3.0)), "the hand is too far away"),
    ],
)
def test_it_fades_out_says_why_and_comes_back(doubtful: HandMesh, reason: str) -> None:
    effect, good = RingEffect(), posed_hand(CAMERA)
    assert worn(effect, [good], 0.0) == 1
    assert effect.doubts() == []
    fading = [worn(effect, [doubtful], 1 / 30 * k) for k in range(1, 12)]
    assert 0 < fading[2] < 1  # softly
    assert fading[-1] == 0
    assert effect.doubts() == [f"Ring hidden: {reason}"]
    assert [worn(effect, [good], 0.4 + 1 / 30 * k) for k in range(1, 12)][-1] == 1
    assert effect.doubts() == []


def test_a_covered_ring_is_no_doubt() -> None:
    effect = RingEffect()
    fist = posed_hand(CAMERA, BACK, flexion=1.3)
    assert [worn(effect, [fist], 0.1 * k) for k in range(5)][-1] == 0
    assert effect.doubts() == []


def test_a_hand_that_has_gone_leaves_no_doubt() -> None:
    effect = RingEffect()
    worn(effect, [beyond_the_edge(posed_hand(CAMERA))], 0.0)
    assert effect.doubts()
    worn(effect, [], 0.1)
    assert effect.doubts() == []


def test_the_picture_carries_it() -> None:
    drawing = Drawing(FakePlacing, lambda error: None)
    picture = Picture.undrawn(
        Frame(FRAME, 0.0, 0), PipelineResult((beyond_the_edge(posed_hand(CAMERA)),), CAMERA, {})
    )
    assert drawing.draw(picture, Settings()).doubts == ("Ring hidden: the picture's edge cuts the finger",)
    assert drawing.draw(picture, Settings(effect="ball")).doubts == ()
    drawing.close()


class FakePlacing(FakeCompositor):
    """Lets the effect place its things, as a compositor does."""

    def compose(self, frame_rgb, hands, camera, effect, time_s, overlays):
        effect.place(EffectContext(frame_rgb, hands, camera, time_s))
        return super().compose(frame_rgb, hands, camera, effect, time_s, overlays)
