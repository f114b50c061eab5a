"""Water poured onto the hand: it splashes, runs over the skin and drips off. Vectorised over all drops."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.effects.declaration import EffectType, NoSettings
from app.effects.gestures import palm_frame
from app.effects.hand_collider import HandCollider
from app.render.scene import EffectContext, Water
from models.hand.hand_data import HandData, load_open_hand
from models.types import Float64

MOST_DROPS = 3500
DROP_RADIUS_M = 0.0024
_POURED_PER_S = 6500.0
_GRAVITY = np.array([0.0, 9.8, 0.0])  # the camera's y looks down
_SOURCE_RADIUS_M = 0.0065
_SOURCE_SPEED_M_S = 1.1
_SOURCE_HEIGHT_M = 0.25  # above the hand at most; lower where the picture's edge comes first
_SOURCE_MEMORY_S = 0.3  # the jug follows the hand slowly
_STEP_S = 1 / 60
_LONGEST_S = 0.25  # without frames for longer, all starts again
_LIFE_S = (1.4, 2.2)

_ON_SKIN_M = 0.0025  # middle of a drop that lies on the skin
_HOLD_M = 0.010  # the skin holds drops this near
_HOLD_PULL = 14.0  # m/s²
_BOUNCE = 0.18
_SPLASH = 0.32  # of the speed into the skin goes sideways, in all directions
_SKIN_DRAG = 26.0  # 1/s
_CELL_M = 0.006
_REST_DROPS = 3.0  # in a cell; more push each other away
_PUSH = 0.035  # m/s for each drop too many, each step
_FASTEST_M_S = 5.0

_STREAK_S = 1 / 90  # a drop is seen as long as it falls in this time ..
_STREAK = np.array([0.0, -1 / 3, -2 / 3])  # .. in so many parts of it
_FLAT = 0.42  # of a whole drop's depth is one that lies on the skin


class WaterEffect:
    """A stream from above onto the first hand; every hand is in its way."""

    def __init__(self, hand: HandData | None = None, seed: int = 0) -> None:
        self._collider = HandCollider(hand or load_open_hand())
        self._random = np.random.default_rng(seed)
        self._time_s = -np.inf
        self._clear()

    @property
    def drops_m(self) -> Float64:
        """(N, 3) where the drops are, camera frame."""
        return self._position

    def place(self, context: EffectContext) -> Sequence[Water]:
        """All drops, as one thing to draw."""
        now, then = context.time_s, self._time_s
        self._time_s = now
        if not 0 <= now - then < _LONGEST_S:
            self._clear()
            then = now
        self._collider.update(context.hands, now)
        steps = max(1, round((now - then) / _STEP_S)) if now > then else 0
        dt = (now - then) / steps if steps else 0.0
        self._aim(context, now - then)
        for _ in range(steps):
            self._pour(dt)
            self._step(dt)
        if not len(self._position):
            return ()
        return (self._scene_item(),)

    def _scene_item(self) -> Water:
        """What falls is drawn out along its way, what lies on the skin is flat."""
        lying, falling, velocity = self._position[self._lying], ~self._lying, self._velocity[~self._lying]
        parts = self._position[falling] + _STREAK_S * _STREAK[:, None, None] * velocity
        apart = np.linalg.norm(velocity, axis=1) * _STREAK_S * -_STREAK[1] / DROP_RADIUS_M
        amounts = 1 / (1 + (len(_STREAK) - 1) * np.exp(-apart))  # parts in one place are one drop
        return Water(
            np.concatenate([lying, parts.reshape(-1, 3)]).astype(np.float32),
            DROP_RADIUS_M,
            np.concatenate([np.full(len(lying), _FLAT), np.tile(amounts, len(_STREAK))]).astype(np.float32),
        )

    def readout(self) -> Sequence[str]:
        """Nothing."""
        return ()

    def _clear(self) -> None:
        self._position = self._velocity = np.zeros((0, 3))
        self._life = np.zeros(0)
        self._lying = np.zeros(0, bool)  # on skin
        self._source: Float64 | None = None
        self._pouring = False
        self._owed = 0.0  # drops to pour, below one

    def _aim(self, context: EffectContext, passed_s: float) -> None:
        self._pouring = bool(context.hands)
        if not context.hands:
            return
        palm = palm_frame(context.hands[0], 0.0)
        camera = context.camera
        front = palm.palm_m if palm.out[2] < 0 else palm.palm_m - 0.03 * palm.out  # the side that is seen
        edge = (-camera.cy - 40) / camera.fy * front[2]
        target = front * [1, 0, 1] + [0, max(edge, front[1] - _SOURCE_HEIGHT_M), 0]
        if self._source is None:
            self._source = target
        self._source = self._source + (target - self._source) * (1 - np.exp(-passed_s / _SOURCE_MEMORY_S))

    def _pour(self, dt: float) -> None:
        if not self._pouring or self._source is None:
            return
        self._owed += dt * _POURED_PER_S
        count = min(int(self._owed), MOST_DROPS - len(self._position))
        self._owed -= int(self._owed)
        if count <= 0:
            return
        random = self._random
        offset = random.normal(0, _SOURCE_RADIUS_M / 2, (count, 3))
        velocity = random.normal([0, _SOURCE_SPEED_M_S, 0], 0.05, (count, 3))
        started = self._source + offset + random.random((count, 1)) * dt * velocity
        self._position = np.concatenate([self._position, started])
        self._velocity = np.concatenate([self._velocity, velocity])
        self._life = np.concatenate([self._life, random.uniform(*_LIFE_S, count)])
        self._lying = np.concatenate([self._lying, np.zeros(count, bool)])

    def _step(self, dt: float) -> None:
        p, v = self._position, self._velocity
        contact = self._collider.contact(p, _HOLD_M)
        near = np.flatnonzero(np.isfinite(contact.distance_m) & (contact.distance_m > -2 * _HOLD_M))
        v = v + dt * _GRAVITY
        lying = np.zeros(len(p), bool)
        if len(near):
            away, normal = contact.distance_m[near], contact.normal[near]
            skin = contact.velocity_m_s[near]
            relative = v[near] - skin
            into = np.einsum("ij,ij->i", relative, normal)
            touching = away < _ON_SKIN_M
            lying[near] = away < 1.5 * _ON_SKIN_M
            hit = touching & (into < 0)
            sideways = self._random.normal(0, 1, (len(near), 3))
            sideways -= np.einsum("ij,ij->i", sideways, normal)[:, None] * normal
            relative = relative - np.where(hit, (1 + _BOUNCE) * into, 0)[:, None] * normal
            hard = np.clip(-into - 0.4, 0, None)  # water that runs along doesn't splash
            relative += np.where(hit, _SPLASH * hard, 0)[:, None] * sideways
            relative -= dt * _HOLD_PULL * np.where(touching, 0, 1)[:, None] * normal
            relative *= np.where(touching, np.exp(-_SKIN_DRAG * dt), 1)[:, None]
            relative += self._apart(p[near])
            v[near] = relative + skin
            out = np.clip(_ON_SKIN_M - away, 0, 0.006)[:, None] * normal
            p = p.copy()
            p[near] += out
        speed = np.sqrt(np.einsum("ij,ij->i", v, v))
        v = v * np.minimum(1, _FASTEST_M_S / np.maximum(speed, 1e-9))[:, None]
        p = p + dt * v
        life = self._life - dt
        alive = (life > 0) & (p[:, 2] > 0.08) & (p[:, 1] < 0.8 * p[:, 2])
        self._position, self._velocity, self._life = p[alive], v[alive], life[alive]
        self._lying = lying[alive]

    def _apart(self, points: Float64) -> Float64:
        """(N, 3) speed that crowded drops gain towards where fewer are."""
        low = points.min(0) - _CELL_M * self._random.random(3)  # no two steps the same cells: none is seen
        cells = ((points - low) / _CELL_M).astype(np.int64) + 1
        shape = cells.max(0) + 2
        if shape.prod() > 400_000:  # hands far apart: no matter
            return np.zeros_like(points)
        stride = np.array([shape[1] * shape[2], shape[2], 1])
        index = cells @ stride
        crowd = np.maximum(np.bincount(index, minlength=int(shape.prod())) - _REST_DROPS, 0)
        slope = np.stack([crowd[index + s] - crowd[index - s] for s in stride], 1)
        jitter = self._random.normal(0, 0.3, points.shape) * crowd[index][:, None]
        return -_PUSH * np.clip(slope + jitter, -6, 6)


EFFECT = EffectType("water", lambda _, __: WaterEffect(), NoSettings, order=60)
