"""Pictures of every kind that people bring: whole, upright, on white, whatever their names end in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from app.capture import ImageFile, SourceError, VideoFile, open_file, read_image
from tests.app.capture.media_files import (
    QUADRANTS,
    animation,
    heic,
    looks_like,
    quadrants,
    with_exif,
    write_video,
)

# What EXIF's eight orientations make of the quadrants.
UPRIGHT = {
    1: QUADRANTS,
    2: QUADRANTS[:, ::-1],
    3: QUADRANTS[::-1, ::-1],
    4: QUADRANTS[::-1],
    5: QUADRANTS.swapaxes(0, 1),
    6: np.rot90(QUADRANTS, -1),
    7: QUADRANTS.swapaxes(0, 1)[::-1, ::-1],
    8: np.rot90(QUADRANTS),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "avif", "tif"])
def test_exif_turns_and_mirrors(tmp_path: Path, ending: str, orientation: int) -> None:
    path = with_exif(tmp_path / f"a.{ending}", quadrants(), orientation)
    image = read_image(path)
    assert image.shape == ((240, 320, 3) if orientation < 5 else (320, 240, 3))
    assert looks_like(image, UPRIGHT[orientation])


@pytest.mark.parametrize(
    ("turns", "mirror"), [(0, None), (1, None), (2, None), (3, None), (0, 0), (0, 1), (1, 0)]
)
def test_a_heic_is_all_of_its_tiles_turned_as_it_says(tmp_path: Path, turns: int, mirror: int | None) -> None:
    path = heic(tmp_path / "IMG_0001.HEIC", quadrants(300, 200), turns=turns, mirror=mirror)
    expected = np.rot90(QUADRANTS, turns)
    if mirror is not None:
        expected = expected[:, ::-1] if mirror else expected[::-1]  # MIAF: 0 swaps top and bottom
    source = open_file(path)
    assert isinstance(source, ImageFile)
    assert source.size_wh == ((200, 300) if turns % 2 else (300, 200))
    assert looks_like(source.image_rgb, expected)
    assert looks_like(read_image(path), expected)


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    picture = np.dstack([quadrants(), np.full((240, 320), 255, np.uint8)])
    picture[:120, :160, 3] = 0  # red lies hidden
    picture[:120, 160:, 3] = 51  # a fifth of the green shines through
    green = tuple(np.round(0.2 * QUADRANTS[0, 1] + 0.8 * 255).astype(int))
    expected = np.array([[(255, 255, 255), green], QUADRANTS[1]], np.uint8)
    for ending, options in (
        ("png", {}),
        ("webp", {"lossless": True}),
        ("tif", {}),
        ("avif", {"quality": 95}),
    ):
        Image.fromarray(picture).save(tmp_path / f"a.{ending}", **options)
        assert looks_like(read_image(tmp_path / f"a.{ending}"), expected), ending
    palette = Image.fromarray(quadrants()).quantize(4)
    palette.info["transparency"] = palette.getpixel((10, 10))
    palette.save(tmp_path / "p.png", transparency=palette.info["transparency"])
    assert looks_like(read_image(tmp_path / "p.png"), np.array([[(255,) * 3, QUADRANTS[0, 1]], QUADRANTS[1]]))
    grey = np.dstack([np.full((8, 9), 77, np.uint8), np.zeros((8, 9), np.uint8)])
    Image.fromarray(grey, "LA").save(tmp_path / "grey.png")
    assert (read_image(tmp_path / "grey.png") == 255).all()


def test_deep_grey_and_printers_colours_are_read(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 9), 0x8000, np.uint16)).save(tmp_path / "deep.png")
    assert np.abs(read_image(tmp_path / "deep.png").astype(int) - 128).max() <= 1
    Image.fromarray(quadrants()).convert("CMYK").save(tmp_path / "print.jpg", quality=95)
    assert looks_like(read_image(tmp_path / "print.jpg"), QUADRANTS)


@pytest.mark.parametrize("ending", ["webp", "png", "gif"])
@pytest.mark.parametrize("hidden", [False, True])
def test_animations_play_whatever_they_are_kept_in(tmp_path: Path, ending: str, hidden: bool) -> None:
    options = {"lossless": True} if ending == "webp" else {}
    source = open_file(animation(tmp_path / f"a.{ending}", 8, 80, hidden, **options))
    assert isinstance(source, VideoFile)
    frames = list(source.frames())
    assert len(frames) == 8
    assert [frame.time_s for frame in frames] == pytest.approx(np.arange(8) * 0.08, abs=0.002)
    blue = [int(frame.image_rgb[40, 10, 2]) for frame in frames]
    assert np.abs(np.diff(blue) - 25).max() < 8
    assert [len(list(source.frames()))] == [8]  # and again
    if hidden:
        assert all((frame.image_rgb[:, 36:] > 250).all() for frame in frames)


def test_an_animated_webp_lies_on_white_whatever_its_flags_say(tmp_path: Path) -> None:
    """An encoder whose pictures are all opaque rectangles says that there is no transparency."""
    pictures = []
    for k in range(4):
        picture = np.zeros((48, 96, 4), np.uint8)
        picture[8:24, 8 + 16 * k : 24 + 16 * k] = (0, 0, 200, 255)
        pictures.append(Image.fromarray(picture))
    path = tmp_path / "a.webp"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=50, lossless=True)
    assert not path.read_bytes()[20] & 0x10
    frames = [frame.image_rgb for frame in open_file(path).frames()]
    assert len(frames) == 4
    for k, frame in enumerate(frames):
        assert [int(frame[16, 16 + 16 * x, 0]) for x in range(4)] == [0 if x == k else 255 for x in range(4)]


@pytest.mark.parametrize("tag", [(50706, (1, 4, 0, 0)), (254, 1)])  # DNGVersion; a reduced picture
def test_a_raw_file_is_refused_not_read_as_its_thumbnail(tmp_path: Path, tag: tuple[int, object]) -> None:
    tags = ImageFileDirectory_v2()
    tags[tag[0]] = bytes(tag[1]) if isinstance(tag[1], tuple) else tag[1]
    Image.fromarray(quadrants(64, 48)).save(tmp_path / "IMG_1.tif", tiffinfo=tags)
    (tmp_path / "IMG_1.tif").rename(tmp_path / "IMG_1.DNG")
    with pytest.raises(SourceError, match="raw file"):
        open_file(tmp_path / "IMG_1.DNG")


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif", "heic", "avif"])
def test_a_download_that_broke_off_is_said_to_be_one(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    heic(path, noise) if ending == "heic" else Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(SourceError, match="cut off; copy or download it again"):
        read_image(path)


def test_an_avif_sequence_plays(tmp_path: Path) -> None:
    assert len(list(open_file(animation(tmp_path / "a.avif", 8, 100)).frames())) == 8


def test_a_picture_of_one_frame_among_animations_is_a_picture(tmp_path: Path) -> None:
    Image.fromarray(quadrants()).save(tmp_path / "a.webp")
    assert isinstance(open_file(tmp_path / "a.webp"), ImageFile)
    assert looks_like(read_image(animation(tmp_path / "b.webp", 3)), np.full((2, 2, 3), (20, 60, 30)))


def test_the_content_says_what_a_file_is_not_its_ending(tmp_path: Path) -> None:
    video = write_video(tmp_path / "video.jpg", [quadrants()] * 3, container="mp4")
    assert isinstance(open_file(video), VideoFile)
    for ending, options in (("jpg", {}), ("png", {}), ("webp", {}), ("bmp", {}), ("avif", {})):
        right = tmp_path / f"right.{ending}"
        Image.fromarray(quadrants()).save(right, **options)
        for wrong in ("mp4", "png", "jpg", "dat", ""):
            path = right.rename(tmp_path / f"of_{ending}.{wrong}".rstrip("."))
            assert looks_like(open_file(path).image_rgb, QUADRANTS), (ending, wrong)  # type: ignore[union-attr]
            right = path
    assert looks_like(read_image(heic(tmp_path / "phone.jpg", quadrants())), QUADRANTS)
    with pytest.raises(SourceError, match="not an image"):
        read_image(video)


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("matroska", "libx264"),
        ("webm", "libvpx"),
        ("avi", "mpeg4"),
        ("mpegts", "mpeg2video"),
        ("flv", "libx264"),
        ("asf", "wmv2"),
        ("ogg", "libvpx"),
    ],
)
def test_a_video_of_any_kind_may_have_a_pictures_ending(tmp_path: Path, container: str, codec: str) -> None:
    grain = np.random.default_rng(0).integers(-9, 9, (30, 240, 320, 3))  # a short one is hard to know
    pictures = [np.uint8((quadrants().astype(int) + g).clip(0, 255)) for g in grain]
    path = write_video(tmp_path / "a.jpg", pictures, codec, container=container)
    file = open_file(path)
    assert isinstance(file, VideoFile)
    assert looks_like(next(file.frames()).image_rgb, QUADRANTS)


@pytest.mark.fault
def test_damaged_pictures_are_one_line(tmp_path: Path) -> None:
    for make in (heic, lambda path, image: Image.fromarray(image).save(path)):
        for ending in ("heic", "avif", "webp"):
            if (make is heic) != (ending == "heic"):
                continue
            path = tmp_path / f"a.{ending}"
            make(path, quadrants())
            path.write_bytes(path.read_bytes()[:300])
            with pytest.raises(SourceError) as caught:
                read_image(path)
            assert "\n" not in str(caught.value)
