"""Videos (PyAV, true timestamps, rotation applied) and images as sources of frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from app.capture.fault import SourceError
from app.frame import Frame

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff"})
# FFmpeg's names of what is opened as a video: no playlists, no lists of images, no descriptions of streams.
_CONTAINERS = (
    "mov", "matroska", "avi", "mpegts", "mpeg", "mpegvideo", "asf", "flv", "ogg", "gif", "apng", "mxf", "dv",
    "rm", "wtv", "nut", "ivf", "h264", "hevc", "m4v", "obu", "av1", "mjpeg", "yuv4mpegpipe",
)  # fmt: skip
_STILL_S = 1.0  # how long a still image lasts when it is made into a video
_MISSING_S = 0.5  # a file that ends this much before its own stated length has been cut short
_BACK_S, _AHEAD_S = 1.0, 600.0  # times that step back or ahead by more than this are no times
_USUAL_S = 1 / 30  # how long a picture lasts where nothing tells
_PIXEL_ASPECTS = (0.25, 4.0)  # what lies outside is damage; it would ask for gigabytes


def check_file(path: Path) -> None:
    """Raise SourceError unless `path` is a file with something in it."""
    try:
        if path.is_dir():
            raise SourceError(f"{path} is a folder; give one video or image file")
        if not path.exists():
            raise SourceError(f"{path} does not exist; check the path")
        if not path.is_file():  # a pipe would be waited for, and can't be read twice
            raise SourceError(f"{path} is no ordinary file; give a video or image (cameras have numbers)")
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise SourceError(f"{path} can't be read ({error.strerror}); check its permissions") from error
    if empty:
        raise SourceError(f"{path} is empty (0 bytes); give a video or image that holds a picture")


def read_image(path: str | Path) -> NDArray[np.uint8]:
    """An image file as (H, W, 3) RGB uint8, turned upright as its EXIF data says.

    Raises SourceError for anything that is not a readable image.
    """
    path = Path(path)
    check_file(path)
    try:
        image_bgr = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        image_bgr = None
    if image_bgr is None:
        raise SourceError(f"{path} is not an image that can be read; give a PNG, JPEG, WebP, BMP or TIFF")
    return np.ascontiguousarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB), np.uint8)


@dataclass(frozen=True)
class ImageFile:
    """One image: a source of a single frame."""

    path: Path
    image_rgb: NDArray[np.uint8]  # (H, W, 3)
    duration_s: float = _STILL_S
    n_frames: int = 1

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image_rgb.shape[1], self.image_rgb.shape[0]

    def frames(self) -> Iterator[Frame]:
        """The one frame."""
        yield Frame(self.image_rgb, 0.0, 0, self.duration_s)


@dataclass
class VideoFile:
    """A video file. `frames()` may be called again and again; each call reads it from the start."""

    path: Path
    size_wh: tuple[int, int]  # as shown: rotated, square pixels
    duration_s: float  # as the file states it; 0 where it does not
    n_frames: int  # estimated from the file's header, for a progress bar
    notes: list[str] = field(default_factory=list)  # what was wrong with the file, one line each

    def frames(self) -> Iterator[Frame]:
        """Every frame that can be decoded, `time_s` counted from the first one."""
        container = _open(self.path)
        aspect = container.streams.video[0].sample_aspect_ratio
        clock = _Clock()
        try:
            index = damaged = 0
            for decoded in _decode(container):
                if decoded is None:
                    damaged += 1
                    continue
                tick_s = float(decoded.time_base or 0)
                length_s = decoded.duration * tick_s or None
                time_s = clock(None if decoded.pts is None else decoded.pts * tick_s, length_s)
                yield Frame(self._fitted(_upright_rgb(decoded, aspect)), time_s, index, length_s)
                index += 1
        finally:
            container.close()
        if clock.jumps:
            self._note(f"{self.path}: its times jump in {clock.jumps} places; the pictures follow each other")
        elif self.duration_s and clock.end_s < self.duration_s - _MISSING_S:
            self._note(
                f"{self.path} is cut short: {clock.end_s:.1f} s of {self.duration_s:.1f} s could be read"
            )
        elif damaged:
            self._note(f"{self.path} is damaged in places: {damaged} parts were skipped")

    def _fitted(self, image_rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture at the size of the first: a file may change it on the way."""
        if (image_rgb.shape[1], image_rgb.shape[0]) == self.size_wh:
            return image_rgb
        self._note(f"{self.path} changes its size: all of it is shown at {self.size_wh[0]}×{self.size_wh[1]}")
        return np.asarray(cv2.resize(image_rgb, self.size_wh, interpolation=cv2.INTER_AREA), np.uint8)

    def _note(self, line: str) -> None:
        if line not in self.notes:
            self.notes.append(line)


