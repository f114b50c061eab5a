"""What the compositor has drawn, kept apart: laid over the frame it is the picture."""

from __future__ import annotations

import numpy as np

from app.effects.ring.effect import RingEffect
from app.recorder.layer_video import flattened
from app.render.orbit import Orbit
from models.geometry import camera_from_fov
from tests.app.render.render_help import grey_frame, open_compositor, posed_hand

CAMERA = camera_from_fov(320, 240)


def test_the_layers_over_the_frame_are_the_picture() -> None:
    frame, hand = grey_frame(CAMERA), posed_hand(CAMERA)
    compositor = open_compositor()
    compositor.keeps_joints = True
    picture = compositor.compose(frame, [hand], CAMERA, RingEffect(), 0.0, frozenset({"joints"}))
    compositor.draw_aside(picture, frame, [hand], CAMERA, Orbit(), 0.0)
    assert len(compositor.drawn) == 3  # the ring, the joints, the view from aside
    apart = flattened(compositor.drawn, 320, 240)
    alpha = apart[..., 3:] / 255
    again = apart[..., :3] * alpha + frame * (1 - alpha)
    assert np.abs(again - picture).max() < 8
    assert (apart[..., 3] > 0).mean() < 0.5
    compositor.compose(frame, [], CAMERA, RingEffect(), 9.0)
    assert compositor.drawn == []
    compositor.close()
