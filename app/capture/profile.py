"""A picture's colours as they are meant, brought to sRGB: phones write Display P3, cameras Adobe RGB.

Profiles of three primaries and three curves are read here (ICC.1:2022, 9.2, 10.6 and 10.18) and applied by
tables, a few times as fast as by LittleCMS, which does the others: printers', grey ones, those with tables of
their own.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import cv2
import numpy as np
from PIL import Image, ImageCms

from app.capture.filters import tone_mapped
from app.capture.tone import HLG, PQ
from models.types import Float64, UInt8

Meaning = Callable[[UInt8], UInt8]
_Profile = ImageCms.core.CmsProfile | ImageCms.ImageCmsProfile
OTHER_MODES = ("L", "CMYK")  # of Pillow, whose profiles are for LittleCMS
_SRGB, _BT2020, _P3, _UNSAID = 1, 9, 12, 2  # primaries, ITU-T H.273
_ADOBE_RGB = -1
_CAMERAS = ("JPEG", "MPO", "TIFF")
_INTEROPERABILITY, _ADOBES = 0xA005, "R03"  # how cameras' EXIF says Adobe RGB (DCF 2.0), without a profile
# Chromaticities x, y of red, green and blue; white is D65 for all.
_PRIMARIES = {
    _SRGB: ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)),
    _P3: ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06)),
    _BT2020: ((0.708, 0.292), (0.17, 0.797), (0.131, 0.046)),
    _ADOBE_RGB: ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)),
}
_D65 = np.array([0.95046, 1.0, 1.08906])
# Linear sRGB in a profile's white, D50 (sRGB's own profile): red, green, blue in columns.
_SRGB_D50 = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
_STEPS = 4096  # of linear light in the table that leads back to sRGB
_BAND = 16  # rows at a time: they stay in the processor's cache
_STRIP = 256  # rows that one of several threads takes at a time
_MOST_THREADS = 4
_SAME = 1.5 / 255
_TRIED = np.array([[0.5, 0.1, 0.1], [0.1, 0.5, 0.1], [0.1, 0.1, 0.5], [1, 1, 1]])  # linear colours
_CODES = np.arange(256) / 255.0
_PARAMETERS = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}  # of a parametric curve's kinds
_UNREADABLE = (ValueError, KeyError, IndexError, TypeError, OSError, struct.error, ImageCms.PyCMSError)


def meaning_of(image: Image.Image, data: bytes = b"") -> Meaning:
    """What takes the picture's pixels, (H, W, 3), to sRGB. data: the file."""
    icc = image.info.get("icc_profile") or b""
    if data[4:8] == b"ftyp":
        return meaning_of_heif(icc, data)
    primaries, transfer = _said_by_png(data) if image.format == "PNG" else (_UNSAID, _UNSAID)
    if transfer in (PQ, HLG):
        return partial(tone_mapped, transfer=transfer)
    if primaries in _PRIMARIES and primaries != _SRGB:
        return partial(_by_primaries, primaries=primaries)
    if icc:
        return partial(_by_profile, icc=icc)
    if image.format in _CAMERAS and image.getexif().get_ifd(_INTEROPERABILITY).get(1) == _ADOBES:
        return partial(_by_primaries, primaries=_ADOBE_RGB)
    return as_it_is


def meaning_of_heif(icc: bytes, data: bytes) -> Meaning:
    """The same for a HEIF or AVIF file. icc: its profile, if it has one."""
    primaries, transfer = _coded(data)
    if transfer in (PQ, HLG):
        return partial(tone_mapped, transfer=transfer)
    if icc:
        return partial(_by_profile, icc=icc)
    return partial(_by_primaries, primaries=primaries) if primaries in _PRIMARIES else as_it_is


def as_it_is(image_rgb: UInt8) -> UInt8:
    """The same pixels: most pictures are in sRGB."""
    return image_rgb


def by_library(image: Image.Image) -> UInt8:
    """(H, W, 3) sRGB of a picture in L*a*b*, grey or printer's colours, by its profile if it can be read."""
    try:
        profile = ImageCms.createProfile("LAB") if image.mode == "LAB" else _read(image.info["icc_profile"])
        return np.array(_by_library(image, profile), np.uint8)
    except _UNREADABLE:
        return np.array(image.convert("RGB"), np.uint8)


def _read(icc: bytes) -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(io.BytesIO(icc))


def _by_library(
    image: Image.Image, profile: ImageCms.core.CmsProfile | ImageCms.ImageCmsProfile
) -> Image.Image:
    srgb = ImageCms.createProfile("sRGB")
    found = ImageCms.profileToProfile(image, profile, srgb, ImageCms.Intent.RELATIVE_COLORIMETRIC, "RGB")
    if found is None:
        raise ValueError("no such conversion")
    return found


