"""Pictures and videos to be damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from app.capture import DEMO_CLIP, open_file, read_image
from tests.app.capture.media_files import animation, hdr_video, heic, interlaced_video, quadrants
from tests.app.capture.profiles import P3, TABLE, profile
from tests.app.capture.test_seldom_kinds import PICTURES
from tests.app.clips import first_frames, numbered_picture, steady, write_clip
from tests.fuzz.format import Format


def _demo(path: Path) -> None:
    if DEMO_CLIP.exists():
        first_frames(DEMO_CLIP, path, 40)
    else:
        write_clip(path, steady(40), (160, 120))


def _watch(path: Path) -> None:
    source = open_file(path)
    for frame in source.frames():
        assert frame.image_rgb.shape == (source.size_wh[1], source.size_wh[0], 3)
        assert np.isfinite(frame.time_s)


def picture(suffix: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.write_bytes(cv2.imencode(suffix, numbered_picture(1, 64, 48))[1].tobytes())

    return make


def _saved(path: Path) -> None:
    """An animation or a phone's picture, by its name."""
    if path.suffix == ".heic":
        heic(path, quadrants(96, 64))
    elif path.stem == "moving":
        animation(path, 4)
    else:
        Image.fromarray(quadrants(64, 48)).save(path)


def _profiled(path: Path) -> None:
    Image.fromarray(quadrants(64, 48)).save(path, icc_profile=profile(P3, TABLE))


def _fields(path: Path) -> None:
    interlaced_video(path, 6)


def _hdr(path: Path) -> None:
    hdr_video(path, [0.0, 0.5, 1.0], 18, 4)


def media_formats() -> dict[str, Format]:
    """All of them."""
    clip = lambda path: write_clip(path, steady(20), (96, 64))  # noqa: E731
    return {
        "demo.mp4": Format(_demo, _watch, "demo.mp4"),
        **{f"clip.{s}": Format(clip, _watch, f"clip.{s}") for s in ("mp4", "mkv", "ts", "avi")},
        **{
            f"picture{s}": Format(picture(s), read_image, f"a{s}")
            for s in (".png", ".jpg", ".webp", ".bmp", ".tiff")
        },
        **{f"picture{s}": Format(_saved, read_image, f"a{s}") for s in (".heic", ".avif")},
        **{f"seldom_{name}": Format(make, read_image, name) for name, make in PICTURES.items()},
        **{f"moving{s}": Format(_saved, _watch, f"moving{s}") for s in (".webp", ".png", ".gif", ".avif")},
        **{f"profile{s}": Format(_profiled, read_image, f"a{s}") for s in (".jpg", ".tiff")},
        "interlaced.mp4": Format(_fields, _watch, "i.mp4"),
        "hdr.mkv": Format(_hdr, _watch, "hdr.mkv"),
    }
