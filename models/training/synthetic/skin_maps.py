"""What skin looks like where: two maps of the hand at rest, seen square on from the palm and the back.

Each texel knows its point of the rest surface, and pigments, creases and nails are functions of that point
in the frames of the finger bones, so the two maps agree where they meet at the fingers' sides.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import moderngl
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from models.hand.hand_data import HandData
from models.training.synthetic.rest_view import Bone, finger_bones, render_rest_maps
from models.types import Float64

TEXEL_M = 0.00025
_BELOW_WRIST_M = 0.06


@dataclass(frozen=True)
class SkinMaps:
    """Channels: melanin and haemoglobin as factors of the person's own, height in millimetres, nail 0..1."""

    palm: NDArray[np.float32]  # (H, W, 4), rows along rest y, columns along rest x
    back: NDArray[np.float32]
    window: tuple[float, float, float, float]  # rest x, y of the first texel's corner; width, height, metres


def paint_skin(
    context: moderngl.Context,
    hand: HandData,
    rest: Float64,
    normals: Float64,
    faces: NDArray[np.int64],
    parts: NDArray[np.integer],
    seed: int = 0,
) -> SkinMaps:
    """Paint both maps. rest, normals, faces, parts: the refined mesh at rest with its forearm."""
    low = rest[:, :2].min(0) - 0.004
    high = np.array([rest[:, 0].max() + 0.004, hand.joints_rest[0, 1] + _BELOW_WRIST_M])
    size = np.ceil((high - low) / TEXEL_M).astype(int)
    window = (float(low[0]), float(low[1]), float(size[0] * TEXEL_M), float(size[1] * TEXEL_M))
    size_wh = (int(size[0]), int(size[1]))
    noise = _Noise(size_wh[::-1], seed)
    maps = []
    for side in (1.0, -1.0):
        p, n, part = render_rest_maps(
            context, side, rest, normals, faces, parts, window, (int(size[0]), int(size[1]))
        )
        maps.append(_paint(hand, p, n, part, noise))
    return SkinMaps(maps[0], maps[1], window)


class _Noise:
    """Smooth random fields of unit variance over the map, the same for both sides."""

    def __init__(self, shape: tuple[int, int], seed: int) -> None:
        self._shape, self._rng = shape, np.random.default_rng(seed)
        self.blotch, self.mottle, self.fine = (self._field(mm) for mm in (7.0, 2.2, 0.7))
        self.warp = self._field(9.0)

    def _field(self, scale_mm: float) -> Float64:
        field = gaussian_filter(self._rng.standard_normal(self._shape), scale_mm / (1000 * TEXEL_M) / 2)
        return field / field.std()


def _bump(x: Float64 | float, width: float) -> Float64:
    return np.exp(-((np.asarray(x) / width) ** 2))


def _step(x: Float64, low: float, high: float) -> Float64:
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def _paint(
    hand: HandData, p: Float64, n: Float64, part: NDArray[np.int64], noise: _Noise
) -> NDArray[np.float32]:
    fingers = finger_bones(hand)
    volar = _step(_palmward(fingers, n, part), -0.25, 0.45)
    skin = np.stack(
        [
            1.0 - 0.32 * volar + 0.05 * noise.blotch + 0.03 * noise.mottle,
            0.86 + 0.22 * volar + 0.07 * noise.blotch + (0.05 + 0.05 * volar) * noise.mottle,
            0.015 * noise.fine + 0.015 * noise.mottle + (1 - volar) * _tendons(hand, p, part),
            np.zeros_like(volar),
        ],
        -1,
    )
    skin[..., :3] += (_palm_lines(hand, p, part, noise) * volar)[..., None] * [0.28, 0.34, -0.45]
    for f, bones in enumerate(fingers):
        own = part == f + 1
        for b, bone in enumerate(bones):
            near = own if b or f == 0 else own | (part == 0)
            skin[near] += _joint(bone, f, b, p[near], volar[near], noise.warp[near])
        skin[own, 1] += _fingertip_blood(bones[2], p[own], volar[own])
        skin[own] = _nail(bones[2], f, p[own], n[own], skin[own])
    skin = np.clip(skin, [0.05, 0.03, -2, 0], [2, 2.5, 2, 1])
    return np.asarray(cv2.GaussianBlur(skin.astype(np.float32), (0, 0), 0.8), np.float32)