def _by_profile(image_rgb: UInt8, icc: bytes) -> UInt8:
    """As it is where the profile can't be read."""
    try:
        if icc[16:20] != b"RGB ":
            return image_rgb
        tags = _tags(icc)
        if "A2B0" in tags or "rTRC" not in tags:
            return np.array(_by_library(Image.fromarray(image_rgb), _read(icc)), np.uint8)
        primaries = np.stack([_xyz(tags[f"{c}XYZ"]) for c in "rgb"], 1)
        with np.errstate(all="ignore"):  # damaged ones
            curves = np.nan_to_num(np.stack([_curve(tags[f"{c}TRC"]) for c in "rgb"], 1))
    except _UNREADABLE:
        return image_rgb
    return _applied(image_rgb, curves, np.linalg.inv(_SRGB_D50) @ primaries)


def _by_primaries(image_rgb: UInt8, primaries: int) -> UInt8:
    """Their curve is sRGB's, but for Adobe RGB."""
    curve = _CODES ** (563 / 256) if primaries == _ADOBE_RGB else _linear(_CODES)
    matrix = np.linalg.inv(_to_xyz(_PRIMARIES[_SRGB])) @ _to_xyz(_PRIMARIES[primaries])
    return _applied(image_rgb, np.stack([curve] * 3, 1), matrix)


def _said_by_png(data: bytes) -> tuple[int, int]:
    """Primaries and transfer of a PNG's cICP chunk, which goes before its profile (PNG, third edition)."""
    at = data[: 1 << 16].partition(b"IDAT")[0].find(b"cICP")
    return (data[at + 4], data[at + 5]) if at > 0 and len(data) > at + 8 else (_UNSAID, _UNSAID)


def _coded(data: bytes) -> tuple[int, int]:
    """Primaries and transfer that a HEIF or AVIF file says."""
    at = data[: 1 << 16].find(b"colrnclx")
    if not 0 <= at < len(data) - 12:
        return _UNSAID, _UNSAID
    primaries, transfer = struct.unpack_from(">HH", data, at + 8)
    return primaries, transfer


def _applied(image_rgb: UInt8, curves: Float64, to_linear_srgb: Float64) -> UInt8:
    """curves: (256, 3) linear light of each code."""
    light = curves.clip(0, 1)
    tried = _TRIED @ to_linear_srgb.T
    off = np.abs(_encoded(light) - _CODES[:, None]).max(), np.abs(_encoded(tried) - _encoded(_TRIED)).max()
    if max(off) < _SAME:
        return image_rgb  # sRGB by another name
    table = light[:, None].astype(np.float32)
    matrix = (to_linear_srgb * (_STEPS - 1)).astype(np.float32)
    back = np.full(1 << 16, 255, np.uint8)
    back[:_STEPS] = np.rint(255 * _encoded(np.arange(_STEPS) / (_STEPS - 1)))
    out = np.empty_like(image_rgb)

    def apply(first: int) -> None:
        for y in range(first, min(first + _STRIP, len(out)), _BAND):
            linear = cv2.transform(cv2.LUT(image_rgb[y : y + _BAND], table), matrix)
            steps = np.asarray(cv2.addWeighted(linear, 1.0, linear, 0.0, 0.0, dtype=cv2.CV_16U), np.uint16)
            np.take(back, steps, out=out[y : y + _BAND], mode="wrap")

    with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as threads:
        list(threads.map(apply, range(0, len(out), _STRIP)))
    return out


def _linear(code: Float64) -> Float64:
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def _encoded(light: Float64) -> Float64:
    light = light.clip(0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def _to_xyz(primaries: tuple[tuple[float, float], ...]) -> Float64:
    """(3, 3) linear light to XYZ."""
    columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in primaries]).T
    return np.asarray(columns * np.linalg.solve(columns, _D65))


def _tags(icc: bytes) -> dict[str, bytes]:
    (count,) = struct.unpack_from(">I", icc, 128)
    tags = {}
    for k in range(min(count, 100)):
        name, start, size = struct.unpack_from(">4sII", icc, 132 + 12 * k)
        tags[name.decode("latin-1")] = icc[start : start + size]
    return tags


def _xyz(tag: bytes) -> Float64:
    return np.array(struct.unpack_from(">3i", tag, 8)) / 65536


def _curve(tag: bytes) -> Float64:
    """(256,) linear light. Raises ValueError for a kind that there isn't."""
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        if count == 0:
            return _CODES
        values = np.frombuffer(tag, ">u2", count, 12).astype(np.float64)
        return _CODES ** (values[0] / 256) if count == 1 else _between(values / 65535)
    kind = struct.unpack_from(">H", tag, 8)[0]
    if tag[:4] != b"para" or kind not in _PARAMETERS:
        raise ValueError("no curve of a known kind")
    numbers = np.array(struct.unpack_from(f">{_PARAMETERS[kind]}i", tag, 12)) / 65536
    g, a, b, c, d, e, f = np.where(np.arange(7) < len(numbers), np.resize(numbers, 7), [1, 1, 0, 0, 0, 0, 0])
    if kind in (1, 2):
        c, d, e, f = 0.0, -b / a, c, c
    x = _CODES
    return np.where(x >= d, np.maximum(a * x + b, 0) ** g + e, c * x + f)


def _between(values: Float64) -> Float64:
    return np.interp(_CODES, np.linspace(0, 1, len(values)), values)
