"""The virtual camera: fed without waiting, pictures fitted, and one line where it can't be had."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from app.session.virtual_camera import VirtualCamera
from tests.waiting import wait_for


class FakeCamera:
    """Stands for pyvirtualcam's."""

    made: ClassVar[list[FakeCamera]] = []

    def __init__(self, width: int, height: int, fps: int) -> None:
        self.width, self.height, self.device, self.closed = width, height, "/dev/video9", False
        self.sent: list[np.ndarray] = []
        FakeCamera.made.append(self)

    def send(self, image_rgb: np.ndarray) -> None:
        assert image_rgb.shape == (self.height, self.width, 3)
        assert image_rgb.flags.c_contiguous
        self.sent.append(image_rgb)

    def close(self) -> None:
        self.closed = True


def test_pictures_are_shown_and_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyvirtualcam", SimpleNamespace(Camera=FakeCamera))
    FakeCamera.made.clear()
    news: list[tuple[str, bool]] = []
    virtual = VirtualCamera(lambda line, fault: news.append((line, fault)))
    for count, shape in enumerate([(49, 65), (48, 64), (100, 50)], 1):
        virtual.show(np.full((*shape, 3), 200, np.uint8))
        wait_for(lambda count=count: FakeCamera.made and len(FakeCamera.made[0].sent) == count)
    virtual.close()
    camera = FakeCamera.made[0]
    assert (camera.width, camera.height, camera.closed) == (64, 48, True)
    tall = camera.sent[2]  # 24 wide in the middle of 64
    assert tall[:, 20:44].min() == 200
    assert tall[:, :20].max() == tall[:, 44:].max() == 0
    assert news == [("Other programs see this picture as /dev/video9", False)]


def test_without_a_driver_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise RuntimeError("no loopback device found\nand more")

    monkeypatch.setitem(sys.modules, "pyvirtualcam", SimpleNamespace(Camera=refuse))
    news: list[tuple[str, bool]] = []
    virtual = VirtualCamera(lambda line, fault: news.append((line, fault)))
    virtual.show(np.zeros((48, 64, 3), np.uint8))
    wait_for(lambda: news)
    virtual.show(np.zeros((48, 64, 3), np.uint8))  # nobody looks any more; nothing waits
    virtual.close()
    assert len(news) == 1
    assert news[0][1]
    assert "no loopback device found): " in news[0][0]
    assert "\n" not in news[0][0]
