"""The pose of every hand of a video, whoever asks: handed over with the hand, or found in its mesh once."""

from __future__ import annotations

import numpy as np

from models.hand.hand_data import HandData, load_open_hand
from models.hand.inverse_skinning import InverseSkinning, PosedHand
from models.types import Handedness, HandMesh

MIRROR = np.array([-1.0, 1.0, 1.0])
TRUSTED_M = 5e-4
"""Parameters that come with a hand are taken as they are if they meet its mesh so well (RMS)."""
_AFRESH_S = 0.5  # a hand that was gone for longer is no neighbour any more


class HandPoser:
    """Exports that share one ask for the same frame's hand at the price of one. One thread."""

    def __init__(self, hand: HandData | None = None) -> None:
        """hand: the model that is posed; None: the open hand, which alone can come with its parameters."""
        self._handed = hand is None
        self.hand = hand or load_open_hand()
        self._solver = InverseSkinning(self.hand)
        self._last: dict[tuple[int, Handedness], tuple[HandMesh, PosedHand]] = {}

    def __call__(self, hand: HandMesh) -> PosedHand:
        """The parameters of a hand; of a left one, those of its mirror image in x."""
        key = (hand.track_id, hand.handedness)
        mesh, previous = self._last.get(key, (None, None))
        if previous is not None and mesh is hand:
            return previous
        if mesh is not None and not 0 <= hand.time_s - mesh.time_s <= _AFRESH_S:
            previous = None
        found = self._pose(hand, previous)
        self._last[key] = hand, found
        return found

    def _pose(self, hand: HandMesh, previous: PosedHand | None) -> PosedHand:
        points = hand.vertices_m * (MIRROR if hand.handedness == "left" else np.ones(3))
        if hand.pose is not None and self._handed:
            given = self._solver.at(points, hand.pose.rotations, hand.pose.betas, hand.pose.translation_m)
            if given.error_m <= TRUSTED_M:
                return given
            if previous is None or given.error_m < previous.error_m:
                previous = given
        return self._solver.fit(points, previous)
