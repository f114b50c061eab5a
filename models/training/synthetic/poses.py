"""What fingers do in front of a webcam, as the angles of their joints.

MobRecon's protocol (Chen et al., CVPR 2022): every combination of bent and straight fingers, 32 in all, and
three steps between each of their 496 pairs. Beside it what real hands do more often: counting, pointing,
fists, pinches, grasps, the straight hand of a ring try-on, and anything that anatomy allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.hand.hand_data import HandData
from models.hand.joint_limits import LIMITS_DEG, clamp
from models.manifest import ASSETS, read_manifest
from models.training.synthetic.posing import Poser
from models.types import Float64

# Degrees from the open hand's rest: (knuckle, middle joint, end joint) of a finger ...
_STRAIGHT, _RELAXED, _BENT = (-12.0, -8.0, -3.0), (4.0, 6.0, 4.0), (62.0, 86.0, 46.0)
# ... and (base flexion, abduction, twist, knuckle, end joint) of the thumb.
_THUMB_OUT = (-12.0, 2.0, -4.0, -10.0, -10.0)
_THUMB_ALONG = (2.0, -22.0, 2.0, -2.0, 0.0)
_THUMB_ACROSS = (26.0, 10.0, 11.0, 28.0, 38.0)
_THUMB_OPPOSED = (18.0, 16.0, 22.0, 10.0, 22.0)
_THUMB_ROUND = (4.0, 26.0, 14.0, 0.0, 16.0)


def _shape(
    curls: tuple[float, ...],
    thumb: tuple[float, ...],
    splay: float = 0.0,
    hook: float = 0.0,
    table: float = 0.0,
) -> Float64:
    """(15, 3) degrees. curls: 0 straight to 1 bent, index to little; splay: -1 together to 1 spread; hook:
    bend in the outer joints alone; table: in the knuckles alone."""
    a = np.zeros((15, 3))
    a[0], a[1, 0], a[2, 0] = thumb[:3], thumb[3], thumb[4]
    straight, bent = np.array(_STRAIGHT), np.array(_BENT)
    for f, curl in enumerate(curls):
        flexion = (
            straight + curl * (bent - straight) + hook * np.array([0, 60, 36]) + table * np.array([60, 0, 0])
        )
        a[3 + 3 * f : 6 + 3 * f, 0] = flexion
        a[3 + 3 * f, 1] = (splay * np.array([12.0, 3.0, -6.0, -16.0]) + np.array([-2, 2, 4, 5]))[f] * (
            1 - curl
        )
    return a


_KEYS: tuple[tuple[float, Float64], ...] = (
    # weight, pose: what people show to cameras
    (3.0, _shape((0.05, 0.05, 0.05, 0.05), _THUMB_OUT, 0.3)),  # open
    (2.0, _shape((0, 0, 0, 0), _THUMB_OUT, 1.0)),  # spread
    (2.0, _shape((0.02, 0.02, 0.02, 0.02), _THUMB_ALONG, -1.0)),  # ring try-on, fingers together
    (2.0, _shape((0.05, 0.06, 0.06, 0.05), _THUMB_ALONG, -0.2)),
    (1.5, _shape((0.2, 0.22, 0.25, 0.28), _THUMB_ALONG, -0.3)),  # relaxed
    (1.5, _shape((0.4, 0.45, 0.5, 0.5), _THUMB_ROUND, -0.4)),
    (3.0, _shape((1, 1, 1, 1), _THUMB_ACROSS)),  # fist
    (1.5, _shape((1, 1, 1, 1), _THUMB_ALONG)),  # fist, thumb at its side
    (1.5, _shape((1, 1, 1, 1), _THUMB_OUT)),  # thumb up
    (2.5, _shape((0, 1, 1, 1), _THUMB_ACROSS)),  # one
    (1.5, _shape((0, 1, 1, 1), _THUMB_OUT)),  # L
    (2.5, _shape((0, 0, 1, 1), _THUMB_ACROSS, 0.8)),  # two
    (1.0, _shape((0, 0, 1, 1), _THUMB_ACROSS, -1)),
    (1.0, _shape((0, 0, 1, 1), _THUMB_OUT, 0.5)),  # three with the thumb
    (2.0, _shape((0, 0, 0, 1), _THUMB_ACROSS, 0.4)),  # three
    (2.0, _shape((0, 0, 0, 0), _THUMB_ACROSS, 0.4)),  # four
    (1.0, _shape((0, 0, 0, 0), _THUMB_ACROSS, -1)),
    (1.0, _shape((0, 1, 1, 0), _THUMB_ACROSS)),  # horns
    (1.0, _shape((1, 1, 1, 0), _THUMB_OUT)),  # call me
    (0.7, _shape((1, 1, 1, 0), _THUMB_ACROSS)),
    (1.5, _shape((0.55, 0.05, 0.08, 0.1), _THUMB_OPPOSED, 0.5)),  # OK
    (1.0, _shape((0.5, 0.9, 0.95, 1), _THUMB_OPPOSED)),  # pinch
    (1.0, _shape((0.5, 0.52, 0.55, 0.6), _THUMB_OPPOSED, -0.6)),  # all tips together
    (1.0, _shape((0.3, 0.3, 0.3, 0.3), _THUMB_ROUND, 0.0)),  # C, a bottle in the hand
    (0.7, _shape((0.6, 0.62, 0.65, 0.7), _THUMB_ROUND, -0.5)),  # a stick in the hand
    (0.8, _shape((0.1, 0.1, 0.1, 0.1), _THUMB_ROUND, 0.9, 0.8)),  # claw, a ball in the hand
    (0.6, _shape((0, 0, 0, 0), _THUMB_ALONG, -0.5, 1.0)),  # hook
    (1.0, _shape((0.1, 0.1, 0.12, 0.15), _THUMB_OPPOSED, -0.4, table=0.8)),  # a board in the hand
    (0.8, _shape((0.1, 0.12, 0.15, 0.2), _THUMB_ROUND, -0.2, 0.3, 0.5)),  # a telephone
    (0.6, _shape((0.55, 0.0, 0.0, 0.0), _THUMB_OUT, 0.2)),
    (0.6, _shape((0.0, 0.75, 0.0, 0.0), _THUMB_OUT, 0.2)),
    (0.6, _shape((0.0, 0.0, 0.8, 0.0), _THUMB_OPPOSED, 0.2)),
)


def protocol() -> Float64:
    """(1520, 15, 3) degrees: MobRecon's bases and the three steps between each pair."""
    bases = np.stack(
        [
            _shape(tuple(float(k >> f & 1) for f in range(1, 5)), _THUMB_ACROSS if k & 1 else _THUMB_OUT, 0.2)
            for k in range(32)
        ]
    )
    steps = [
        bases[i] + t * (bases[j] - bases[i]) for i, j in combinations(range(32), 2) for t in (0.25, 0.5, 0.75)
    ]
    return np.concatenate([bases, np.stack(steps)])


