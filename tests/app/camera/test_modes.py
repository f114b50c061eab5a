"""Cameras: found, named, and what they offer; what is asked of them."""

from __future__ import annotations

import errno
import struct
from pathlib import Path

import pytest

from app.capture import CameraInfo, CameraMode, CameraWishes, cameras
from app.capture.modes import LAST_RESORT, USUAL, attempts, nearest, offered, parse_mode, parse_size
from app.capture.v4l2 import ENUM_FORMATS, ENUM_INTERVALS, ENUM_SIZES, driver_modes

# A common webcam's list, as `v4l2-ctl --list-formats-ext` prints it: (format, size) -> rates.
COMMON = {
    (b"YUYV", (640, 480)): [30, 15],
    (b"YUYV", (1280, 720)): [10],
    (b"MJPG", (640, 480)): [30],
    (b"MJPG", (1280, 720)): [30, 60],
    (b"MJPG", (1920, 1080)): [30],
    (b"H264", (1920, 1080)): [60],
}


class FakeDriver:
    """Answers the three questions as linux/videodev2.h lays them out."""

    def __init__(self, listed: dict, stepwise: bool = False) -> None:
        self.listed, self.stepwise = listed, stepwise
        self.formats = list(dict.fromkeys(pixel_format for pixel_format, _ in listed))

    def __call__(self, file: int, request: int, buffer: bytearray) -> int:
        if request == ENUM_FORMATS:
            index, kind = struct.unpack_from("=II", buffer)
            assert kind == 1  # video capture
            struct.pack_into("=4s", buffer, 44, self._at(self.formats, index))
        elif request == ENUM_SIZES:
            index, code = struct.unpack_from("=I4s", buffer)
            sizes = [size for pixel_format, size in self.listed if pixel_format == code]
            if self.stepwise:
                self._at([0], index)
                struct.pack_into("=I6I", buffer, 8, 3, 320, 1920, 16, 240, 1080, 8)
            else:
                struct.pack_into("=III", buffer, 8, 1, *self._at(sizes, index))
        elif request == ENUM_INTERVALS:
            index, code, width, height = struct.unpack_from("=I4sII", buffer)
            if self.stepwise:
                self._at([0], index)
                struct.pack_into("=I6I", buffer, 16, 3, 1, 60, 1, 5, 1, 1000)
            else:
                rates = self.listed[code, (width, height)]
                struct.pack_into("=III", buffer, 16, 1, 1000, round(1000 * self._at(rates, index)))
        return 0

    @staticmethod
    def _at(values: list, index: int):
        if index >= len(values):
            raise OSError(errno.EINVAL, "the list has ended")
        return values[index]


@pytest.fixture
def device(tmp_path: Path) -> Path:
    (tmp_path / "video0").touch()
    return tmp_path / "video0"


def test_the_numbers_are_those_of_videodev2() -> None:
    assert (ENUM_FORMATS, ENUM_SIZES, ENUM_INTERVALS) == (0xC0405602, 0xC02C564A, 0xC034564B)


def test_a_drivers_own_list_is_read_each_size_and_rate_once(device: Path) -> None:
    modes = driver_modes(device, FakeDriver(COMMON))
    assert [mode.text() for mode in modes] == [
        "1920x1080@30", "1280x720@60", "1280x720@30", "1280x720@10", "640x480@30", "640x480@15"
    ]  # fmt: skip
    compressed = {mode.text(): mode.compressed for mode in modes}
    assert compressed["1280x720@30"]
    assert compressed["640x480@30"]  # it comes both ways
    assert not compressed["1280x720@10"]


def test_ranges_of_sizes_and_rates_are_offered_as_the_usual_ones(device: Path) -> None:
    modes = driver_modes(device, FakeDriver({(b"NV12", (0, 0)): []}, stepwise=True))
    assert {mode.size_wh for mode in modes} == {
        (640, 480),
        (800, 600),
        (1280, 720),
        (1280, 960),
        (1920, 1080),
    }
    assert {mode.fps for mode in modes} == {15.0, 24.0, 30.0, 60.0}


@pytest.mark.fault
def test_a_driver_that_cannot_be_asked_or_never_ends_gives_what_it_can(device: Path) -> None:
    def refuses(file: int, request: int, buffer: bytearray) -> int:
        raise OSError(errno.ENOTTY, "no such question")

    def endless(file: int, request: int, buffer: bytearray) -> int:
        if request == ENUM_FORMATS:
            struct.pack_into("=4s", buffer, 44, b"MJPG")
        elif request == ENUM_SIZES:
            struct.pack_into("=III", buffer, 8, 1, 0, 0)  # no size that a camera can have
        return 0

    assert driver_modes(device, refuses) == ()
    assert driver_modes(device, endless) == ()
    assert driver_modes(device.parent / "gone", FakeDriver(COMMON)) == ()
    assert driver_modes(device) == ()  # an ordinary file answers no ioctl


def test_the_usual_is_720p_compressed_and_what_is_missing_gives_way_to_the_nearest() -> None:
    common = offered([
        CameraMode(w, h, fps, pixel_format == b"MJPG")
        for (pixel_format, (w, h)), rates in COMMON.items()
        for fps in rates
        if pixel_format != b"H264"
    ])  # fmt: skip
    assert attempts(common, None)[0] == CameraMode(1280, 720, 30, True)
    assert attempts((), None) == [USUAL, CameraMode(1280, 720, 30), LAST_RESORT]
    assert attempts(common, CameraMode(1920, 1080, 60))[0] == CameraMode(1920, 1080, 30, True)
    assert attempts(common, CameraMode(2560, 1440, 30))[0].size_wh == (1920, 1080)
    old = (CameraMode(1280, 720, 10), CameraMode(640, 480, 30))  # USB 2, nothing compressed
    assert attempts(old, None)[0].size_wh == (640, 480)  # a picture that lags is of less use
    assert attempts(old, CameraMode(1280, 720, 30))[0].size_wh == (1280, 720)  # somebody has chosen it
    assert nearest((), USUAL) is None


@pytest.mark.parametrize(
    "text", ["", "1280", "1280x", "x720", "1280x720x3", "0x720", "99999x9", "-1x5", "a x b"]
)
def test_a_size_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"size|camera"):
        parse_size(text)


def test_modes_are_written_and_read() -> None:
    assert parse_size(" 1280X720 ") == (1280, 720)
    assert parse_mode(CameraMode(1280, 720, 59.94).text()) == CameraMode(1280, 720, 59.94, True)
    assert CameraMode(1280, 720, 30).title == "1280×720 · 30 fps"


def test_linux_lists_each_camera_once_with_what_it_offers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for node, index in (("video0", "0"), ("video1", "1"), ("video10", "0")):
        (tmp_path / node).mkdir()
        (tmp_path / node / "index").write_text(index)
        (tmp_path / node / "name").write_text(f"Cam {node}\n")
    monkeypatch.setattr(cameras, "driver_modes", lambda device: (USUAL,) if device.name == "video0" else ())
    found = cameras._linux_cameras(tmp_path, Path("/dev"))
    assert found == (CameraInfo(0, "Cam video0", (USUAL,)), CameraInfo(10, "Cam video10"))


def test_a_wish_is_given_or_remembered_by_name() -> None:
    small = CameraMode(640, 480, 30)
    wishes = CameraWishes(None, {"Fine Cam": small})
    assert (wishes.of("Fine Cam"), wishes.of("Other")) == (small, None)
    assert CameraWishes(USUAL, {"Fine Cam": small}).of("Fine Cam") == USUAL
