"""The pose of every hand of a video, whoever asks: handed over with the hand, or found in its mesh once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from models.hand.hand_data import HandData, load_open_hand
from models.hand.inverse_skinning import InverseSkinning, PosedHand
from models.types import Handedness, HandMesh

MIRROR = np.array([-1.0, 1.0, 1.0])
TRUSTED_M = 5e-4
"""Parameters that come with a hand are taken as they are if they meet its mesh so well (RMS)."""
_NEAR_M = 0.01
"""Those that are farther from its mesh say nothing of it."""
_WORSE, _WORSE_M = 1.02, 2e-5
"""How much farther from the mesh than the last fit what was carried on from it may be (RMS)."""
_AFRESH_S = 0.5  # a hand that was gone for longer is no neighbour any more


class HandPoser:
    """Exports that share one ask for the same frame's hand at the price of one. One thread."""

    def __init__(self, hand: HandData | None = None) -> None:
        """hand: the model that is posed; None: the open hand, which alone can come with its parameters."""
        self._handed = hand is None
        self.hand = hand or load_open_hand()
        self._solver = InverseSkinning(self.hand)
        self._last: dict[tuple[int, Handedness], tuple[HandMesh, PosedHand]] = {}
        # What was last fitted to a mesh beside the parameters that came with it, and those.
        self._fitted: dict[tuple[int, Handedness], tuple[PosedHand, PosedHand]] = {}

    def __call__(self, hand: HandMesh) -> PosedHand:
        """The parameters of a hand; of a left one, those of its mirror image in x."""
        key = (hand.track_id, hand.handedness)
        mesh, before = self._last.get(key, (None, None))
        if before is not None and mesh is hand:
            return before
        if mesh is not None and not 0 <= hand.time_s - mesh.time_s <= _AFRESH_S:
            before = None
            self._fitted.pop(key, None)
        found = self._pose(hand, before)
        self._last[key] = hand, found
        return found

    def _pose(self, hand: HandMesh, before: PosedHand | None) -> PosedHand:
        points = hand.vertices_m * (MIRROR if hand.handedness == "left" else np.ones(3))
        given = None
        if hand.pose is not None and self._handed:
            given = self._solver.at(points, hand.pose.rotations, hand.pose.betas, hand.pose.translation_m)
            if given.error_m <= TRUSTED_M:
                return given
        if given is None or given.error_m > _NEAR_M:
            return self._solver.fit(points, before)
        return self._beside(points, given, (hand.track_id, hand.handedness), before)

    def _beside(
        self, points: ArrayLike, given: PosedHand, key: tuple[int, Handedness], before: PosedHand | None
    ) -> PosedHand:
        """A mesh that lies about the model it comes with, single vertices moved: from frame to frame the fit
        to it keeps its turn and shape towards that model, and is made anew where that doesn't hold."""
        if key in self._fitted:
            fitted, was = self._fitted[key]
            start = self._solver.carried(fitted, was, given)
            start = replace(start, betas=fitted.betas + given.betas - was.betas)
            found = self._solver.fit(points, start, _WORSE * fitted.error_m + _WORSE_M)
            if found.rotations is start.rotations:
                return found  # the fit before stays what the next one is carried from
        else:
            start = given if before is None or given.error_m < before.error_m else before
            found = self._solver.fit(points, start)
        self._fitted[key] = found, given
        return found