@dataclass(frozen=True)
class _Capsules:
    """Bones as thick lines, and the pairs that may touch but not share space."""

    radius_m: Float64  # (19,) five fingers by three bones, then four metacarpals
    first: NDArray[np.intp]
    second: NDArray[np.intp]


def _capsules() -> _Capsules:
    radius = np.concatenate([[0.010, 0.009, 0.0075], np.tile([0.0078, 0.007, 0.006], 4), np.full(4, 0.007)])
    finger = np.concatenate([np.repeat(np.arange(5), 3), np.arange(1, 5)])
    bone = np.concatenate([np.tile(np.arange(3), 5), np.full(4, -1)])
    pairs = [
        (i, j)
        for i, j in combinations(range(19), 2)
        if (bone[i] >= 0 and bone[j] >= 0 and finger[i] != finger[j] and bone[i] + bone[j] > 0)
        or (bone[j] < 0 and bone[i] == 2)  # fingertips and the palm
    ]
    first, second = np.array(pairs).T
    return _Capsules(radius, first, second)


def segment_distance(a: Float64, b: Float64, c: Float64, d: Float64) -> Float64:
    """(...,) least distance between segments a-b and c-d, (..., 3) each (Ericson 2005, 5.1.9)."""
    u, v, w = b - a, d - c, a - c
    uu, vv, uv, uw, vw = _dot(u, u), _dot(v, v), _dot(u, v), _dot(u, w), _dot(v, w)
    s = np.clip((uv * vw - uw * vv) / np.maximum(uu * vv - uv * uv, 1e-12), 0, 1)
    t = np.clip((uv * s + vw) / vv, 0, 1)
    s = np.clip((uv * t - uw) / uu, 0, 1)
    gap = w + s[..., None] * u - t[..., None] * v
    return np.sqrt(_dot(gap, gap))


