"""Everything a person can set, as one immutable value."""

from __future__ import annotations

from dataclasses import dataclass

from app.camera_files import CameraFile
from app.effects import SKIN_STYLES, RingSettings
from models.geometry import DEFAULT_FOV_DEG, camera_from_fov
from models.hand_profile import HandProfile
from models.pipeline import DEFAULT_MODEL
from models.types import Camera, Side

OVERLAYS = ("joints", "mesh", "wireframe")


@dataclass(frozen=True)
class Settings:
    """What to find, what to draw. Threads read it; a change is a new value in its place."""

    model: str = DEFAULT_MODEL  # of models.pipeline.MODELS
    effect: str = "ring"
    rings: tuple[RingSettings, ...] = (RingSettings(),)  # all that are worn at once
    skin: str = SKIN_STYLES[0]  # of SKIN_STYLES: how the effect `skin` draws the hand
    overlays: frozenset[str] = frozenset()  # of OVERLAYS
    smoothing: float | None = 0.5  # 0 steady … 1 responsive; None: off
    profile: HandProfile | None = None  # whose hands they are; None: anyone's
    predict_ms: float = 0.0  # draw on a newer frame than was looked at, this much newer at most; live only
    side_lock: Side | None = None  # take every hand for this side
    max_hands: int = 2
    fov_deg: float = DEFAULT_FOV_DEG  # the camera's diagonal field of view, used without intrinsics
    intrinsics: tuple[float, float, float, float] | None = None  # fx, fy, cx, cy, pixels of the frame
    calibration: CameraFile | None = None  # of the camera that is looked through, where it has one

    def camera(self, width: int, height: int) -> Camera:
        """The camera for frames of this size, pixels."""
        if self.intrinsics is not None:
            return Camera(*self.intrinsics, width=width, height=height)
        if self.calibration is not None and self.calibration.fits(width, height):
            return self.calibration.camera.scaled(width, height)
        return camera_from_fov(width, height, self.fov_deg)
