"""A foam ball that lies in the palm, is squeezed when the hand closes and flies up when it opens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from app.effects.declaration import EffectType, NoSettings
from app.effects.gestures import Hysteresis, PalmFrame, closure_hysteresis, held_by, palm_frame
from app.effects.hand_collider import HandCollider
from app.effects.shapes import beach_ball
from app.render.scene import EffectContext, Geometry, HeldBy, Paint, Prop
from models.geometry import rotation_from_axis_angle
from models.hand.hand_data import HandData, load_open_hand
from models.types import Float64, HandMesh

RADIUS_M = 0.026
_GRAVITY = np.array([0.0, 9.8, 0.0])  # the camera's y looks down
_STEP_S = 1 / 120
_LONGEST_S = 0.25  # without frames for longer, all starts again
_PULL = 420.0  # 1/s²: of the palm on the ball, so that it stays in a hand held upright
_HELD_PULL = 1500.0
_REACH_M = 0.22  # beyond, the palm doesn't pull
_TOSS_M_S = 1.35
_FLIGHT_S = 0.22  # after a toss the palm doesn't pull
_BOUNCE = 0.45
_GRIP = 8.0  # 1/s: how fast the skin takes a rolling ball along
_LOST_S = 1.2  # a ball away from its hand for so long comes back
_GROW_S = 0.25
_SQUEEZED = 0.5  # its least size: it is of foam
_FLESH_M = 0.005  # of fingers, that it may reach into beyond their bones' sides
_SQUEEZE_S = 0.06
_BONES_FROM = np.array([0, *(0 if joint % 4 == 1 else joint - 1 for joint in range(1, 21))])  # joints before

_COLOURS = Paint((0.75, 0.05, 0.03), roughness=0.35), Paint((0.85, 0.80, 0.70), roughness=0.35)


@dataclass
class _Ball:
    position_m: Float64
    velocity_m_s: Float64 = field(default_factory=lambda: np.zeros(3))
    rotation: Float64 = field(default_factory=lambda: np.eye(3))
    born_s: float = 0.0
    near_s: float = 0.0  # when it was last near its hand
    tossed_s: float = -np.inf
    size: float = 1.0
    closed: Hysteresis = field(default_factory=closure_hysteresis)
    held_by: HeldBy | None = None


class BallEffect:
    """One ball for each hand."""

    def __init__(self, hand: HandData | None = None) -> None:
        self._collider = HandCollider(hand or load_open_hand())
        self._balls: dict[int, _Ball] = {}  # by HandMesh.track_id
        self._time_s = -np.inf

    def place(self, context: EffectContext) -> Sequence[Prop]:
        """Two props a ball, one for each colour."""
        now, then = context.time_s, self._time_s
        self._time_s = now
        if not 0 <= now - then < _LONGEST_S:
            self._balls, then = {}, now
        self._collider.update(context.hands, now)
        hands = {hand.track_id: hand for hand in context.hands}
        palms = {track_id: palm_frame(hand, RADIUS_M) for track_id, hand in hands.items()}
        for track_id, palm in palms.items():
            ball = self._balls.get(track_id)
            if ball is None or now - ball.near_s > _LOST_S:
                self._balls[track_id] = _Ball(palm.center_m, born_s=now, near_s=now)
        self._balls = {k: b for k, b in self._balls.items() if now - b.near_s <= _LOST_S}
        for track_id, ball in self._balls.items():
            self._move(ball, palms.get(track_id), then, now)
            if (hand := hands.get(track_id)) is not None:
                _squeeze(ball, hand, now - then)
        return [prop for ball in self._balls.values() for prop in _props(ball, now)]

    def readout(self) -> Sequence[str]:
        """Nothing."""
        return ()

    def _move(self, ball: _Ball, palm: PalmFrame | None, then: float, now: float) -> None:
        was_closed = ball.closed.on
        if palm is not None:
            closed = ball.closed.update(palm.closure, now)
            if was_closed and not closed:
                up = np.array([0.0, -1.0, 0.0])
                up += (0.4 + max(float(-up @ palm.out), 0.0)) * palm.out  # never into the hand
                ball.velocity_m_s = _TOSS_M_S * up / np.linalg.norm(up)
                ball.tossed_s = now
            if closed or (_inside(ball, palm) and np.linalg.norm(ball.position_m - palm.center_m) < _REACH_M):
                ball.near_s = now
        steps = max(1, round((now - then) / _STEP_S)) if now > then else 0
        for _ in range(steps):
            self._step(ball, palm, (now - then) / steps, pulled=now - ball.tossed_s > _FLIGHT_S)

    def _step(self, ball: _Ball, palm: PalmFrame | None, dt: float, pulled: bool) -> None:
        acceleration = _GRAVITY.copy()
        closed = palm is not None and ball.closed.on
        if palm is not None and pulled:
            away = palm.center_m - ball.position_m
            if closed or np.linalg.norm(away) < _REACH_M:
                stiff = _HELD_PULL if closed else _PULL
                acceleration = stiff * away - 1.6 * np.sqrt(stiff) * ball.velocity_m_s + 0.2 * _GRAVITY
        ball.velocity_m_s = ball.velocity_m_s + dt * acceleration
        ball.position_m = ball.position_m + dt * ball.velocity_m_s
        if not closed and (palm is None or _inside(ball, palm)):
            self._collide(ball, dt)

    def _collide(self, ball: _Ball, dt: float) -> None:
        points, normals, velocities = self._collider.within(ball.position_m, RADIUS_M)
        towards = ball.position_m - points
        front = (towards * normals).sum(1) > 0  # skin on the other side of a finger doesn't count
        if not front.any():
            return
        depth = RADIUS_M - np.linalg.norm(towards[front], axis=1)
        push = (depth[:, None] * normals[front]).sum(0) / max(depth.sum(), 1e-9)
        normal = push / max(float(np.linalg.norm(push)), 1e-9)
        skin = (depth[:, None] * velocities[front]).sum(0) / max(depth.sum(), 1e-9)
        ball.position_m = ball.position_m + min(float(depth.max()), 0.004) * normal
        relative = ball.velocity_m_s - skin
        into = min(float(relative @ normal), 0.0)
        along = relative - (relative @ normal) * normal
        relative = relative - (1 + _BOUNCE) * into * normal - min(1.0, _GRIP * dt) * along
        ball.velocity_m_s = skin + relative
        ball.rotation = rotation_from_axis_angle(dt * np.cross(normal, along) / RADIUS_M) @ ball.rotation


EFFECT = EffectType("ball", lambda _, __: BallEffect(), NoSettings, order=30)


def _inside(ball: _Ball, palm: PalmFrame) -> bool:
    """Whether it is on the palm's side of the hand; from the other it comes back through it."""
    return bool((ball.position_m - palm.palm_m) @ palm.out > 0)


