"""Small numbers for hands: programs that name their channels once can't follow identities without end."""

from __future__ import annotations

from collections.abc import Sequence

from models.types import HandMesh


class HandSlots:
    """A hand keeps its slot while it is followed; the first that is free goes to the next one."""

    def __init__(self) -> None:
        self._slot_of: dict[int, int] = {}
        self.used = 0  # how many slots have ever been held

    def place(self, hands: Sequence[HandMesh]) -> dict[int, HandMesh]:
        """The hands of the next frame by slot."""
        here = {hand.track_id for hand in hands}
        self._slot_of = {track: slot for track, slot in self._slot_of.items() if track in here}
        for hand in hands:
            if hand.track_id not in self._slot_of:
                taken = set(self._slot_of.values())
                self._slot_of[hand.track_id] = next(n for n in range(len(hands)) if n not in taken)
        self.used = max(self.used, 1 + max(self._slot_of.values(), default=-1))
        return {self._slot_of[hand.track_id]: hand for hand in hands}
