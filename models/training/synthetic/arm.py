"""A forearm and a sleeve for a hand that ends at the wrist: photos never show the end.

The wrist's boundary loop is carried on along a curve that leaves the hand in its own direction and bends
into the direction of the elbow. Rings follow the curve without twist and grow rounder and wider.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.geometry import rotation_from_axis_angle
from models.hand.hand_data import HandData
from models.types import Float64

Int = NDArray[np.int64]

RINGS_M = np.array([0.008, 0.018, 0.03, 0.045, 0.065, 0.09, 0.12, 0.16, 0.2, 0.25, 0.3])
"""Distance of each ring of skin from the wrist loop, metres."""
_GROWTH_AT_M = np.array([0.0, 0.02, 0.05, 0.10, 0.16, 0.22, 0.32])
_GROWTH = np.array([1.0, 1.0, 1.06, 1.24, 1.42, 1.5, 1.5])
_BEND_M = 0.05  # the wrist bends over this length
_CUFF_M = 0.028
_SLEEVE_RINGS = 30


@dataclass(frozen=True)
class ArmMesh:
    """Posed positions, metres, in the frame of the vertices given."""

    skin: Float64  # (778 + 16 * len(RINGS_M), 3): the hand's vertices, then the rings
    sleeve: Float64  # (n, 3)


def boundary_loop(faces: NDArray[np.integer]) -> Int:
    """Vertices of the one open edge of a mesh, in the order in which its faces run along it."""
    sides = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    present = {(int(a), int(b)) for a, b in sides}
    following = {a: b for a, b in present if (b, a) not in present}
    if not following:
        raise ValueError("boundary: expected a mesh open at the wrist, got a closed one")
    loop = [min(following)]
    while (vertex := following[loop[-1]]) != loop[0]:
        loop.append(vertex)
    if len(loop) != len(following):
        raise ValueError("boundary: expected one open edge, got several")
    return np.array(loop)


def tube_faces(rings: Int) -> Int:
    """Faces between consecutive rings (R, n) of vertex numbers; each ring is followed by the next outwards
    from the mesh whose boundary is the first, so the tube is wound as that mesh."""
    a, b = rings[:-1], rings[1:]
    a2, b2 = np.roll(a, -1, 1), np.roll(b, -1, 1)
    return np.stack([a2, a, b, a2, b, b2], -1).reshape(-1, 3)


class Arm:
    """Extends one hand model. Skin and sleeve are separate meshes with fixed faces."""

    def __init__(self, hand: HandData, sleeve_start_m: float = 0.075, seed: int = 0) -> None:
        self.loop = boundary_loop(hand.faces)
        n, size = len(hand.template_m), len(self.loop)
        rings = np.concatenate([self.loop[None], n + np.arange(len(RINGS_M) * size).reshape(-1, size)])
        self.skin_faces = np.concatenate([hand.faces.astype(np.int64), tube_faces(rings)])

        rest = hand.template_m[self.loop].astype(np.float64)
        self._rest_centre = rest.mean(0)
        axis = self._rest_centre - hand.joints_rest[7]  # from the middle knuckle down the arm
        self._axis = axis / np.linalg.norm(axis)
        offsets = rest - self._rest_centre
        self._flat = offsets - np.outer(offsets @ self._axis, self._axis)
        self._radius = float(np.linalg.norm(self._flat, axis=1).mean())
        self._angle = np.arange(size) * 2 * np.pi / size
        self._slant = offsets @ self._axis  # the loop is no plane; rings become planes soon

        k = _SLEEVE_RINGS
        inner, hem = np.array([0.012, 0.002]), np.array([0.0, 0.0025])
        outer = np.concatenate([np.linspace(0.006, _CUFF_M, 4), _CUFF_M + 0.004 + 0.009 * np.arange(k - 8)])
        self._sleeve_m = sleeve_start_m + np.concatenate([inner, hem, outer])
        thickness = np.concatenate(
            [[0.0015, 0.003], [0.0042, 0.006], np.full(4, 0.0066), np.full(len(outer) - 4, 0.0062)]
        )
        rng = np.random.default_rng(seed)
        folds = _folds(rng, len(self._sleeve_m), size)
        folds[: 4 + 4] *= 0.15  # the cuff lies flat
        self._sleeve_thickness = thickness[:, None] + folds
        self.sleeve_faces = tube_faces(np.arange(len(self._sleeve_m) * size).reshape(-1, size))
        self.n_skin = n + len(RINGS_M) * size
        posed = self.pose(hand.template_m, np.eye(3), self._rest_centre + self._axis)
        self.rest_skin, self.rest_sleeve = posed.skin, posed.sleeve
        ring_m = np.repeat(self._sleeve_m, size)
        self.sleeve_uv_m = np.stack([np.tile(self._angle, len(self._sleeve_m)) * 0.045, ring_m], 1)

    def pose(self, vertices_m: NDArray[np.floating], R_wrist: Float64, elbow_m: Float64) -> ArmMesh:
        """Rings for a posed hand. vertices_m: (778, 3). R_wrist: (3, 3) its global rotation.
        elbow_m: (3,) a point that the forearm runs towards."""
        vertices = np.asarray(vertices_m, np.float64)
        loop = vertices[self.loop]
        centre = loop.mean(0)
        start = R_wrist @ self._axis
        goal = np.asarray(elbow_m, np.float64) - centre
        goal /= np.linalg.norm(goal)
        size = float(np.linalg.norm(loop - centre, axis=1).mean()) / float(
            np.hypot(np.linalg.norm(self._flat, axis=1), self._slant).mean()
        )
        skin = self._rings(RINGS_M, centre, start, goal, R_wrist, size, np.zeros((len(RINGS_M), 1)))
        sleeve = self._rings(self._sleeve_m, centre, start, goal, R_wrist, size, self._sleeve_thickness)
        return ArmMesh(np.concatenate([vertices, skin]), sleeve)

    def _rings(
        self,
        at_m: Float64,
        centre: Float64,
        start: Float64,
        goal: Float64,
        R_wrist: Float64,
        size: float,
        thickness_m: Float64,
    ) -> Float64:
        """(len(at_m) * 16, 3) points around the curve at the distances given."""
        axis = np.cross(start, goal)
        sine = float(np.linalg.norm(axis))
        bend = axis / max(sine, 1e-9) * np.arctan2(sine, float(start @ goal))
        fine = np.linspace(0, float(at_m.max()), 200)
        ease = np.clip(fine / _BEND_M, 0, 1)
        ease = ease * ease * (3 - 2 * ease)
        directions = rotation_from_axis_angle(ease[:, None] * bend) @ start
        path = np.concatenate([np.zeros((1, 3)), np.cumsum(directions[:-1] * np.diff(fine)[:, None], 0)])
        bent_fraction = np.interp(at_m, fine, ease)
        middle = centre + np.stack([np.interp(at_m, fine, path[:, i]) for i in range(3)], 1)
        R = rotation_from_axis_angle(bent_fraction[:, None] * bend) @ R_wrist  # (K, 3, 3), no twist added

        flat_radius = np.linalg.norm(self._flat, axis=1)
        outward = self._flat / flat_radius[:, None]
        roundness = np.clip((at_m - 0.01) / 0.15, 0, 0.75)[:, None]
        radius = (1 - roundness) * flat_radius + roundness * self._radius
        radius = radius * np.interp(at_m, _GROWTH_AT_M, _GROWTH)[:, None] + thickness_m
        slant = np.clip(1 - at_m / 0.03, 0, 1)[:, None, None] * self._slant[None, :, None] * self._axis
        points = size * (radius[..., None] * outward + slant)
        return (np.einsum("kij,knj->kni", R, points) + middle[:, None]).reshape(-1, 3)


def _folds(rng: np.random.Generator, rings: int, around: int) -> Float64:
    """(rings, around) metres: how far cloth stands off, folds running mostly around the arm."""
    field = rng.standard_normal((rings, around))
    spectrum = np.fft.fft2(field)
    along = np.abs(np.fft.fftfreq(rings))[:, None]
    round_ = np.abs(np.fft.fftfreq(around))[None]
    band = np.exp(-(((along - 0.16) / 0.08) ** 2) - (round_ / 0.12) ** 2)
    folds = np.real(np.fft.ifft2(spectrum * band))
    return 0.0014 * folds / folds.std()