class _Clock:
    """The times of a file's pictures from its first one; where they jump, a picture follows the last one."""

    def __init__(self) -> None:
        self.end_s = 0.0  # of the last picture
        self.jumps = 0
        self._length_s = 0.0  # of a picture that doesn't say it
        self._offset_s: float | None = None

    def __call__(self, pts_s: float | None, length_s: float | None) -> float:
        """The time of the next picture, whose own is `pts_s`, seconds."""
        time_s = self.end_s
        if pts_s is not None:
            if self._offset_s is None:
                self._offset_s = -pts_s
            time_s = pts_s + self._offset_s
            if not -_BACK_S <= time_s - self.end_s <= _AHEAD_S:
                self._offset_s += self.end_s - time_s
                self.jumps += 1
                time_s = self.end_s
        self._length_s = length_s or self._length_s or _USUAL_S
        self.end_s = time_s + self._length_s
        return time_s


def open_file(path: str | Path) -> VideoFile | ImageFile:
    """A video or an image by what the file holds. Raises SourceError with one clear line."""
    path = Path(path)
    check_file(path)
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return ImageFile(path, read_image(path))
    container = _open(path)
    try:
        stream = container.streams.video[0]
        first = next((frame for frame in _decode(container) if frame is not None), None)
        if first is None:
            raise SourceError(f"{path} holds no picture that can be decoded; give another file")
        height, width = _upright_rgb(first, stream.sample_aspect_ratio).shape[:2]
        duration_s = 0.0
        if stream.duration and stream.time_base:
            duration_s = float(stream.duration * stream.time_base)
        elif container.duration:
            duration_s = container.duration / av.time_base
        rate = float(stream.average_rate or stream.base_rate or 30)
        return VideoFile(path, (width, height), duration_s, stream.frames or round(duration_s * rate))
    finally:
        container.close()


def _open(path: Path) -> InputContainer:
    check_file(path)
    try:
        # Only this file: a playlist must not open others, let alone the network.
        container = av.open(
            str(path),
            options={"protocol_whitelist": "file", "format_whitelist": ",".join(_CONTAINERS)},
            metadata_errors="replace",  # a title may be in any alphabet's bytes
        )
    except (av.error.FFmpegError, OSError) as error:
        what = getattr(error, "strerror", None) or str(error)
        raise SourceError(f"{path} is not a readable video ({what}); give a video or image file") from error
    if not container.streams.video:
        container.close()
        raise SourceError(f"{path} holds no video; give a video or image")
    container.streams.video[0].thread_type = "AUTO"
    return container


def _decode(container: InputContainer) -> Iterator[av.VideoFrame | None]:
    """Decoded frames in order of presentation; None for each part that could not be read."""
    packets = container.demux(container.streams.video[0])
    while True:
        try:
            packet = next(packets, None)
        except av.error.FFmpegError:
            yield None
            packet = None
        if packet is None:
            return
        try:
            yield from packet.decode()  # type: ignore[misc]  # a video stream gives video frames
        except av.error.FFmpegError:
            yield None


def _upright_rgb(frame: av.VideoFrame, pixel_aspect: Fraction | None) -> NDArray[np.uint8]:
    """(H, W, 3) RGB as the frame is meant to be shown: square pixels, its rotation applied."""
    width = frame.width
    if pixel_aspect and pixel_aspect != 1 and _PIXEL_ASPECTS[0] <= pixel_aspect <= _PIXEL_ASPECTS[1]:
        width = max(1, round(width * float(pixel_aspect)))
    image = frame.to_ndarray(format="rgb24", width=width, height=frame.height)
    return np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90)), np.uint8)
