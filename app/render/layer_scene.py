"""What one frame's passes draw, as one frozen value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.render.occlusion_boundary import OcclusionBoundaries
from app.render.scene import HandStyle, Paint, Prop
from models.types import Camera, HandMesh

ON_HANDS = frozenset({"mesh", "wireframe"})
"""The overlays that colour the hands' meshes."""


@dataclass(frozen=True)
class LayerScene:
    """The hands and props of one frame, camera frame, metres, and how they are shown."""

    hands: Sequence[HandMesh]
    props: Sequence[Prop]
    camera: Camera
    overlays: frozenset[str] = frozenset()  # of ON_HANDS and others, which are drawn elsewhere
    hand_style: HandStyle | None = None  # None: hands are drawn by overlays alone
    boundaries: OcclusionBoundaries | None = None  # where the photo tells what is in front; None: meshes do

    @property
    def overlaid(self) -> bool:
        """Whether an overlay colours the hands."""
        return bool(self.overlays & ON_HANDS)

    @property
    def shows_hands(self) -> bool:
        """Whether the hands themselves are drawn."""
        return self.hand_style is not None or self.overlaid

    @property
    def casts(self) -> bool:
        """Whether there is a prop whose shadow on the hand is drawn from a map."""
        return any(isinstance(prop.material, Paint) for prop in self.props)

    @property
    def samples(self) -> int:
        """The most samples a pixel is drawn with: many for a small ring, one for what fills the picture."""
        if self.casts or (self.shows_hands and not any(prop.mount for prop in self.props)):
            return 1
        return 2 if self.shows_hands else 3
