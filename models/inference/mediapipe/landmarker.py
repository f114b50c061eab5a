"""MediaPipe's own HandLandmarker (Apache-2.0), in one place, kept from the network and from stderr.

MediaPipe sends figures of its use to its makers (play.googleapis.com) from threads of its own, and there is
no switch for it. So it is made, used and closed on a thread that can open no socket, which its own inherit.
Nor is there a switch for what its C++ prints when it is made, at the first picture and when it is closed, so
every call into it runs with the native stderr closed; what fails is raised.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.inference.bundle import BUNDLE
from models.inference.mediapipe.native_stderr import native_stderr_closed
from models.inference.mediapipe.no_network_thread import NoNetworkThread
from models.manifest import shipped


class HandLandmarker:
    """Hands in pictures, or over time in a video. Any thread may call it, one after the other. Close it."""

    def __init__(
        self, video: bool, max_hands: int, min_score: float = 0.5, follow: float = 0.5, bundle: Path = BUNDLE
    ) -> None:
        """Load the bundle. Raises FileNotFoundError or ChangedAsset if it is not whole.

        min_score: palms and hands less sure than this are left out. follow: in a video, hands that overlap
        less than this with where they were are looked for anew.
        """
        if not bundle.is_file():
            raise FileNotFoundError(f"{bundle} is missing; build it with: python -m tools.build.detector")
        shipped(bundle)
        self._video = video
        self._last_ms = -1
        self._thread = NoNetworkThread("mediapipe")
        self._mp, self._landmarker = self._thread(_silent, _make, video, max_hands, min_score, follow, bundle)
        self._close = weakref.finalize(self, _close, self._landmarker, self._thread)
        self(np.zeros((64, 64, 3), np.uint8))  # the first picture takes long

    def __call__(self, frame_rgb: NDArray[np.uint8], time_s: float = 0.0) -> Any:
        """MediaPipe's result for a frame (H, W, 3), RGB uint8. time_s: of a video's frame; steps back count
        as the least step on."""
        image = self._mp.Image(self._mp.ImageFormat.SRGB, np.ascontiguousarray(frame_rgb))
        if not self._video:
            return self._thread(_silent, self._landmarker.detect, image)
        self._last_ms = max(self._last_ms + 1, round(1e3 * time_s))
        return self._thread(_silent, self._landmarker.detect_for_video, image, self._last_ms)

    def close(self) -> None:
        """Free the native graph and end its thread. Twice is harmless."""
        self._close()


def _silent(function: Callable[..., Any], *arguments: Any) -> Any:
    with native_stderr_closed():
        return function(*arguments)


def _make(video: bool, max_hands: int, min_score: float, follow: float, bundle: Path) -> tuple[Any, Any]:
    with _without_sound():
        import mediapipe  # takes over a second: only once it is wanted
        from mediapipe.tasks.python import BaseOptions, vision

    options = vision.HandLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(bundle)),
        running_mode=vision.RunningMode.VIDEO if video else vision.RunningMode.IMAGE,
        num_hands=max_hands,
        min_hand_detection_confidence=min_score,
        min_hand_presence_confidence=min_score,
        min_tracking_confidence=follow,
    )
    return mediapipe, vision.HandLandmarker.create_from_options(options)


@contextmanager
def _without_sound() -> Iterator[None]:
    """MediaPipe imports sounddevice where there is one. PortAudio would look for microphones, loudly, and on
    a thread without sockets, where it finds too few for good. MediaPipe does without."""
    hidden = "sounddevice" not in sys.modules
    if hidden:
        sys.modules["sounddevice"] = None  # type: ignore[assignment]  # to import it fails
    try:
        yield
    finally:
        if hidden:
            del sys.modules["sounddevice"]


def _close(landmarker: Any, thread: NoNetworkThread) -> None:
    try:
        thread(_silent, landmarker.close)
    except RuntimeError:  # the interpreter ends and its threads are gone: the memory goes with the process
        landmarker._handle = None  # or else it tries again, later still, and prints a traceback
    thread.close()
