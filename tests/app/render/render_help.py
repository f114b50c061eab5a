"""Hands to draw on, and a word where OpenGL is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import trimesh

from app.render.gl.context import choose_platform
from app.render.opening import open_compositor as open_on
from app.render.scene import Geometry, Paint, Prop
from models.geometry import project, rotation_from_axis_angle
from models.graphics import NoGraphics
from models.hand.hand_data import load_open_hand
from models.hand.joint_limits import anatomical_frames, angles_to_rotations
from models.hand.skinning import pose_hand
from models.types import Camera, Handedness, HandMesh

if TYPE_CHECKING:
    from app.render.compositor import Compositor

BACK = (0.0, np.pi, 0.0)  # the camera sees the back of the hand
PALM = (0.0, 0.0, 0.0)


def ball(at_m) -> Prop:
    """A grey ball, 4 cm thick."""
    shape = trimesh.creation.icosphere(radius=0.02)
    normals = np.array(shape.vertex_normals, np.float32)
    geometry = Geometry(np.float32(shape.vertices), normals, np.asarray(shape.faces, np.int32))
    pose = np.eye(4)
    pose[:3, 3] = at_m
    return Prop(geometry, pose, Paint((0.5, 0.5, 0.5)))


def open_compositor() -> Compositor:
    """A compositor, or a skip that says why."""
    choose_platform()
    try:
        return open_on(load_open_hand())
    except NoGraphics as error:
        pytest.skip(f"needs OpenGL: {error}")


def posed_hand(
    camera: Camera,
    turn=BACK,
    at=(0.0, 0.06, 0.40),
    flexion: float = 0.0,
    handedness: Handedness = "right",
    track_id: int = 1,
    scale: float = 1.0,
) -> HandMesh:
    """The open hand, turned (axis-angle) and bent (radians at every finger joint but the thumb's)."""
    hand = load_open_hand()
    angles = np.zeros((15, 3))
    angles[3:, 0] = flexion
    rotations = np.concatenate(
        [
            rotation_from_axis_angle(turn)[None],
            angles_to_rotations(angles, anatomical_frames(hand)),
        ]
    )
    vertices, joints = pose_hand(hand, rotations, np.zeros(10), np.zeros(3))
    mirror = np.array([-1.0 if handedness == "left" else 1.0, 1, 1])
    vertices, joints = ((scale * x * mirror + at).astype(np.float32) for x in (vertices, joints))
    return HandMesh(
        handedness, vertices, joints, project(joints, camera).astype(np.float32), 1.0, track_id, 0.0
    )


def grey_frame(camera: Camera) -> np.ndarray:
    """(H, W, 3) one flat skin-like colour."""
    return np.full((camera.height, camera.width, 3), (190, 150, 130), np.uint8)