def _palmward(fingers: list[list[Bone]], n: Float64, part: NDArray[np.int64]) -> Float64:
    """Cosine between the surface normal and the palm's side of its own finger."""
    facing = -n[..., 2]
    for f, bones in enumerate(fingers):
        facing = np.where(part == f + 1, -(n @ bones[1 if f else 2].backward), facing)
    return np.asarray(cv2.GaussianBlur(facing, (0, 0), 6), np.float64)


def _joint(bone: Bone, finger: int, b: int, p: Float64, volar: Float64, warp: Float64) -> Float64:
    """(n, 4) what the joint at a bone's head adds: a knuckle on the back, creases on the palm side."""
    x, y, _ = bone.local(p)
    back = 1 - volar
    knuckle = _bump(y, 0.0075 if b else 0.011) * _bump(x, 0.010)
    wobble = 0.0006 * warp
    wrinkles = np.zeros_like(x)
    if b:
        for k, at in enumerate((-0.0042, -0.0022, -0.0003, 0.0016, 0.0036)):
            bow = 6.0 * (k - 2) * x * x
            wrinkles += (0.6 + 0.4 * (k % 2)) * _bump(y - at - bow + wobble, 0.0005) * _bump(x, 0.0065)
        if b == 2:
            wrinkles *= 0.6
    creases = np.zeros_like(x)
    web = 0.42 * bone.length  # where a finger leaves the palm
    ats: tuple[float, ...] = ((web, web + 0.0022), (-0.0012, 0.0012), (0.0,))[b]
    if finger == 0 and b < 2:
        ats = ()  # the ball of the thumb has none
    for at in ats:
        creases += _bump(y - at + wobble + 2.0 * x * x, 0.0006)
    melanin = back * (0.26 * knuckle + 0.40 * wrinkles) + volar * 0.22 * creases
    blood = back * (0.32 * knuckle + 0.20 * wrinkles) + volar * 0.28 * creases
    height = -back * 0.22 * wrinkles - volar * 0.4 * creases
    return np.stack([melanin, blood, height, np.zeros_like(x)], -1)


def _fingertip_blood(bone: Bone, p: Float64, volar: Float64) -> Float64:
    _, y, _ = bone.local(p)
    return (0.10 + 0.14 * volar) * _step(y, 0.1 * bone.length, 0.8 * bone.length)


def _nail(bone: Bone, finger: int, p: Float64, n: Float64, skin: Float64) -> Float64:
    """Lay a nail on the back of an end bone, (n, 4) to (n, 4): fold, plate, pale moon and free edge."""
    x, y, _ = bone.local(p)
    half = (0.0068, 0.0053, 0.0056, 0.0053, 0.0043)[finger]
    start, end = 0.50 * bone.length, 0.97 * bone.length
    middle, reach = (start + end) / 2, (end - start) / 2
    # The plate wraps round the finger: measure across it along the arc.
    arc = half * np.arcsin(np.clip(x / (1.25 * half), -1, 1)) * 1.25
    u, v = arc / half, (y - middle) / reach
    v = v + 0.12 * u * u * np.sign(v)
    edge = np.where(v > 0, np.abs(u) ** 3 + np.abs(v) ** 3, np.abs(u) ** 4 + np.abs(v) ** 2.6) ** (1 / 3)
    on_back = n @ bone.backward > 0.05
    plate = np.where(on_back, 1 - _step(edge, 0.95, 1.04), 0)
    fold = np.where(on_back, _bump(edge - 1.06, 0.07), 0) * _step(-v, -0.75, -0.2)
    moon = plate * (1 - _step(np.hypot(0.8 * u, v + 1.05), 0.30, 0.42))
    rim = plate * _step(v - 0.06 * u * u, 0.82, 0.90)
    under = np.stack([0.10 * fold, 0.26 * fold, -0.16 * fold, np.zeros_like(u)], -1)
    over = np.stack(
        [0.55 - 0.16 * moon - 0.22 * rim, 1.15 - 0.40 * moon - 0.62 * rim, 0.12 + 0 * u, 1 + 0 * u], -1
    )
    return skin + under + plate[:, None] * (over - skin)


