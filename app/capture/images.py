"""Images of every usual kind in sRGB, upright, what is transparent in them laid on white."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from PIL.TiffImagePlugin import TiffImageFile

from app.capture.content import RAW, Content, content_of
from app.capture.fault import SourceError
from app.capture.one_tile import of_one_tile
from app.capture.profile import OTHER_MODES, Meaning, as_it_is, by_library, meaning_of, meaning_of_heif
from app.frame import Frame
from models.inference.mediapipe.native_stderr import native_stderr_closed

# fmt: off
IMAGE_SUFFIXES = frozenset({
    ".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".heic", ".heif", ".hif", ".avif", ".mpo",
    ".jp2", ".j2k", ".jpx", ".tga", ".ppm", ".pgm", ".pnm", ".psd", ".qoi", ".dds", ".hdr", ".pcx",
})
# Pillow's names of what it may open: no drawings, which it would start other programs for
_FORMATS = (
    "JPEG", "PNG", "WEBP", "AVIF", "TIFF", "BMP", "GIF", "JPEG2000", "PPM", "TGA", "PSD", "QOI", "DDS", "PCX",
)
# fmt: on
_BY_PILLOW = ("AVIF", "GIF", "JPEG2000", "PSD", "TGA", "QOI", "DDS", "PCX")  # OpenCV reads them less well
VIDEO_SUFFIXES = frozenset(
    {".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".mts", ".mpg", ".mpeg", ".wmv", ".gif"}
)
PATTERNS = " ".join(
    f"*{suffix}" for suffix in (*sorted(VIDEO_SUFFIXES), *sorted(IMAGE_SUFFIXES))
)  # of file dialogs
_STILL_S = 1.0  # how long a still image lasts when it is made into a video
_USUAL_S = 0.1  # of a picture of an animation that doesn't say it, as browsers show it
_MOST_PIXELS = 60_000_000  # of a picture of an animation; a still one may be larger
_MOST_PICTURES = 100_000
_WEBP_ALPHA = 0x10  # of the flags of an extended WebP
_REDUCED, _DNG = 254, 0xC612  # TIFF's tags of a picture that stands for another, and of a camera's raw file


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


def checked_content(path: Path) -> Content | None:
    """What a file holds, None where only trying tells. Raises SourceError where it can't be read."""
    check_file(path)
    try:
        return content_of(path)
    except OSError as error:
        raise SourceError(f"{path} can't be read ({error.strerror}); check its permissions") from error


def read_image(path: str | Path) -> NDArray[np.uint8]:
    """An image file as (H, W, 3) sRGB uint8, upright and unmirrored as it says itself to be shown.

    Of a file with several pictures, the first or the one that it names. What is transparent is laid on white.
    Raises SourceError for anything that is not a readable image.
    """
    path = Path(path)
    content = checked_content(path)
    try:
        data = path.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks on large or odd files, on stderr
            image_rgb = _heif(data) if content == "HEIF" else _decoded(data)
    except SourceError as error:
        raise SourceError(f"{path} is {error}") from error
    except Exception as error:  # whatever a library says of a damaged file
        if content in ("picture", "HEIF", "AVIF"):
            raise SourceError(
                f"{path} begins as a picture, but is damaged or cut off; copy or download it again"
            ) from error
        if content == "video":
            raise SourceError(f"{path} is not an image but a video; `process` reads videos") from error
        raise SourceError(
            f"{path} is not an image that can be read; give a PNG, JPEG, HEIC, AVIF, WebP, BMP or TIFF"
        ) from error
    return image_rgb


