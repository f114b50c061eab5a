"""`vmc://`: the Virtual Motion Capture protocol (OSC over UDP) for VTuber programs: wrists and finger bones.

https://protocol.vmc.info/specification. Its frame is Unity's: x right, y up, z forward, left-handed, metres,
an avatar looking along z. A person who faces the camera looks along our -z, has the right hand at -x and the
head at -y: the map is a reflection in the origin, under which rotations stay the matrices they are. VRM's
rest is the T-pose, with every bone's axes along the avatar's; our hand model's rest is turned into it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy.spatial.transform import Rotation

from app.frame import FrameHands
from app.stream.address import StreamAddress
from app.stream.osc import Bundles, Message
from app.stream.udp import UdpSocket
from models.hand.bone_turns import BoneTurns
from models.hand.hand_data import HandData, load_open_hand
from models.types import Float64, Handedness, HandMesh

_PARTS = ("Proximal", "Intermediate", "Distal")
BONES = ("Hand", *(f + p for f in ("Thumb", "Index", "Middle", "Ring", "Little") for p in _PARTS))
"""Unity's names of the hand model's 16 bones, in its order, without the side."""
REST_TO_TPOSE = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]])
"""A right hand at rest (seen by a camera: fingers -y, thumb +x, back +z) as in the T-pose, in camera axes:
fingers to the person's right (-x), back up (-y), thumb towards the camera (-z)."""
FOREARM_M = 0.25
"""Where the wrist is along the unseen lower arm: for receivers that move bones, not only turn them."""
_MIRROR = np.array([-1.0, 1.0, 1.0])


class VmcSender:
    """Bones of both hands, and where the hands are as two trackers, palmistry_right and palmistry_left."""

    def __init__(self, address: StreamAddress) -> None:
        self._socket = UdpSocket(address)
        self._bones = Bones(load_open_hand())
        self._bundle = Bundles()
        self._start_s: float | None = None

    def send(self, moment: FrameHands) -> None:
        if self._start_s is None:
            self._start_s = moment.time_s
        best: dict[Handedness, HandMesh] = {}
        for hand in sorted(moment.hands, key=lambda hand: hand.presence):
            best[hand.handedness] = hand  # an avatar has one of each
        posed = {side: self._bones(hand) for side, hand in best.items()}
        trackers = [np.append(wrist, turns[0]) for wrist, _, turns in posed.values()]
        state = 1, 3, 0, int(bool(posed))  # loaded, calibrated, normal, tracking
        floats = np.concatenate([[moment.time_s - self._start_s], *trackers])
        self._socket.send(self._bundle(_state(tuple(posed))).filled(state, floats))
        for side, (_, places, turns) in posed.items():
            self._socket.send(self._bundle(_all_bones(side)).filled((), np.hstack([places, turns]).ravel()))

    def close(self) -> None:
        self._socket.close()


class Bones:
    """A hand as VMC has it, by its pose; where a model says none, by how the bones lie in its mesh."""

    def __init__(self, hand: HandData) -> None:
        joints = np.concatenate([hand.joints_rest[None], hand.joint_dirs]).astype(np.float64)
        arms = joints[:, 1:] - joints[:, hand.parents[1:]]
        self._arms = -(arms @ REST_TO_TPOSE.T).reshape(len(arms), -1)  # Unity's axes
        self._found_in = BoneTurns(hand)

    def __call__(self, hand: HandMesh) -> tuple[Float64, Float64, Float64]:
        """Where the wrist is (3,), and of the 16 bones the places (16, 3) and turns (16, 4); Unity's axes."""
        flip = _MIRROR if hand.handedness == "left" else np.ones(3)
        if hand.pose is None:
            rotations, wrist = self._found_in(hand.vertices_m * flip)
            arms = self._arms[0]
        else:
            rotations = hand.pose.rotations.astype(np.float64)
            wrist = hand.pose.translation_m.astype(np.float64)
            arms = self._arms[0] + hand.pose.betas @ self._arms[1:]
        places = np.concatenate([[[FOREARM_M, 0.0, 0.0]], arms.reshape(-1, 3)]) * flip
        turns = Rotation.from_matrix(tpose_rotations(rotations, hand.handedness))
        return -wrist * flip, places, turns.as_quat()


def tpose_rotations(rotations: Float64, side: Handedness) -> Float64:
    """(16, 3, 3) of the right-hand model as from the T-pose, of a left hand's own bones where it is one; axes
    of Unity. The hand's own is said as if the lower arm stayed in the T-pose."""
    turns = rotations.copy()
    turns[0] = turns[0] @ REST_TO_TPOSE.T
    turns[1:] = REST_TO_TPOSE @ turns[1:] @ REST_TO_TPOSE.T
    return _MIRROR[:, None] * turns * _MIRROR if side == "left" else turns


@lru_cache(maxsize=8)
def _state(sides: tuple[Handedness, ...]) -> tuple[Message, ...]:
    trackers = (("/VMC/Ext/Tra/Pos", "fffffff", f"palmistry_{side}") for side in sides)
    return (("/VMC/Ext/OK", "iiii", ""), ("/VMC/Ext/T", "f", ""), *trackers)


@lru_cache(maxsize=8)
def _all_bones(side: Handedness) -> tuple[Message, ...]:
    return tuple(("/VMC/Ext/Bone/Pos", "fffffff", f"{side.capitalize()}{name}") for name in BONES)


def open_sender(address: StreamAddress, tell: Callable[[str], None]) -> VmcSender:
    """For the registry. Raises UserError."""
    return VmcSender(address)
