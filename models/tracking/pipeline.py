"""From a frame to the hands in it: detect, crop, infer, lift, smooth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.geometry import camera_from_fov
from models.hand.profile import HandProfile
from models.tracking.crop_inference import CropInference
from models.tracking.detector import HandDetector
from models.tracking.grayscale import in_colour
from models.tracking.hints import Hint
from models.tracking.reconstruction import LiftedHand, Reconstruction, make_reconstruction
from models.tracking.reflection import Reflections
from models.tracking.saver import Saver
from models.tracking.search import Search
from models.tracking.smoothing import HandFilter, hand_filter_config
from models.tracking.stages import StageTimes
from models.tracking.stillness import steady_joints
from models.tracking.tracker import Track, Tracker, TrackerConfig
from models.tracking.whole_image import infer_whole
from models.types import Camera, Detection, Float32, Handedness, HandMesh, Sighting
from models.weights import shipped_networks

MODELS = ("fit", *shipped_networks())
DEFAULT_MODEL = next(name for name in ("tang_lm", "mobrecon_lm", "fit") if name in MODELS)
"""The best on all sets by the rule of docs/networks.md; where its encoder runs in fewer bits, it takes less
time than MediaPipe Hands."""


@dataclass(frozen=True)
class PipelineConfig:
    """What a pipeline does."""

    model: str = DEFAULT_MODEL  # a name of MODELS
    max_hands: int = 2
    smoothing: float | None = 0.5  # 0 steady .. 1 responsive; None: as measured
    handedness_lock: Handedness | None = None  # take every hand for this one
    profile: HandProfile | None = None  # whose hands they are; None: anyone's
    saver: bool = False  # a hand that holds still is inferred twice a second only
    reflections: bool = True  # False: a hand seen in a mirror beside the hand itself is left out
    search_beside: bool = False  # the detector runs on another thread, and hands come a frame later

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise ValueError(f"model: expected one of {', '.join(MODELS)}, got {self.model!r}")
        if self.max_hands < 1:
            raise ValueError(f"max_hands: expected 1 or more, got {self.max_hands}")


@dataclass(frozen=True)
class PipelineResult:
    """The hands of one frame."""

    hands: tuple[HandMesh, ...]
    camera: Camera  # the one the meshes were lifted with
    stages_ms: dict[str, float]  # time spent in each of `Pipeline.stages`
    hint: Hint | None = None  # where no hand was found: what the detector saw instead


class Pipeline:
    """Frames of one source in, hands out. Belongs to one thread; close it."""

    def __init__(self, config: PipelineConfig | None = None, camera: Camera | None = None) -> None:
        """Load the models. camera: the frames' camera; None takes a common webcam's field of view."""
        self.config = config or PipelineConfig()
        self._given_camera = camera
        smoothing = self.config.smoothing
        self._filter_config = None if smoothing is None else hand_filter_config(smoothing)
        self._method = make_reconstruction(self.config.model, self.config.profile)
        self.stages = ("detect", "crop", "network", self._method.stage, "smooth")
        self._times = StageTimes(self.stages)
        self._detector = _LazyDetector(self._method, self.config.max_hands)
        self._search = Search(self._detector, self.config.search_beside)
        inference = CropInference(self._method, self._times, Saver() if self.config.saver else None)
        tracking = TrackerConfig(max_hands=self.config.max_hands, handedness_lock=self.config.handedness_lock)
        self._tracker = Tracker(inference, self._search, tracking)
        self._joints_px: dict[int, Float32] = {}
        self._lifted: dict[int, LiftedHand] = {}
        self._filters: dict[int, HandFilter] = {}
        self._reflections = Reflections()
        self._size_wh = (0, 0)

    def process(
        self, frame_rgb: NDArray[np.uint8], time_s: float, camera: Camera | None = None
    ) -> PipelineResult:
        """The hands in a frame (H, W, 3), RGB uint8, not mirrored, captured at time_s (seconds).

        camera: this frame's; None takes the pipeline's own. Frames may change their size; hands are
        then detected anew.
        """
        camera = self._camera_for(frame_rgb, camera or self._given_camera)
        frame_rgb = in_colour(frame_rgb)
        self._times.clear()
        if (camera.width, camera.height) != self._size_wh:
            self.reset()
            self._size_wh = (camera.width, camera.height)
        waited_s = self._search.waited_s
        tracks = self._tracker.update(frame_rgb, camera, time_s)
        self._times.add("detect", self._search.waited_s - waited_s)
        ids = {t.track_id for t in tracks}
        self._joints_px = {i: joints for i, joints in self._joints_px.items() if i in ids}
        self._lifted = {i: lifted for i, lifted in self._lifted.items() if i in ids}
        self._filters = {i: f for i, f in self._filters.items() if i in ids}
        hands = tuple(self._hand(track, camera) for track in tracks)
        if not self.config.reflections:
            unreal = self._reflections.update(hands, time_s)
            hands = tuple(hand for hand in hands if hand.track_id not in unreal)
        hint = None if hands else self._detector.hint
        return PipelineResult(hands, camera, self._times.read_ms(), hint)

    def predict_crop(
        self,
        image_rgb: NDArray[np.uint8],
        camera: Camera | None = None,
        handedness: Handedness | Literal["auto"] = "auto",
    ) -> HandMesh:
        """The hand in an image (H, W, 3), RGB uint8, that was cut to it: the whole image is the first crop.

        Always returns a hand; its presence says whether there is one. Nothing is tracked or smoothed.
        """
        camera = self._camera_for(image_rgb, camera or self._given_camera)
        image_rgb = in_colour(image_rgb)
        detection = infer_whole(self._method, image_rgb, camera, None if handedness == "auto" else handedness)
        return _mesh(self._method.lift(detection, detection.handedness, camera), detection, 0, 0.0)

    def retune(self, smoothing: float | None, handedness_lock: Handedness | None) -> None:
        """Change these two of the configuration without losing the hands."""
        self.config = replace(self.config, smoothing=smoothing, handedness_lock=handedness_lock)
        self._filter_config = None if smoothing is None else hand_filter_config(smoothing)
        self._tracker.config = replace(self._tracker.config, handedness_lock=handedness_lock)
        self._filters.clear()

    def reset(self) -> None:
        """Forget every hand: another source begins."""
        self._tracker.reset()
        self._detector.restart()
        self._joints_px.clear()
        self._lifted.clear()
        self._filters.clear()
        self._reflections = Reflections()

    def close(self) -> None:
        """End the search's thread."""
        self._search.close()

    def _camera_for(self, frame_rgb: NDArray[np.uint8], camera: Camera | None) -> Camera:
        if frame_rgb.ndim != 3 or frame_rgb.shape[2] != 3 or frame_rgb.dtype != np.uint8:
            raise ValueError(f"frame: expected (H, W, 3) uint8, got {frame_rgb.shape} {frame_rgb.dtype}")
        h, w = frame_rgb.shape[:2]
        return camera_from_fov(w, h) if camera is None else camera.scaled(w, h)

    def _hand(self, track: Track, camera: Camera) -> HandMesh:
        with self._times(self._method.stage):
            last_px, previous = self._joints_px.get(track.track_id), self._lifted.get(track.track_id)
            joints_px = track.joints_px if last_px is None else steady_joints(track.joints_px, last_px)
            detection = replace(track.detection, joints_2d_px=joints_px)
            lifted = self._method.lift(detection, track.handedness, camera, previous)
            self._joints_px[track.track_id], self._lifted[track.track_id] = joints_px, lifted
        hand = _mesh(lifted, detection, track.track_id, track.time_s)
        if self._filter_config is None:
            return hand
        with self._times("smooth"):
            if track.track_id not in self._filters:
                self._filters[track.track_id] = HandFilter(self._filter_config)
            return self._filters[track.track_id](hand, camera)


class _LazyDetector:
    """The detector, loaded when a picture is first searched: one that only predicts crops needs none."""

    def __init__(self, method: Reconstruction, max_hands: int) -> None:
        self._method, self._max_hands = method, max_hands
        self._loaded: HandDetector | None = None

    def __call__(self, frame_rgb: NDArray[np.uint8]) -> list[Sighting]:
        if self._loaded is None:
            self._loaded = HandDetector(self._method.sight, self._method.input_size, self._max_hands)
        return self._loaded.detect_next(frame_rgb)

    @property
    def hint(self) -> Hint | None:
        """Of the last picture searched."""
        return None if self._loaded is None else self._loaded.hint

    def restart(self) -> None:
        """Another source begins: of its first picture, every view is looked at."""
        if self._loaded is not None:
            self._loaded.restart()


def _mesh(lifted: LiftedHand, detection: Detection, track_id: int, time_s: float) -> HandMesh:
    return HandMesh(
        lifted.handedness,
        lifted.vertices_m,
        lifted.joints_m,
        detection.joints_2d_px,
        detection.presence,
        track_id,
        time_s,
        lifted.pose,
    )