def _decoded(data: bytes) -> NDArray[np.uint8]:
    """Everything but HEIF. Raises whatever the libraries do, SourceError where they would read too little."""
    meant: Meaning = as_it_is
    large = False
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            if isinstance(image, TiffImageFile) and (
                _DNG in image.tag_v2 or int(image.tag_v2.get(_REDUCED) or 0) & 1
            ):
                raise SourceError(RAW)
            meant = meaning_of(image, data)
            if image.format in _BY_PILLOW or image.has_transparency_data:
                return meant(_on_white(ImageOps.exif_transpose(image)))
            if image.mode == "LAB" or (image.mode in OTHER_MODES and image.info.get("icc_profile")):
                return by_library(ImageOps.exif_transpose(image))
    except SourceError:
        raise
    except Image.DecompressionBombError:
        large = True  # or says so; a phone's largest photos are read all the same
    except Exception:  # whatever Pillow says of a damaged file
        pass  # OpenCV still makes a picture of many a damaged file
    if data.startswith((b"#?", b"II*\0", b"MM\0*")) and (image_rgb := _of_light(data)) is not None:
        return image_rgb
    try:
        with native_stderr_closed():  # libpng's remarks are not for users
            image_bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        image_bgr = None
    if image_bgr is None:
        if large:
            raise SourceError("too large a picture, or damaged; export it smaller, as JPEG, PNG or TIFF")
        raise ValueError("OpenCV can't read it")
    return meant(np.ascontiguousarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB), np.uint8))


def _of_light(data: bytes) -> NDArray[np.uint8] | None:
    """Of floats, which are linear: 1 is white, brighter is white too. None for anything else."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.float32:
        return None
    linear = np.nan_to_num(np.clip(np.atleast_3d(pixels)[..., :3], 0, 1))[..., ::-1]
    coded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    image = np.rint(255 * coded).astype(np.uint8)
    return np.ascontiguousarray(image if image.shape[2] == 3 else image[..., :1].repeat(3, 2))


def _heif(data: bytes) -> NDArray[np.uint8]:
    """The whole picture of its tiles, turned as the file says. Raises whatever the libraries do."""
    import pillow_heif  # a quarter of a second that only such files cost

    picture = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True)
    meant = meaning_of_heif(picture.info.get("icc_profile") or b"", data)
    if picture.mode != "RGB":
        return meant(_on_white(picture.to_pillow()))
    if (one := of_one_tile(data, picture.size)) is not None:
        return meant(one)
    pixels = np.asarray(picture)  # as it was decoded: each copy of a phone's picture costs 20 ms and more
    return meant(np.array(pixels[:, : picture.size[0]], np.uint8))


def _on_white(image: Image.Image) -> NDArray[np.uint8]:
    """(H, W, 3): what lies under transparent pixels is no part of a picture."""
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        white.alpha_composite(image.convert("RGBA"))
        image = white
    return np.array(image.convert("RGB"), np.uint8)


def _with_clear_canvas(data: bytes) -> bytes:
    """An animated WebP whose pictures are opaque may say that nothing is transparent; its canvas is."""
    if data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8X":
        return data[:20] + bytes([data[20] | _WEBP_ALPHA]) + data[21:]
    return data


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


def animation_size(path: Path) -> tuple[tuple[int, int], int]:
    """Width and height of an animated image, and how many pictures it has. Raises SourceError."""
    for picture, _ in animation(path):
        with Image.open(path) as image:
            return (picture.shape[1], picture.shape[0]), int(getattr(image, "n_frames", 1))
    raise SourceError(f"{path} holds no picture that can be decoded; give another file")


def animation(path: Path) -> Iterator[tuple[NDArray[np.uint8], float]]:
    """The pictures of an animated image, laid on white, and how long each is shown, seconds.

    Ends where a part can't be read. Raises SourceError where nothing can.
    """
    shown = 0
    try:
        with Image.open(io.BytesIO(_with_clear_canvas(path.read_bytes()))) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise ValueError("too large to be moved")
            meant = meaning_of(image)
            for index in range(min(int(getattr(image, "n_frames", 1)), _MOST_PICTURES)):
                image.seek(index)
                image.load()
                length_s = float(image.info.get("duration") or 0) / 1e3
                yield meant(_on_white(image)), length_s if length_s > 0.01 else _USUAL_S
                shown += 1
    except Exception as error:  # whatever Pillow says of a damaged file
        if not shown:
            raise SourceError(f"{path} is not an animation that can be read; give another file") from error