def _dot(a: Float64, b: Float64) -> Float64:
    return np.asarray(np.einsum("...i,...i->...", a, b))


_REAL = 0.35
"""Of the poses drawn, those that were measured on real hands, where there are any."""


class MeasuredPoses:
    """Poses of real hands, as `tools.build.real_poses` keeps them: frames of several recordings."""

    def __init__(self, angles: ArrayLike, group: ArrayLike) -> None:
        """angles: (N, 15, 3) radians. group: (N,) the recording. Raises ValueError for other shapes."""
        self.angles, group = np.asarray(angles, np.float64), np.asarray(group)
        if self.angles.shape[1:] != (15, 3) or group.shape != (len(self.angles),):
            raise ValueError(f"poses: expected (N, 15, 3) and (N,), got {self.angles.shape}, {group.shape}")
        # A long recording shows more, but not in proportion.
        _, at, count = np.unique(group, return_inverse=True, return_counts=True)
        weight = count[at] ** -0.5
        self._chance = weight / weight.sum()

    @staticmethod
    def shipped() -> MeasuredPoses | None:
        """The project's own, or None where they don't ship."""
        listed = read_manifest().get("hand/real_poses.npz") if (ASSETS / "manifest.json").is_file() else None
        if listed is None:
            return None
        listed.check()
        with np.load(listed.path, allow_pickle=False) as file:
            return MeasuredPoses(file["angles"], file["group"])

    def draw(self, rng: np.random.Generator, n: int) -> Float64:
        """(n, 15, 3) radians; a third of them between two poses of whatever recordings."""
        one, other = (self.angles[rng.choice(len(self.angles), n, p=self._chance)] for _ in range(2))
        between = np.where(rng.random(n) < 0.67, 0.0, rng.random(n))[:, None, None]
        return np.asarray(one + between * (other - one))