def _tendons(hand: HandData, p: Float64, part: NDArray[np.int64]) -> Float64:
    """Extensor tendons: faint ridges from the wrist to the four knuckles, millimetres."""
    ridge = np.zeros(part.shape)
    wrist = hand.joints_rest[0, :2].astype(np.float64)
    for j in (4, 7, 10, 13):
        knuckle = hand.joints_rest[j, :2].astype(np.float64)
        origin = wrist + 0.22 * (knuckle - wrist) * [1, 0]
        d = knuckle - origin
        t = np.clip(((p[..., :2] - origin) @ d) / (d @ d), 0, 1)
        off = np.linalg.norm(p[..., :2] - origin - t[..., None] * d, axis=-1)
        ridge += 0.5 * _bump(off, 0.0028) * _step(t, 0.25, 0.7) * (1 - _step(t, 0.9, 1.0))
    return np.where(part == 0, ridge, 0)


def _palm_lines(hand: HandData, p: Float64, part: NDArray[np.int64], noise: _Noise) -> Float64:
    """Depth 0..1 of the heart, head and life lines and of the wrist's creases."""
    j = hand.joints_rest[:, :2].astype(np.float64)
    wrist, index, middle, little = j[0], j[4], j[7], j[13]
    lateral = (index - little) / np.linalg.norm(index - little)
    up = middle - wrist

    def at(across: float, along: float) -> Float64:
        return little + across * (index - little) + along * up

    heart = (at(-0.26, -0.12), at(0.30, -0.16), at(0.66, 0.04), at(0.72, 0.17))
    head = (at(1.25, -0.10), at(0.85, -0.20), at(0.35, -0.30), at(-0.02, -0.48))
    life = (at(1.25, -0.12), at(0.72, -0.26), at(0.50, -0.58), at(0.66, -0.90))
    warp = 0.0011 * np.stack([noise.warp, np.roll(noise.warp, 97, 0)], -1)
    q = p[..., :2] + warp
    depth = np.zeros(part.shape)
    palm = (part == 0) | (part == 1)
    for curve, strength, width in ((heart, 0.9, 0.0008), (head, 0.8, 0.0007), (life, 1.0, 0.0009)):
        off, t = _distance(q[palm], np.array(curve))
        depth[palm] += strength * _bump(off, width) * (1 - 0.6 * _step(t, 0.7, 1.0))
    for along, strength in ((0.012, 0.7), (0.020, 0.45)):
        off = (q - wrist) @ (up / np.linalg.norm(up)) + along - 3.0 * ((q - wrist) @ lateral) ** 2 - 0.012
        depth += strength * _bump(off, 0.0007) * ((part == 0) | (part == 6))
    return depth


def _distance(q: Float64, bezier: Float64) -> tuple[Float64, Float64]:
    """Distance of points (n, 2) from a cubic Bezier curve (4, 2), and where along it, 0..1."""
    t = np.linspace(0, 1, 400)
    a, b, c, d = bezier[:, None]
    s = t[:, None]
    curve = (1 - s) ** 3 * a + 3 * s * (1 - s) ** 2 * b + 3 * s * s * (1 - s) * c + s**3 * d
    off, nearest = cKDTree(curve).query(q)
    return off, t[nearest]