def _squeeze(ball: _Ball, hand: HandMesh, passed_s: float) -> None:
    """As small as the bones around it want it, with some inertia."""
    ends = hand.joints_m.astype(np.float64)
    starts = ends[_BONES_FROM]
    along = ends - starts
    fraction = ((ball.position_m - starts) * along).sum(1) / np.maximum((along * along).sum(1), 1e-12)
    away = ball.position_m - starts - np.clip(fraction, 0, 1)[:, None] * along
    gap = float(np.linalg.norm(away, axis=1).min()) + _FLESH_M
    target = float(np.clip(gap / RADIUS_M, _SQUEEZED, 1))
    ball.size += (target - ball.size) * (1 - float(np.exp(-passed_s / _SQUEEZE_S)))
    ball.held_by = held_by(hand) if ball.closed.on else None


def _props(ball: _Ball, now: float) -> list[Prop]:
    if ball.position_m[2] < 0.05:
        return []
    pose = np.eye(4)
    grown = float(np.clip((now - ball.born_s) / _GROW_S, 0.05, 1)) if now > ball.born_s else 1.0
    pose[:3, :3], pose[:3, 3] = grown * ball.size * ball.rotation, ball.position_m
    return [
        Prop(part, pose, paint, held_by=ball.held_by) for part, paint in zip(_parts(), _COLOURS, strict=True)
    ]


@lru_cache(maxsize=1)
def _parts() -> tuple[Geometry, Geometry]:
    return beach_ball(RADIUS_M)
