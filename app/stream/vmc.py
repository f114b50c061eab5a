"""`vmc://`: the Virtual Motion Capture protocol (OSC over UDP) for VTuber programs: wrists and finger bones.

https://protocol.vmc.info/specification. Its frame is Unity's: x right, y up, z forward, left-handed, metres,
an avatar looking along z. A person who faces the camera looks along our -z, has the right hand at -x and the
head at -y: the map is a reflection in the origin, under which rotations stay the matrices they are. VRM's
rest is the T-pose, with every bone's axes along the avatar's; our hand model's rest is turned into it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from app.frame import FrameHands
from app.stream.address import StreamAddress
from app.stream.osc import bundle, message
from app.stream.udp import UdpSocket
from models.hand.inverse_skinning import PosedHand
from models.hand.poser import HandPoser
from models.types import Handedness, HandMesh

_PARTS = ("Proximal", "Intermediate", "Distal")
BONES = ("Hand", *(f + p for f in ("Thumb", "Index", "Middle", "Ring", "Little") for p in _PARTS))
"""Unity's names of the hand model's 16 bones, in its order, without the side."""
REST_TO_TPOSE = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]])
"""A right hand at rest (seen by a camera: fingers -y, thumb +x, back +z) as in the T-pose, in camera axes:
fingers to the person's right (-x), back up (-y), thumb towards the camera (-z)."""
FOREARM_M = 0.25
"""Where the wrist is along the unseen lower arm: for receivers that move bones, not only turn them."""
_MIRROR = np.array([-1.0, 1.0, 1.0])

Quaternions = NDArray[np.float64]  # x, y, z, w


class VmcSender:
    """Bones of both hands, and where the hands are as two trackers, palmistry_right and palmistry_left."""

    def __init__(self, address: StreamAddress) -> None:
        self._socket = UdpSocket(address)
        self._poser = HandPoser()
        self._start_s: float | None = None

    def send(self, moment: FrameHands) -> None:
        if self._start_s is None:
            self._start_s = moment.time_s
        best: dict[Handedness, HandMesh] = {}
        for hand in sorted(moment.hands, key=lambda hand: hand.presence):
            best[hand.handedness] = hand  # an avatar has one of each
        posed = {side: self._poser(hand) for side, hand in best.items()}
        state = [
            message("/VMC/Ext/OK", "iiii", 1, 3, 0, int(bool(posed))),  # loaded, calibrated, normal, tracking
            message("/VMC/Ext/T", "f", moment.time_s - self._start_s),
        ]
        turns = {side: tpose_rotations(pose, side).as_quat() for side, pose in posed.items()}
        trackers = [_tracker(side, pose, turns[side][0]) for side, pose in posed.items()]
        self._socket.send(bundle([*state, *trackers]))
        for side, pose in posed.items():
            self._socket.send(bundle(self._bones(side, pose, turns[side])))

    def close(self) -> None:
        self._socket.close()

    def _bones(self, side: Handedness, pose: PosedHand, turns: Quaternions) -> Iterable[bytes]:
        rest = self._poser.hand.joints_rest + np.tensordot(pose.betas, self._poser.hand.joint_dirs, 1)
        arms = rest[1:] - rest[self._poser.hand.parents[1:]]
        local = -(arms @ REST_TO_TPOSE.T)  # Unity's axes
        places = np.concatenate([[[FOREARM_M, 0.0, 0.0]], local]) * (_MIRROR if side == "left" else 1.0)
        for name, place, turn in zip(BONES, places, turns, strict=True):
            yield message(
                "/VMC/Ext/Bone/Pos", "sfffffff", f"{side.capitalize()}{name}", *place.tolist(), *turn.tolist()
            )


def tpose_rotations(pose: PosedHand, side: Handedness) -> Rotation:
    """The 16 local rotations from the T-pose, of a left hand's own bones where it is one; Unity's axes.

    The hand's own is said as if the lower arm stayed in the T-pose.
    """
    turns = pose.rotations.copy()
    turns[0] = turns[0] @ REST_TO_TPOSE.T
    turns[1:] = REST_TO_TPOSE @ turns[1:] @ REST_TO_TPOSE.T
    if side == "left":
        turns = _MIRROR[:, None] * turns * _MIRROR
    return Rotation.from_matrix(turns)


def _tracker(side: Handedness, pose: PosedHand, turn: Quaternions) -> bytes:
    wrist = -pose.translation_m * (_MIRROR if side == "left" else 1.0)
    return message("/VMC/Ext/Tra/Pos", "sfffffff", f"palmistry_{side}", *wrist.tolist(), *turn.tolist())


def open_sender(address: StreamAddress, tell: Callable[[str], None]) -> VmcSender:
    """For the registry. Raises UserError."""
    return VmcSender(address)
