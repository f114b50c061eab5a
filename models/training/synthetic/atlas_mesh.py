"""The meshes that synthetic pictures are made of, at rest, ready to be bent on the GPU.

All hang on the same bones: the hand's 16, then two that bend the forearm against the hand. Vertices of the
arm carry no weights; the shader gives them theirs from how far along the arm they are, so that a sleeve can
begin anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import reverse_cuthill_mckee
from scipy.spatial import cKDTree

from models.hand.hand_data import N_BETAS, N_BONES, HandData
from models.training.synthetic.arm import Arm
from models.training.synthetic.rest_view import finger_bones
from models.training.synthetic.subdivision import refine
from models.types import Float64

Int = NDArray[np.int64]

PART_FOREARM = 6
"""Parts 0 to 5 are the hand's regions: palm, then thumb to little finger."""
ARM_BONES = (N_BONES, N_BONES + 1)
"""Two bones after the hand's: the forearm bent half way, and all the way."""
N_ALL_BONES = N_BONES + 2
WATCH_AT_M = 0.045  # from the wrist loop to the watch's middle


@dataclass(frozen=True)
class Piece:
    """One mesh at rest, metres, with all that moves it."""

    rest: Float64  # (V, 3)
    normals: Float64  # (V, 3) outward
    faces: Int  # (F, 3)
    bones: Int  # (V, 4) numbers of the bones that move it; -1 throughout: the forearm's
    weights: Float64  # (V, 4) sum to 1
    shape: Float64  # (V, 10, 3) metres per unit of beta
    part: Int  # (V,) 0 .. 5 of the hand, PART_FOREARM, or more for what belongs to no hand
    uv: Float64  # (V, 2) skin: how far it faces the palm's side, -1 .. 1, and how much it is arm, 0 .. 1;
    # cloth: around and along, metres


@dataclass(frozen=True)
class Meshes:
    """Everything that hangs on a hand."""

    skin: Piece  # hand and forearm
    sleeve: Piece
    rings: tuple[Piece, ...]  # one for each finger, thumb first
    watch: Piece
    props: tuple[Piece, ...]  # of unit size, on bone 0: ball, can, box; for what is held or in the way
    arm_start: Float64  # (3,) middle of the wrist's loop at rest
    arm_axis: Float64  # (3,) unit, from there down the arm


def vertex_normals(points: Float64, faces: Int) -> Float64:
    """(V, 3) unit normals, faces weighted by area."""
    a, b, c = points[faces].transpose(1, 0, 2)
    across = np.cross(b - a, c - a)
    n = np.zeros_like(points)
    for k in range(3):
        np.add.at(n, faces[:, k], across)
    return n / np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-12)


def neighbours_together(piece: Piece) -> Piece:
    """The same mesh, numbered so that faces that follow each other share vertices: they are shaded once."""
    v = len(piece.rest)
    edges = np.concatenate([piece.faces[:, [0, 1]], piece.faces[:, [1, 2]], piece.faces[:, [2, 0]]])
    ones = np.ones(2 * len(edges))
    ends = np.concatenate([edges, edges[:, ::-1]]).T
    order = reverse_cuthill_mckee(sparse.csr_matrix((ones, (ends[0], ends[1])), shape=(v, v)), True)
    number = np.empty(v, np.int64)
    number[order] = np.arange(v)
    faces = number[piece.faces]
    columns = {f.name: getattr(piece, f.name)[order] for f in fields(piece) if f.name != "faces"}
    return Piece(faces=faces[np.argsort(faces.min(1), kind="stable")], **columns)


def build_meshes(hand: HandData, levels: int = 1) -> Meshes:
    """The meshes of one hand model; `levels`: how often they are subdivided."""
    arm = Arm(hand, sleeve_start_m=0.0)
    loop = arm.rest_skin[arm.loop]
    start = loop.mean(0)
    axis = start - hand.joints_rest[7]
    axis = axis / np.linalg.norm(axis)
    skin = _skin(hand, arm, axis, levels)
    sleeve = _sleeve(hand, arm, levels)
    rings = tuple(_ring(hand, skin, f) for f in range(5))
    return Meshes(skin, sleeve, rings, _watch(skin, start, axis), _props(), start, axis)


