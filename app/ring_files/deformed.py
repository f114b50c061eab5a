"""Vertices that a glTF moves before they are seen: by morph targets, and by the joints of a skin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.ring_files.accessors import Accessors
from app.ring_files.piece import Float64

_MOST_TARGETS, _MOST_JOINTS = 64, 1000


def morphed(
    vertices: Float64, primitive: dict[str, Any], weights: Sequence[float], accessors: Accessors
) -> Float64:
    """(V, 3) with each target's part added. Raises what `Accessors.floats` does."""
    for weight, target in zip(weights, primitive.get("targets", ())[:_MOST_TARGETS], strict=False):
        if weight and "POSITION" in target:
            vertices = vertices + float(weight) * accessors.floats(int(target["POSITION"]))
    return vertices


def skinned(
    vertices: Float64,
    primitive: dict[str, Any],
    skin: dict[str, Any],
    world: Mapping[int, Float64],
    accessors: Accessors,
) -> Float64 | None:
    """(V, 3) in the world, where the joints take them; None where it isn't said which do.

    world: (4, 4) of each node that is shown. That of the mesh's own node doesn't count (glTF 2.0, 3.7.3.3).
    """
    given = primitive["attributes"]
    joints = [int(joint) for joint in skin["joints"][:_MOST_JOINTS]]
    if "JOINTS_0" not in given or "WEIGHTS_0" not in given or any(joint not in world for joint in joints):
        return None
    poses = np.stack([world[joint] for joint in joints])
    if "inverseBindMatrices" in skin:
        inverse = accessors.floats(int(skin["inverseBindMatrices"]))[: len(joints)]
        poses = poses @ inverse.reshape(-1, 4, 4).swapaxes(1, 2)
    which, weights = accessors.raw(int(given["JOINTS_0"])), accessors.floats(int(given["WEIGHTS_0"]))
    if len(which) != len(vertices) or len(weights) != len(vertices):
        return None
    weights = weights / np.maximum(weights.sum(1, keepdims=True), 1e-9)
    moved = np.zeros_like(vertices)
    for k in range(4):  # one after the other: together they would be 16 numbers to each of three
        for joint in np.unique(which[:, k]):
            rows = which[:, k] == joint
            pose = poses[int(joint)]
            moved[rows] += weights[rows, k, None] * (vertices[rows] @ pose[:3, :3].T + pose[:3, 3])
    return moved
