"""Pictures whose numbers mean other colours than sRGB's are shown as they are meant."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from app.capture import read_image
from app.capture.profile import _by_profile
from app.capture.tone import HLG, PQ, shown
from tests.app.capture.media_files import corners, heic, quadrants
from tests.app.capture.profiles import ADOBE, CURVES, GAMMA, P3, SRGBS, profile


def by_littlecms(image_rgb: np.ndarray, icc: bytes) -> np.ndarray:
    """The slow reference."""
    image = Image.fromarray(image_rgb)
    source, srgb = ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB")
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    return np.array(ImageCms.profileToProfile(image, source, srgb, intent, "RGB"))


def colours() -> np.ndarray:
    """(40, 50, 3) of all kinds."""
    return np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("primaries", [P3, ADOBE], ids=["P3", "Adobe"])
def test_a_profile_is_applied_as_littlecms_does(tmp_path: Path, primaries: np.ndarray, curve: str) -> None:
    icc = profile(primaries, CURVES[curve])
    Image.fromarray(colours()).save(tmp_path / "a.png", icc_profile=icc)
    off = np.abs(read_image(tmp_path / "a.png").astype(int) - by_littlecms(colours(), icc))
    assert off.mean() < 0.3
    assert np.quantile(off, 0.99) <= 2  # a linear curve's darkest codes lie far apart


def test_a_large_picture_is_done_to_its_last_row() -> None:
    codes = np.random.default_rng(0).integers(0, 256, (1037, 31, 3), np.uint8)  # no whole number of strips
    icc = profile(P3, SRGBS)
    off = np.abs(_by_profile(codes, icc).astype(int) - by_littlecms(codes, icc))
    assert off.max() <= 2


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "avif", "tif", "heic"])
def test_a_phones_colours_are_right_whatever_they_are_kept_in(tmp_path: Path, ending: str) -> None:
    icc, path = profile(P3, SRGBS), tmp_path / f"a.{ending}"
    if ending == "heic":
        heic(path, quadrants(), colours=b"prof" + icc)
    else:
        options = {"lossless": True} if ending == "webp" else {"quality": 95}
        Image.fromarray(quadrants()).save(path, icc_profile=icc, **options)
    expected = by_littlecms(corners(quadrants()), icc)
    assert np.abs(expected.astype(int) - corners(quadrants())).max() > 20
    assert np.abs(corners(read_image(path)).astype(int) - expected).max() <= 10


def test_srgb_by_its_own_name_is_left_alone(tmp_path: Path) -> None:
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(colours()).save(tmp_path / "a.png", icc_profile=icc)
    assert (read_image(tmp_path / "a.png") == colours()).all()


def test_what_is_transparent_stays_white_and_an_animation_has_its_colours(tmp_path: Path) -> None:
    icc = profile(P3, SRGBS)
    clear = np.dstack([quadrants(), np.full((240, 320), 255, np.uint8)])
    clear[:120, :160, 3] = 0
    Image.fromarray(clear).save(tmp_path / "a.png", icc_profile=icc)
    found = corners(read_image(tmp_path / "a.png"))
    assert (found[0, 0] == 255).all()
    assert np.abs(found[1].astype(int) - by_littlecms(corners(quadrants()), icc)[1]).max() <= 1


@pytest.mark.parametrize("bad", [b"", b"x" * 200, profile(P3, GAMMA)[:160], profile(P3, b"none" + bytes(20))])
def test_a_damaged_profile_is_as_none(tmp_path: Path, bad: bytes) -> None:
    Image.fromarray(colours()).save(tmp_path / "a.png", icc_profile=bad)
    assert (read_image(tmp_path / "a.png") == colours()).all()


def test_a_grey_picture_has_its_gamma(tmp_path: Path) -> None:
    icc = profile(P3, b"curv" + bytes(4) + struct.pack(">IH", 1, 256), grey=True)  # linear
    Image.fromarray(np.full((8, 9), 55, np.uint8)).save(tmp_path / "a.png", icc_profile=icc)
    assert np.abs(read_image(tmp_path / "a.png").astype(int) - 128).max() <= 1


def test_a_camera_says_adobe_rgb_by_exif_alone(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA005] = {1: "R03"}
    Image.fromarray(quadrants()).save(tmp_path / "a.jpg", exif=exif, quality=95)
    expected = by_littlecms(corners(quadrants()), profile(ADOBE, GAMMA))
    assert np.abs(corners(read_image(tmp_path / "a.jpg")).astype(int) - expected).max() <= 6


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_an_hdr_photo_is_as_bright_as_a_phone_shows_it(tmp_path: Path, transfer: int) -> None:
    nclx = b"nclx" + struct.pack(">HHHB", 9, transfer, 9, 0x80)
    path = heic(tmp_path / "a.hif", np.full((64, 64, 3), 130, np.uint8), colours=nclx)
    expected = 255 * shown(np.full((1, 3), 130 / 255), transfer)
    assert np.abs(read_image(path).astype(float).mean((0, 1)) - expected).max() < 4
    plain = b"nclx" + struct.pack(">HHHB", 12, 13, 6, 0x80)
    found = read_image(heic(tmp_path / "b.heic", quadrants(), colours=plain))
    expected = by_littlecms(corners(quadrants()), profile(P3, SRGBS))
    assert np.abs(corners(found).astype(int) - expected).max() <= 12
