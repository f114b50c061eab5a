"""From a frame to the hands in it: detect, crop, look, place, smooth."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.geometry import camera_from_fov
from models.hand.profile import HandProfile
from models.inference.landmark_runtime import crop_hand
from models.networks.sizes import NETWORK_SIZES
from models.tracking.detector import HandDetector
from models.tracking.grayscale import is_grey, skin_toned
from models.tracking.reconstruction import PlacedHand, make_reconstruction
from models.tracking.search import Search
from models.tracking.smoothing import HandFilter, hand_filter_config
from models.tracking.tracker import Track, Tracker, TrackerConfig
from models.tracking.whole_image import observe_whole
from models.types import Array, Camera, Detection, HandMesh, Side
from models.weights import with_weights

MODELS = ("fit", *with_weights(NETWORK_SIZES))
DEFAULT_MODEL = next(name for name in ("mobrecon_lm", "fit") if name in MODELS)  # the best first


@dataclass(frozen=True)
class PipelineConfig:
    """What a pipeline does."""

    model: str = DEFAULT_MODEL  # a name of MODELS
    max_hands: int = 2
    smoothing: float | None = 0.5  # 0 steady .. 1 responsive; None: as measured
    side_lock: Side | None = None  # take every hand for this side
    profile: HandProfile | None = None  # whose hands they are; None: anyone's
    search_beside: bool = False  # a further hand is looked for on another thread, and comes a frame later

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise ValueError(f"model: expected one of {', '.join(MODELS)}, got {self.model!r}")
        if self.max_hands < 1:
            raise ValueError(f"max_hands: expected 1 or more, got {self.max_hands}")


@dataclass(frozen=True)
class PipelineResult:
    """The hands of one frame."""

    hands: tuple[HandMesh, ...]
    camera: Camera  # the one the meshes were placed with
    stages_ms: dict[str, float]  # time spent in each of `Pipeline.stages`


class Pipeline:
    """Frames of one source in, hands out. Belongs to one thread; close it."""

    def __init__(self, config: PipelineConfig | None = None, camera: Camera | None = None) -> None:
        """Load the models. camera: the frames' camera; None takes a common webcam's field of view."""
        self.config = config or PipelineConfig()
        self._given_camera = camera
        smoothing = self.config.smoothing
        self._filter_config = None if smoothing is None else hand_filter_config(smoothing)
        self._way = make_reconstruction(self.config.model, self.config.profile)
        self.stages = ("detect", "crop", "network", self._way.stage, "smooth")
        self._detector: HandDetector | None = None
        me = weakref.proxy(self)  # in a cycle, networks and their threads would outlive their pipeline
        self._search = Search(lambda frame_rgb: me._detect(frame_rgb), self.config.search_beside)
        self._tracker = Tracker(
            lambda *asked: me._observe(*asked),
            self._search,
            TrackerConfig(max_hands=self.config.max_hands, side_lock=self.config.side_lock),
        )
        self._placed: dict[int, PlacedHand] = {}
        self._filters: dict[int, HandFilter] = {}
        self._stages_ms = dict.fromkeys(self.stages, 0.0)
        self._size_wh = (0, 0)

    def process(
        self, frame_rgb: NDArray[np.uint8], time_s: float, camera: Camera | None = None
    ) -> PipelineResult:
        """The hands in a frame (H, W, 3), RGB uint8, not mirrored, captured at time_s (seconds).

        camera: this frame's; None takes the pipeline's own. Frames may change their size; a hand is then
        looked for anew.
        """
        camera = self._camera_for(frame_rgb, camera or self._given_camera)
        if is_grey(frame_rgb):
            frame_rgb = skin_toned(frame_rgb)
        self._stages_ms = dict.fromkeys(self.stages, 0.0)
        if (camera.width, camera.height) != self._size_wh:
            self.reset()
            self._size_wh = (camera.width, camera.height)
        waited_s = self._search.waited_s
        tracks = self._tracker.update(frame_rgb, camera, time_s)
        self._stages_ms["detect"] = 1e3 * (self._search.waited_s - waited_s)
        ids = {t.track_id for t in tracks}
        self._placed = {i: placed for i, placed in self._placed.items() if i in ids}
        self._filters = {i: f for i, f in self._filters.items() if i in ids}
        hands = tuple(self._hand(track, camera) for track in tracks)
        return PipelineResult(hands, camera, self._stages_ms)

    def predict_crop(
        self,
        image_rgb: NDArray[np.uint8],
        camera: Camera | None = None,
        side: Side | Literal["auto"] = "auto",
    ) -> HandMesh:
        """The hand in an image (H, W, 3), RGB uint8, that was cut to it: the whole image is the first crop.

        Always returns a hand; its score says whether there is one. Nothing is tracked or smoothed.
        """
        camera = self._camera_for(image_rgb, camera or self._given_camera)
        if is_grey(image_rgb):
            image_rgb = skin_toned(image_rgb)
        seen = observe_whole(self._way, image_rgb, camera, None if side == "auto" else side)
        return _mesh(self._way.place(seen, seen.side, camera), seen, 0, 0.0)

    def retune(self, smoothing: float | None, side_lock: Side | None) -> None:
        """Change these two of the configuration without losing the hands."""
        self.config = replace(self.config, smoothing=smoothing, side_lock=side_lock)
        self._filter_config = None if smoothing is None else hand_filter_config(smoothing)
        self._tracker.config = replace(self._tracker.config, side_lock=side_lock)
        self._filters.clear()

    def reset(self) -> None:
        """Forget every hand: another source begins."""
        self._tracker.reset()
        self._placed.clear()
        self._filters.clear()

    def close(self) -> None:
        """End the search's thread; free the detector's native graph."""
        self._search.close()
        if self._detector is not None:
            self._detector.close()
            self._detector = None

    def _camera_for(self, frame_rgb: NDArray[np.uint8], camera: Camera | None) -> Camera:
        if frame_rgb.ndim != 3 or frame_rgb.shape[2] != 3 or frame_rgb.dtype != np.uint8:
            raise ValueError(f"frame: expected (H, W, 3) uint8, got {frame_rgb.shape} {frame_rgb.dtype}")
        h, w = frame_rgb.shape[:2]
        return camera_from_fov(w, h) if camera is None else camera.scaled(w, h)

    def _hand(self, track: Track, camera: Camera) -> HandMesh:
        with self._timed(self._way.stage):
            before = self._placed.get(track.track_id)
            placed = self._way.place(track.seen, track.side, camera, before)
            self._placed[track.track_id] = placed
        hand = _mesh(placed, track.seen, track.track_id, track.time_s)
        if self._filter_config is None:
            return hand
        with self._timed("smooth"):
            if track.track_id not in self._filters:
                self._filters[track.track_id] = HandFilter(self._filter_config)
            return self._filters[track.track_id](hand, camera)

    def _observe(
        self, frame_rgb: NDArray[np.uint8], camera: Camera, joints_px: Array, side: Side
    ) -> Detection:
        with self._timed("crop"):
            crop = crop_hand(frame_rgb, camera, joints_px, side, self._way.input_size)
        with self._timed("network"):
            return self._way.look(crop, camera)

    def _detect(self, frame_rgb: NDArray[np.uint8]) -> list[Detection]:
        if self._detector is None:
            self._detector = HandDetector(self.config.max_hands)
        return self._detector.detect(frame_rgb)

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        start = perf_counter()
        yield
        self._stages_ms[stage] += 1e3 * (perf_counter() - start)


def _mesh(placed: PlacedHand, seen: Detection, track_id: int, time_s: float) -> HandMesh:
    return HandMesh(
        placed.side, placed.vertices_m, placed.joints_m, seen.joints_2d_px, seen.score, track_id, time_s
    )
