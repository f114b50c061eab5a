"""The pose of every hand of a video, whoever asks: handed over with the hand, or found in its mesh once."""

from __future__ import annotations

import numpy as np

from models.hand.hand_data import HandData, load_open_hand
from models.hand.inverse_skinning import InverseSkinning, PosedHand
from models.types import Float64, Handedness, HandMesh

MIRROR = np.array([-1.0, 1.0, 1.0])
TRUSTED_M = 5e-4
"""Parameters that come with a hand are taken as they are if they meet its mesh so well (RMS)."""
_AFRESH_S = 0.5  # a hand that was gone for longer is no neighbour any more
_WORSE = 1.1  # by how much a mesh may be met worse than when it was solved last


class HandPoser:
    """Exports that share one ask for the same frame's hand at the price of one. One thread."""

    def __init__(self, hand: HandData | None = None) -> None:
        """hand: the model that is posed; None: the open hand, which alone can come with its parameters."""
        self._handed = hand is None
        self.hand = hand or load_open_hand()
        self._solver = InverseSkinning(self.hand)
        self._last: dict[tuple[int, Handedness], tuple[HandMesh, PosedHand]] = {}
        # Of a hand whose mesh lies about its parameters: those found in the mesh last, and its own then.
        self._solved: dict[tuple[int, Handedness], tuple[PosedHand, PosedHand]] = {}

    def __call__(self, hand: HandMesh) -> PosedHand:
        """The parameters of a hand; of a left one, those of its mirror image in x."""
        key = (hand.track_id, hand.handedness)
        mesh, previous = self._last.get(key, (None, None))
        if previous is not None and mesh is hand:
            return previous
        if mesh is not None and not 0 <= hand.time_s - mesh.time_s <= _AFRESH_S:
            previous = None
            self._solved.pop(key, None)
        points = np.asarray(hand.vertices_m, np.float64)
        points = points * MIRROR if hand.handedness == "left" else points
        if hand.pose is None or not self._handed:
            found = self._solver.fit(points, previous)
        else:
            pose = hand.pose
            given = self._solver.at(points, pose.rotations, pose.betas, pose.translation_m)
            found = given if given.error_m <= TRUSTED_M else self._about(points, given, key)
        self._last[key] = hand, found
        return found

    def _about(self, points: Float64, given: PosedHand, key: tuple[int, Handedness]) -> PosedHand:
        """The parameters that best meet a mesh which lies about those it came with: moved on as these."""
        if key in self._solved:
            was_found, was_given = self._solved[key]
            start = self._solver.carried(was_found, was_given, given)
            enough_m = min(_WORSE * was_found.error_m, given.error_m)
            found = self._solver.fit(points, start, enough_m, steps=1)
            if found.rotations is start.rotations:
                return found  # what was solved stays what the next one is carried from
        else:
            found = self._solver.fit(points, given)
        self._solved[key] = found, given
        return found