class PoseSource:
    """Draws finger poses of one hand model that don't run through themselves."""

    TOUCH = 0.70
    """Skin gives: bones may come as near as this fraction of their radii."""

    def __init__(self, hand: HandData, measured: MeasuredPoses | None = None) -> None:
        """measured: poses of real hands, mixed in; None: none."""
        self._poser, self._measured = Poser(hand), measured
        self._capsules = _capsules()
        self._protocol = protocol()
        self._keys = np.stack([pose for _, pose in _KEYS])
        weights = np.array([weight for weight, _ in _KEYS])
        self._weights = weights / weights.sum()

    def draw(self, rng: np.random.Generator, n: int) -> Float64:
        """(n, 15, 3) flexion, abduction, twist, radians from rest."""
        angles = self._propose(rng, n)
        bad = np.flatnonzero(self.intersects(angles))
        for _ in range(4):
            if len(bad) == 0:
                return angles
            angles[bad] = self._propose(rng, len(bad))
            bad = bad[self.intersects(angles[bad])]
        for _ in range(4):  # the stubborn few are opened step by step
            angles[bad] *= 0.6
            bad = bad[self.intersects(angles[bad])]
        return angles

    def intersects(self, angles: Float64) -> NDArray[np.bool_]:
        """(n,) whether a pose of the mean hand has two bones in one place. angles: (n, 15, 3) radians."""
        n = len(angles)
        centres, tips = self._poser.skeletons(angles)
        heads = centres[:, 1:].reshape(n, 5, 3, 3)
        ends = np.concatenate([heads[:, :, 1:], tips[:, :, None]], 2)
        knuckles = heads[:, 1:, 0]
        palm = 0.25 * knuckles  # bones of the palm are deep inside it near the wrist
        start = np.concatenate([heads.reshape(n, 15, 3), palm], 1)
        end = np.concatenate([ends.reshape(n, 15, 3), 0.95 * knuckles], 1)
        i, j, r = self._capsules.first, self._capsules.second, self._capsules.radius_m
        gap = segment_distance(start[:, i], end[:, i], start[:, j], end[:, j])
        return np.asarray((gap < self.TOUCH * (r[i] + r[j])).any(1))

    def _propose(self, rng: np.random.Generator, n: int) -> Float64:
        kind = rng.random(n)
        named = self._keys[rng.choice(len(self._keys), n, p=self._weights)]
        other = self._keys[rng.choice(len(self._keys), n, p=self._weights)]
        between = np.where(rng.random(n) < 0.7, 0.0, rng.random(n))[:, None, None]
        shown = named + between * (other - named)
        degrees = np.where(kind[:, None, None] < 0.5, shown, self._protocol[rng.integers(1520, size=n)])
        degrees = np.where(kind[:, None, None] > 0.72, self._random_pose(rng, n), degrees)
        degrees = np.where(kind[:, None, None] > 0.86, self._grips(rng, n), degrees)
        if self._measured is not None:
            real = rng.random(n)[:, None, None] < _REAL
            degrees = np.where(real, np.degrees(self._measured.draw(rng, n)), degrees)
        return clamp(np.radians(degrees + self._jitter(rng, n)))

    def _grips(self, rng: np.random.Generator, n: int) -> Float64:
        """Round things of any breadth and flat ones: the fingers bend alike, the thumb opposes."""
        thumbs = np.array([_shape((0, 0, 0, 0), t)[:3] for t in (_THUMB_OPPOSED, _THUMB_ROUND, _THUMB_ALONG)])
        a = np.zeros((n, 15, 3))
        t = rng.dirichlet([1.0, 1.0, 0.4], n)
        a[:, :3] = np.einsum("nk,kjx->njx", t, thumbs)
        alike, finger = rng.random((n, 1)), rng.normal(0, 8, (n, 4))
        slope = rng.normal(4, 5, (n, 1)) * np.arange(4)  # the little finger closes further
        knuckle = rng.uniform(0, 85, (n, 1)) + slope + finger
        middle = 90 * alike + slope + rng.normal(0, 8, (n, 4))
        a[:, 3::3, 0], a[:, 4::3, 0] = knuckle, middle
        a[:, 5::3, 0] = rng.uniform(0.2, 0.8, (n, 1)) * middle
        a[:, 3::3, 1] = rng.normal(0, 0.6, (n, 1)) * [12, 3, -6, -16]
        return a

    def _jitter(self, rng: np.random.Generator, n: int) -> Float64:
        """(n, 15, 3) degrees: noise of the whole hand, of each finger and of each joint."""
        noise = np.zeros((n, 15, 3))
        noise[..., 0] = rng.normal(0, 5, (n, 1)) + np.repeat(rng.normal(0, 6, (n, 5)), 3, 1)
        noise += rng.normal(0, 1, (n, 15, 3)) * [4, 3.5, 2]
        return noise

    def _random_pose(self, rng: np.random.Generator, n: int) -> Float64:
        """(n, 15, 3) degrees within the joint limits; neighbouring fingers and joints are correlated."""
        low, high = LIMITS_DEG[..., 0], LIMITS_DEG[..., 1]
        whole = rng.random((n, 1))
        curl = np.clip(whole + rng.normal(0, 0.35, (n, 4)), 0, 1)
        u = rng.beta(1.2, 1.2, (n, 15, 3))
        knuckle = 0.65 * curl + 0.35 * rng.random((n, 4))
        middle = np.clip(0.6 * curl + 0.4 * rng.random((n, 4)), 0, 1)
        end = np.clip(0.75 * middle + rng.normal(0, 0.12, (n, 4)), 0, 1)
        u[:, 3:, 0] = np.stack([knuckle, middle, end], -1).reshape(n, 12)
        return low + u * (high - low)