def _skin(hand: HandData, arm: Arm, axis: Float64, levels: int) -> Piece:
    refinement = refine(arm.skin_faces, arm.n_skin, levels)
    matrix = refinement.matrix
    rest = matrix @ arm.rest_skin
    n_hand, n_loop = len(hand.template_m), len(arm.loop)
    around = arm.loop[np.arange(arm.n_skin - n_hand) % n_loop]
    control_shape = np.concatenate([hand.shape_dirs, hand.shape_dirs[:, around]], 1)
    shape = np.stack([matrix @ control_shape[k].astype(np.float64) for k in range(N_BETAS)], 1)
    weights = np.concatenate([hand.weights, np.zeros((len(around), N_BONES), np.float32)])
    region = np.concatenate([hand.regions, np.full(len(around), PART_FOREARM)]).astype(np.int64)
    part = region[np.asarray(abs(matrix).argmax(1)).ravel()]
    arm_weight = np.concatenate([np.zeros(n_hand), np.ones(len(around))])
    bones, strongest = strongest_bones(matrix, weights)
    # A vertex is the arm's as soon as it hangs on it more than on the hand.
    bones[matrix @ arm_weight > 0.5] = -1
    normals = vertex_normals(rest, refinement.faces)
    palmward = _palmward(hand, normals, part)
    down = (rest - rest[arm.loop].mean(0)) @ axis
    uv = np.stack([palmward, np.clip(1 + down / 0.03, 0, 1)], 1)
    return Piece(rest, normals, refinement.faces, bones, strongest, shape, part, uv)


def strongest_bones(matrix: sparse.csr_matrix, weights: NDArray[np.floating]) -> tuple[Int, Float64]:
    """The four bones that hold each fine vertex most, and their weights: (V, 4) each."""
    fine = np.clip(matrix @ np.asarray(weights, np.float64), 0, None)
    bones = np.argsort(-fine, 1)[:, :4]
    weight = np.take_along_axis(fine, bones, 1)
    return bones, weight / np.maximum(weight.sum(1, keepdims=True), 1e-9)


def _palmward(hand: HandData, normals: Float64, part: Int) -> Float64:
    """Cosine between each normal and the palm's side of its own finger."""
    facing = -normals[:, 2]
    for f, bones in enumerate(finger_bones(hand)):
        own = -(normals @ bones[1 if f else 2].backward)
        facing = np.where(part == f + 1, own, facing)
    return facing


def _forearm_piece(rest: Float64, faces: Int, shape: Float64, uv: Float64) -> Piece:
    n = len(rest)
    return Piece(
        rest, vertex_normals(rest, faces), faces, np.full((n, 4), -1), np.tile([1.0, 0, 0, 0], (n, 1)), shape,
        np.full(n, PART_FOREARM), uv,
    )  # fmt: skip


def _sleeve(hand: HandData, arm: Arm, levels: int) -> Piece:
    around = np.arange(len(arm.rest_sleeve)) % len(arm.loop)
    shape = hand.shape_dirs[:, arm.loop[around]].transpose(1, 0, 2).astype(np.float64)
    refinement = refine(arm.sleeve_faces, len(arm.rest_sleeve), levels, keep_size=False)
    m = refinement.matrix
    fine_shape = np.stack([m @ shape[:, k] for k in range(N_BETAS)], 1)
    return _forearm_piece(m @ arm.rest_sleeve, refinement.faces, fine_shape, m @ arm.sleeve_uv_m)


def _tube(
    middle: Float64, across: Float64, up: Float64, radii: Float64, profile: Float64
) -> tuple[Float64, Int]:
    """A closed band: its profile (K, 2: outward, along) swept round `middle`. radii: (N,) at each angle."""
    n, k = len(radii), len(profile)
    angle = np.arange(n) * 2 * np.pi / n
    along = np.cross(across, up)
    out = np.cos(angle)[:, None] * across + np.sin(angle)[:, None] * up
    points = middle + (radii[:, None, None] + profile[:, :1]) * out[:, None] + profile[:, 1:] * along
    i, j = np.meshgrid(np.arange(n), np.arange(k), indexing="ij")
    a, b = i * k + j, i * k + (j + 1) % k
    c, d = (i + 1) % n * k + j, (i + 1) % n * k + (j + 1) % k
    faces = np.stack([a, c, b, b, c, d], -1).reshape(-1, 3)
    return points.reshape(-1, 3), faces


def _girth(points: Float64, middle: Float64, across: Float64, up: Float64, n: int) -> Float64:
    """(n,) how far the surface is from an axis at each angle around it."""
    d = points - middle
    angle = np.arctan2(d @ up, d @ across) % (2 * np.pi)
    radius = np.hypot(d @ up, d @ across)
    order = np.argsort(angle)
    return np.interp(np.arange(n) * 2 * np.pi / n, angle[order], radius[order], period=2 * np.pi)


