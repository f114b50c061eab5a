"""Everything a person can set, as one immutable value."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.effects import EffectSettings
from app.measure.camera_files import CameraFile
from app.measure.depth_error import MEASURED_SIZE, STATED_FOCAL, UNKNOWN_FOCAL, UNKNOWN_SIZE, DepthError
from app.render.orbit import Orbit
from models.geometry import DEFAULT_FOV_DEG, camera_from_fov
from models.hand.profile import HandProfile
from models.tracking.pipeline import DEFAULT_MODEL
from models.types import Camera, Handedness

VIEW3D = "view3d"
OVERLAYS = ("joints", "mesh", "wireframe", VIEW3D)
_GIVEN_FOCAL = 0.01  # typed as intrinsics: by whatever means they were measured
_LEAST_FOCAL = 0.002  # what a calibration by hand can be trusted to


@dataclass(frozen=True)
class Settings:
    """What to find, what to draw. Threads read it; a change is a new value in its place."""

    model: str = DEFAULT_MODEL  # of models.tracking.pipeline.MODELS
    effect: str = "ring"
    effects: EffectSettings = field(default_factory=EffectSettings)  # of every effect, the others' too
    overlays: frozenset[str] = frozenset()  # of OVERLAYS
    orbit: Orbit = field(default_factory=Orbit)  # from where the overlay `view3d` looks
    smoothing: float | None = 0.5  # 0 steady … 1 responsive; None: off
    profile: HandProfile | None = None  # whose hands they are; None: anyone's
    predict_ms: float = 0.0  # draw on a newer frame than was looked at, this much newer at most; live only
    handedness_lock: Handedness | None = None  # take every hand for this side
    saver: bool = False  # a hand that holds still is not inferred in every frame
    max_hands: int = 2
    reflections: bool = True  # False: a hand seen in a mirror beside the hand itself is left out
    fov_deg: float | None = None  # the camera's diagonal field of view, as somebody has stated it
    intrinsics: tuple[float, float, float, float] | None = None  # fx, fy, cx, cy, pixels of the frame
    calibration: CameraFile | None = None  # of the camera that is looked through, where it has one
    picture_wh: tuple[int, int] | None = None  # of the pictures that come, pixels; None while unknown

    def camera(self, width: int, height: int) -> Camera:
        """The camera for frames of this size, pixels."""
        if self.intrinsics is not None:
            return Camera(*self.intrinsics, width=width, height=height)
        if self.calibration is not None and self.calibration.fits(width, height):
            return self.calibration.camera.scaled(width, height)
        return camera_from_fov(width, height, self.fov_used_deg)

    @property
    def fov_used_deg(self) -> float:
        """The diagonal field of view where nothing better is known: as stated, or a common webcam's."""
        return DEFAULT_FOV_DEG if self.fov_deg is None else self.fov_deg

    def aspect_mismatch(self, width: int, height: int) -> bool:
        """Whether frames of this size, pixels, can't be the calibrated camera's, which then is not used."""
        if self.calibration is None or self.intrinsics is not None:
            return False
        return not self.calibration.fits(width, height)

    @property
    def calibrated(self) -> bool:
        """Whether the camera's calibration is used: it may be for pictures of another shape than come."""
        if self.intrinsics is not None or self.calibration is None:
            return False
        return self.picture_wh is None or self.calibration.fits(*self.picture_wh)

    @property
    def depth_error(self) -> DepthError:
        """How far off depth is to be expected, by what is known of camera and hand."""
        if self.intrinsics is not None:
            focal = _GIVEN_FOCAL
        elif self.calibration is not None and self.calibrated:
            focal = max(self.calibration.focal_error, _LEAST_FOCAL)
        else:
            focal = UNKNOWN_FOCAL if self.fov_deg is None else STATED_FOCAL
        measured = self.profile is not None and self.profile.measured
        return DepthError(focal, MEASURED_SIZE if measured else UNKNOWN_SIZE)
