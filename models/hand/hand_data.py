"""What a hand model is made of, as NumPy arrays: the open hand that ships, or the user's MANO file.

The open hand's rest frame: origin at the wrist joint, metres; with no rotation, a camera (x right, y down,
z forward) sees the palm, fingers up, thumb to the right. MANO keeps its own axes, so that its poses keep
their meaning, with the origin moved to the wrist joint.

Joint order of the 16 rotation centres: wrist, then thumb, index, middle, ring, little, three each from palm
to tip. Of the 21 joints: the same, with each finger's tip after its three.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.hand.mano_file import read_mano_file
from models.manifest import ASSETS, shipped
from models.types import N_JOINTS, N_VERTICES, Float32

OPEN_HAND = ASSETS / "hand" / "open_hand.npz"

N_BONES, N_BETAS, N_FACES = 16, 10, 1538
BONES_IN_21 = np.array([0, 1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19])
"""Where each of the 16 rotation centres stands among the 21 joints."""
TIPS_IN_21 = np.array([4, 8, 12, 16, 20])

# Ours -> MANO's, whose fingers come index, middle, little, ring, thumb.
_MANO_BONES = np.array([0, 13, 14, 15, 1, 2, 3, 4, 5, 6, 10, 11, 12, 7, 8, 9])
_MANO_TIPS = np.array([744, 320, 443, 554, 671])  # vertices at the ends of thumb .. little finger


@dataclass(frozen=True, eq=False)
class HandData:
    """A right hand, at rest with the origin at its wrist joint. Checked once, then read only."""

    template_m: Float32  # (778, 3) rest pose, metres
    shape_dirs: Float32  # (10, 778, 3) metres per unit of beta
    faces: NDArray[np.int32]  # (1538, 3) counter-clockwise from outside
    weights: Float32  # (778, 16) skinning weights, rows sum to 1
    parents: NDArray[np.int32]  # (16,) a parent before its children; -1 for the wrist
    joint_regressor: Float32  # (16, 778) vertices at rest -> rotation centres, rows sum to 1
    regressor_21: Float32  # (21, 778) posed vertices -> the project's 21 joints, rows sum to 1
    regressor_21_mano: Float32  # (21, 778) the same in MANO's sense
    uv: Float32  # (n, 2) texture coordinates
    uv_faces: NDArray[np.int32]  # (1538, 3) into uv
    regions: NDArray[np.uint8]  # (778,) 0 palm, 1 thumb .. 5 little finger
    pose_dirs: Float32 | None = None  # (135, 778, 3) metres per unit of R - 1 of bones 1..15, or none

    def __post_init__(self) -> None:
        shapes = {
            "template_m": (N_VERTICES, 3),
            "shape_dirs": (N_BETAS, N_VERTICES, 3),
            "faces": (N_FACES, 3),
            "weights": (N_VERTICES, N_BONES),
            "parents": (N_BONES,),
            "joint_regressor": (N_BONES, N_VERTICES),
            "regressor_21": (N_JOINTS, N_VERTICES),
            "regressor_21_mano": (N_JOINTS, N_VERTICES),
            "uv": (len(self.uv), 2),
            "uv_faces": (N_FACES, 3),
            "regions": (N_VERTICES,),
            "pose_dirs": (9 * (N_BONES - 1), N_VERTICES, 3),
        }
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None and field.name == "pose_dirs":
                continue
            kind = np.dtype(
                {"faces": "i4", "uv_faces": "i4", "parents": "i4", "regions": "u1"}.get(field.name, "f4")
            )
            if value.shape != shapes[field.name] or value.dtype != kind:
                raise ValueError(
                    f"hand data, {field.name}: expected {kind} {shapes[field.name]}, "
                    f"got {value.dtype} {value.shape}"
                )
            if not np.isfinite(value).all():
                raise ValueError(f"hand data, {field.name}: holds values that are not finite")
            value.setflags(write=False)
        for name in ("weights", "joint_regressor", "regressor_21", "regressor_21_mano"):
            if np.abs(getattr(self, name).sum(1) - 1).max() > 1e-3:
                raise ValueError(f"hand data, {name}: every row must sum to 1")
        if self.parents[0] != -1 or not all(0 <= p < i for i, p in enumerate(self.parents.tolist()) if i):
            raise ValueError("hand data, parents: expected a tree, the wrist first, parents before children")
        if self.faces.min() < 0 or self.faces.max() >= N_VERTICES:
            raise ValueError(f"hand data, faces: expected vertex numbers from 0 to {N_VERTICES - 1}")
        if self.uv_faces.min() < 0 or self.uv_faces.max() >= len(self.uv):
            raise ValueError(f"hand data, uv_faces: expected numbers from 0 to {len(self.uv) - 1}")
        off = max(np.abs(self.joints_rest[0]).max(), np.abs(self.joint_dirs[:, 0]).max())
        if off > 1e-4:
            raise ValueError(
                f"hand data: the wrist joint must stay at the origin, it is {off * 1e3:.2f} mm off"
            )

    @cached_property
    def joints_rest(self) -> Float32:
        """(16, 3) rotation centres of the mean hand at rest, metres."""
        return self.joint_regressor @ self.template_m

    @cached_property
    def joint_dirs(self) -> Float32:
        """(10, 16, 3) how they move with the betas: J = joints_rest + betas @ joint_dirs."""
        return np.einsum("jv,kvx->kjx", self.joint_regressor, self.shape_dirs)

    @cached_property
    def faces_left(self) -> NDArray[np.int32]:
        """(1538, 3) the faces of a left hand, whose vertices are mirrored, again outward."""
        return np.ascontiguousarray(self.faces[:, ::-1])


@lru_cache(maxsize=1)
def load_open_hand() -> HandData:
    """The hand that ships with the project."""
    with np.load(shipped(OPEN_HAND), allow_pickle=False) as file:
        return HandData(**file)


def load_mano(path: str | Path) -> HandData:
    """The user's MANO_RIGHT.pkl, read without running anything in it, in our joint order.

    MANO brings no texture coordinates: the palm's projection stands in. Raises ValueError in one line when
    the file is not a right MANO hand, and OSError when it cannot be read.
    """
    mano = read_mano_file(path)
    regressor = mano["J_regressor"][_MANO_BONES]
    regressor = regressor / regressor.sum(1, keepdims=True)
    template, shapes = mano["v_template"], np.moveaxis(mano["shapedirs"], 2, 0)
    # The wrist stays at the origin whatever the betas, so that "translation" is where the wrist joint is.
    template = template - regressor[0] @ template
    shapes = shapes - np.einsum("v,kvx->kx", regressor[0], shapes)[:, None]
    weights = mano["weights"][:, _MANO_BONES]
    corrective = mano["posedirs"].reshape(N_VERTICES, 3, N_BONES - 1, 9)[:, :, _MANO_BONES[1:] - 1]
    regressor_21 = np.zeros((N_JOINTS, N_VERTICES))
    regressor_21[BONES_IN_21] = regressor
    regressor_21[TIPS_IN_21, _MANO_TIPS] = 1
    spread = np.argsort(np.ptp(template, axis=0))[1:]  # the palm lies across the two long axes
    flat = template[:, spread] - template[:, spread].min(0)
    joints = _parents_from_mano(mano["kintree_table"], path)
    fingers = [weights[:, :1]] + [weights[:, b : b + 3].sum(1, keepdims=True) for b in range(1, N_BONES, 3)]
    try:
        return HandData(
            template_m=template.astype(np.float32),
            shape_dirs=shapes.astype(np.float32),
            faces=mano["f"].astype(np.int32),
            weights=(weights / weights.sum(1, keepdims=True)).astype(np.float32),
            parents=joints,
            joint_regressor=regressor.astype(np.float32),
            regressor_21=regressor_21.astype(np.float32),
            regressor_21_mano=regressor_21.astype(np.float32),
            uv=(flat / flat.max()).astype(np.float32),
            uv_faces=mano["f"].astype(np.int32),
            regions=np.concatenate(fingers, 1).argmax(1).astype(np.uint8),
            pose_dirs=corrective.transpose(2, 3, 0, 1).reshape(-1, N_VERTICES, 3).astype(np.float32),
        )
    except ValueError as error:
        raise ValueError(f"{path}: not a usable MANO hand ({error})") from error


def _parents_from_mano(kintree: np.ndarray, path: str | Path) -> NDArray[np.int32]:
    """(16,) parents in our order from MANO's (2, 16) table."""
    ours = np.empty(N_BONES, np.int64)
    ours[_MANO_BONES] = np.arange(N_BONES)
    parents = [-1]
    for mano_bone in _MANO_BONES[1:]:
        parent = int(kintree[0, mano_bone])
        if not 0 <= parent < N_BONES:
            raise ValueError(f"{path}: not a MANO hand (bone {mano_bone} has the parent {parent})")
        parents.append(int(ours[parent]))
    return np.array(parents, np.int32)