def _ring(hand: HandData, skin: Piece, finger: int) -> Piece:
    """A band at the root of a finger (the thumb: of its second bone)."""
    first = 1 if finger == 0 else 0
    bone = finger_bones(hand)[finger][first]
    middle = bone.head + 0.52 * bone.length * bone.along
    near = np.abs((skin.rest - middle) @ bone.along) < 0.006
    near &= skin.part == finger + 1
    girth = _girth(skin.rest[near], middle, bone.across, bone.backward, 20)
    girth = 0.5 * girth + 0.5 * girth.mean()
    profile = np.array(
        [[-0.0004, -0.0022], [0.0012, -0.0018], [0.0015, 0.0], [0.0012, 0.0018], [-0.0004, 0.0022]]
    )
    rest, faces = _tube(middle, bone.across, bone.backward, girth, profile)
    normals = _outward(rest, faces, middle)
    shape = skin.shape[near]
    nearest = cKDTree(skin.rest[near]).query(rest)[1]
    n = len(rest)
    bones = np.tile([1 + 3 * finger + first, 0, 0, 0], (n, 1))
    return Piece(
        rest, normals[0], normals[1], bones, np.tile([1.0, 0, 0, 0], (n, 1)), shape[nearest],
        np.full(n, finger + 1), np.zeros((n, 2)),
    )  # fmt: skip


def _outward(rest: Float64, faces: Int, middle: Float64) -> tuple[Float64, Int]:
    """Normals and faces, turned over if they point inward on the whole."""
    normals = vertex_normals(rest, faces)
    if np.einsum("vi,vi->v", normals, rest - middle).mean() < 0:
        return -normals, faces[:, ::-1]
    return normals, faces


def _watch(skin: Piece, start: Float64, axis: Float64) -> Piece:
    """A strap around the wrist with a case on the back of the arm."""
    middle = start + WATCH_AT_M * axis
    back = np.array([0.0, 0, 1])
    back = back - axis * (axis @ back)
    back /= np.linalg.norm(back)
    across = np.cross(back, axis)
    near = (np.abs((skin.rest - middle) @ axis) < 0.012) & (skin.part == PART_FOREARM)
    girth = _girth(skin.rest[near], middle, across, back, 32)
    strap = np.array([[-0.002, -0.009], [0.0022, -0.0088], [0.0026, 0.0], [0.0022, 0.0088], [-0.002, 0.009]])
    points, faces = _tube(middle, across, back, girth, strap)
    normals, faces = _outward(points, faces, middle)
    top = middle + back * (girth[8] + 0.001)
    rim = np.array([[-0.017, 0.0], [0.0, 0.0], [0.0, 0.0075], [-0.0015, 0.0095], [-0.017, 0.0095]])
    case, case_faces = _tube(top, across, -axis, np.full(24, 0.018), rim)
    case_normals, case_faces = _outward(case, case_faces, top + 0.003 * back)
    rest = np.concatenate([points, case])
    nearest = cKDTree(skin.rest[near]).query(rest)[1]
    uv = np.zeros((len(rest), 2))
    uv[len(points) :, 0] = 1  # 0 strap, 1 case
    made = _forearm_piece(
        rest, np.concatenate([faces, case_faces + len(points)]), skin.shape[near][nearest], uv
    )
    return Piece(
        rest, np.concatenate([normals, case_normals]), made.faces, made.bones, made.weights, made.shape,
        made.part, uv,
    )  # fmt: skip


def _props() -> tuple[Piece, ...]:
    """A ball, a can and a box, each two across."""
    azimuth, tilt = np.meshgrid(np.linspace(0, 2 * np.pi, 17)[:-1], np.linspace(0, np.pi, 9), indexing="ij")
    ball = np.stack([np.sin(tilt) * np.cos(azimuth), np.cos(tilt), np.sin(tilt) * np.sin(azimuth)], -1)
    rim = np.array([[0.0, -1], [0.94, -1], [1, -0.96], [1, -0.3], [1, 0.3], [1, 0.96], [0.94, 1], [0, 1]])
    angle = azimuth[:, :1]
    can = np.stack(np.broadcast_arrays(rim[:, 0] * np.cos(angle), rim[:, 1], rim[:, 0] * np.sin(angle)), -1)
    wide = np.maximum(abs(np.cos(angle)), abs(np.sin(angle)))[..., None]
    box = can / np.concatenate([wide, np.ones_like(wide), wide], -1)
    return tuple(_prop(grid) for grid in (ball, can, box))


def _prop(grid: Float64) -> Piece:
    """A surface swept round the y axis: grid (N, K, 3)."""
    n, k, _ = grid.shape
    i, j = np.meshgrid(np.arange(n), np.arange(k - 1), indexing="ij")
    a, b, c, d = i * k + j, i * k + j + 1, (i + 1) % n * k + j, (i + 1) % n * k + j + 1
    rest = grid.reshape(-1, 3)
    normals, faces = _outward(rest, np.stack([a, c, b, b, c, d], -1).reshape(-1, 3), np.zeros(3))
    v = n * k
    uv = np.stack([np.repeat(np.arange(n) / n, k), rest[:, 1]], 1) * 0.1
    weights, shape = np.tile([1.0, 0, 0, 0], (v, 1)), np.zeros((v, N_BETAS, 3))
    return Piece(rest, normals, faces, np.zeros((v, 4), np.int64), weights, shape, np.full(v, 9), uv)
