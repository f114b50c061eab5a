"""The hand at rest, as whoever paints it needs it: finger bones, and the surface seen from both sides."""

from __future__ import annotations

from dataclasses import dataclass

import moderngl
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from models.hand.hand_data import TIPS_IN_21, HandData
from models.hand.joint_limits import anatomical_frames
from models.training.synthetic.gl import load_program
from models.types import Float64


@dataclass(frozen=True)
class Bone:
    """One finger bone at rest: its head, length and axes."""

    head: Float64
    length: float
    across: Float64  # flexion axis
    along: Float64
    backward: Float64  # out of the back of the finger

    def local(self, p: Float64) -> tuple[Float64, Float64, Float64]:
        """(..., 3) points of the rest frame -> across, along and out of the back, metres from the head."""
        d = p - self.head
        return d @ self.across, d @ self.along, d @ self.backward


def finger_bones(hand: HandData) -> list[list[Bone]]:
    """Three bones for each of five fingers, thumb first."""
    frames = anatomical_frames(hand).astype(np.float64)
    joints, tips = hand.joints_rest.astype(np.float64), hand.regressor_21_mano[TIPS_IN_21] @ hand.template_m
    fingers = []
    for f in range(5):
        chain = [*joints[1 + 3 * f : 4 + 3 * f], tips[f].astype(np.float64)]
        bones = []
        for b in range(3):
            along = chain[b + 1] - chain[b]
            length = float(np.linalg.norm(along))
            along = along / length
            across = frames[3 * f + b][:, 0]
            across = across - along * (across @ along)
            across /= np.linalg.norm(across)
            # Positive flexion carries the bone towards the palm.
            bones.append(Bone(chain[b], length, across, along, -np.cross(across, along)))
        fingers.append(bones)
    return fingers


def render_rest_maps(
    context: moderngl.Context,
    side: float,
    rest: Float64,
    normals: Float64,
    faces: NDArray[np.int64],
    parts: NDArray[np.integer],
    window: tuple[float, float, float, float],
    size_wh: tuple[int, int],
) -> tuple[Float64, Float64, NDArray[np.int64]]:
    """Rest position, normal (H, W, 3) and part (H, W) of every texel; off the hand, those of the nearest."""
    program = load_program(context, "rest.vert", "rest.frag")
    program["map_window"], program["side"] = window, side
    columns = np.concatenate([rest, normals, parts[:, None]], 1).astype("f4")
    mesh = context.vertex_array(
        program,
        [(context.buffer(columns.tobytes()), "3f 3f 1f", "in_position", "in_normal", "in_part")],
        context.buffer(faces.astype("i4").tobytes()),
    )
    targets = [context.texture(size_wh, 4, dtype="f4") for _ in range(2)]
    target = context.framebuffer(targets, context.depth_renderbuffer(size_wh))
    target.use()
    target.clear()
    context.enable_only(moderngl.DEPTH_TEST)
    mesh.render()
    w, h = size_wh
    p, n = (
        np.frombuffer(target.read(components=4, attachment=k, dtype="f4"), np.float32).reshape(h, w, 4)
        for k in range(2)
    )
    rows, columns_ = distance_transform_edt(p[..., 3] == 0, return_distances=False, return_indices=True)
    p, n = p[rows, columns_].astype(np.float64), n[rows, columns_].astype(np.float64)
    return p[..., :3], n[..., :3], np.round(p[..., 3] - 1).astype(np.int64)
