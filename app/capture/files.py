"""Videos (PyAV, true timestamps) and images as sources of frames; which a file is, its content says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import av
import cv2
import numpy as np
from av.codec.context import CodecContext
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream
from numpy.typing import NDArray

from app.capture.fault import SourceError
from app.capture.filters import FrameFilters
from app.capture.images import (
    IMAGE_SUFFIXES,
    ImageFile,
    animation,
    animation_size,
    check_file,
    checked_content,
    read_image,
)
from app.capture.upright import upright_rgb
from app.frame import Frame

# FFmpeg's names of what is opened as a video: no playlists, no lists of images, no descriptions of streams.
_CONTAINERS = (
    "mov", "matroska", "avi", "mpegts", "mpeg", "mpegvideo", "asf", "flv", "ogg", "gif", "apng", "mxf", "dv",
    "rm", "wtv", "nut", "ivf", "h264", "hevc", "m4v", "obu", "av1", "mjpeg", "yuv4mpegpipe",
)  # fmt: skip
_ALPHA = {
    "vp8": "libvpx",
    "vp9": "libvpx-vp9",
}  # decoders that don't leave transparency out, as FFmpeg's own do
_MISSING_S = 0.5  # a file that ends this much before its own stated length has been cut short
_BACK_S, _AHEAD_S = 1.0, 600.0  # times that step back or ahead by more than this are no times
_USUAL_S = 1 / 30  # how long a picture lasts where nothing tells


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
        aspect = _stream(container).sample_aspect_ratio
        clock = _Clock()
        damaged: list[None] = []
        try:
            for index, decoded in enumerate(_filtered(_decode(container), damaged)):
                tick_s = float(decoded.time_base or 0)
                length_s = decoded.duration * tick_s or None
                time_s = clock(None if decoded.pts is None else decoded.pts * tick_s, length_s)
                yield Frame(self._fitted(upright_rgb(decoded, aspect)), time_s, index, length_s)
        finally:
            container.close()
        if clock.jumps:
            self._note(f"{self.path}: its times jump in {clock.jumps} places; the pictures follow each other")
        elif self.duration_s and clock.end_s < self.duration_s - _MISSING_S:
            self._note(
                f"{self.path} is cut short: {clock.end_s:.1f} s of {self.duration_s:.1f} s could be read"
            )
        elif damaged:
            self._note(f"{self.path} is damaged in places: {len(damaged)} parts were skipped")

    def _fitted(self, image_rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture at the size of the first: a file may change it on the way."""
        if (image_rgb.shape[1], image_rgb.shape[0]) == self.size_wh:
            return image_rgb
        self._note(f"{self.path} changes its size: all of it is shown at {self.size_wh[0]}×{self.size_wh[1]}")
        return np.asarray(cv2.resize(image_rgb, self.size_wh, interpolation=cv2.INTER_AREA), np.uint8)

    def _note(self, line: str) -> None:
        if line not in self.notes:
            self.notes.append(line)


class AnimatedImage(VideoFile):
    """An animated image that FFmpeg doesn't play: WebP, AVIF."""

    def frames(self) -> Iterator[Frame]:
        """Every picture that can be decoded."""
        time_s, index = 0.0, -1
        for index, (image_rgb, length_s) in enumerate(animation(self.path)):
            yield Frame(self._fitted(image_rgb), time_s, index, length_s)
            time_s += length_s
        if index + 1 < self.n_frames:
            self._note(f"{self.path} is cut short: {index + 1} of {self.n_frames} pictures could be read")


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
    content = checked_content(path)
    if content in ("picture", "HEIF", "AVIF"):
        return ImageFile(path, read_image(path))
    if content == "animation":
        size_wh, count = animation_size(path)
        return AnimatedImage(path, size_wh, 0.0, count)
    if content is None and path.suffix.lower() in IMAGE_SUFFIXES:
        try:
            return ImageFile(path, read_image(path))
        except SourceError as error:
            try:
                return _video(path)
            except SourceError:
                raise error from None
    return _video(path)


def _video(path: Path) -> VideoFile:
    container = _open(path)
    try:
        stream = _stream(container)
        first = next((frame for frame in _decode(container) if frame is not None), None)
        if first is None:
            raise SourceError(f"{path} holds no picture that can be decoded; give another file")
        height, width = upright_rgb(first, stream.sample_aspect_ratio).shape[:2]
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
    # Only this file: a playlist must not open others, let alone the network.
    options = {"protocol_whitelist": "file", "format_whitelist": ",".join(_CONTAINERS)}
    try:
        try:
            # A name with a colon in it names no protocol, and a title may be in any alphabet's bytes.
            container = av.open(f"file:{path}", options=options, metadata_errors="replace")
        except av.error.ArgumentError:  # of its name FFmpeg expects another kind, which isn't opened
            container = av.open(_Nameless(path), "r", options=options, metadata_errors="replace")
    except (av.error.FFmpegError, OSError) as error:
        what = getattr(error, "strerror", None) or str(error)
        raise SourceError(f"{path} is not a readable video ({what}); give a video or image file") from error
    if not container.streams.video or _stream(container).disposition & Disposition.attached_pic:
        container.close()
        raise SourceError(f"{path} holds no video; give a video or image")
    _stream(container).thread_type = "AUTO"
    return container


class _Nameless:
    """A file whose name FFmpeg doesn't see; it is closed when nobody holds it any more."""

    def __init__(self, path: Path) -> None:
        file = path.open("rb")
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


def _stream(container: InputContainer) -> VideoStream:
    """The one that is shown: not a cover picture, nor a thumbnail."""
    best = container.streams.best("video")
    return best if isinstance(best, VideoStream) else container.streams.video[0]


def _filtered(decoded: Iterator[av.VideoFrame | None], damaged: list[None]) -> Iterator[av.VideoFrame]:
    """The frames as they are shown. damaged: takes a None for each part that could not be read."""
    with FrameFilters() as filters:
        for frame in decoded:
            if frame is None:
                damaged.append(None)
            else:
                yield from filters(frame)
        yield from filters.rest()


def _decode(container: InputContainer) -> Iterator[av.VideoFrame | None]:
    """Decoded frames in order of presentation; None for each part that could not be read."""
    stream = _stream(container)
    packets = container.demux(stream)
    own = _ALPHA.get(stream.codec_context.name) if stream.metadata.get("alpha_mode") == "1" else None
    decoder = CodecContext.create(own, "r") if own in av.codecs_available else None
    while True:
        try:
            packet = next(packets, None)
        except av.error.FFmpegError:
            yield None
            packet = None
        if packet is None:
            return
        try:
            yield from packet.decode() if decoder is None else decoder.decode(packet)  # type: ignore[attr-defined,misc]
        except av.error.FFmpegError:
            yield None
