"""Small videos of every awkward kind, made on the spot."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

MS = Fraction(1, 1000)


def numbered_picture(index: int, width: int, height: int) -> NDArray[np.uint8]:
    """(H, W, 3): a red top-left quarter on grey; the brightness of the rest tells the index."""
    image_rgb = np.full((height, width, 3), 60 + 5 * (index % 30), np.uint8)
    image_rgb[: height // 2, : width // 2] = (200, 30, 30)
    return image_rgb


def write_clip(
    path: Path,
    times_ms: list[int],
    size_wh: tuple[int, int] = (96, 64),
    pix_fmt: str = "yuv420p",
    rotation: int = 0,
    aspect: Fraction | None = None,
    faststart: bool = False,
) -> Path:
    """An H.264 video with a frame at each of these times (milliseconds)."""
    options = {"movflags": "faststart"} if faststart else {}
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream("libx264", rate=30, options={"preset": "ultrafast", "crf": "12"})
        stream.width, stream.height = size_wh
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = MS
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if rotation:
            stream.set_display_rotation(rotation)
        for index, time_ms in enumerate(times_ms):
            frame = av.VideoFrame.from_ndarray(numbered_picture(index, *size_wh), format="rgb24")
            frame = frame.reformat(format=pix_fmt)
            frame.pts, frame.time_base = time_ms, MS
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def first_frames(source: Path, path: Path, count: int) -> Path:
    """The first frames of a video, as they are encoded there."""
    with av.open(str(source)) as whole, av.open(str(path), "w") as part:
        stream = part.add_stream_from_template(whole.streams.video[0])
        for packet in list(whole.demux(video=0))[:count]:
            packet.stream = stream
            part.mux(packet)
    return path


def steady(count: int, fps: float = 30.0) -> list[int]:
    """The times of `count` frames at a constant rate, milliseconds."""
    return [round(1000 * index / fps) for index in range(count)]


def video_times_s(path: Path) -> list[float]:
    """When each frame that can be decoded is shown, seconds."""
    with av.open(str(path)) as container:
        return [float(frame.pts * frame.time_base) for frame in container.decode(video=0)]


def video_duration_s(path: Path) -> float:
    """The length a player shows, seconds."""
    with av.open(str(path)) as container:
        return container.duration / av.time_base
