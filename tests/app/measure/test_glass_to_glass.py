"""Latency from glass to glass: on a virtual loop, what was put in comes out; and by the window itself."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.frame import Frame
from app.measure import glass_to_glass
from app.measure.flash_code import CODES, draw_code, read_code
from app.measure.glass_to_glass import Seen, latency_of
from tests.app.commands.command_help import failing_line
from tests.waiting import wait_for

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def photographed(
    code: np.ndarray, rng: np.random.Generator, size_wh: tuple[int, int] = (320, 240)
) -> np.ndarray:
    """A camera's picture of the code on a screen: aslant, soft, noisy, in a room."""
    width, height = size_wh
    side = len(code)
    corners = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32)
    seen = np.array([[90, 40], [215, 60], [205, 190], [80, 175]], np.float32)
    seen += rng.normal(0, 1, (4, 2)).astype(np.float32)
    room = np.full((height, width), 70, np.uint8)
    cv2.warpPerspective(
        code, cv2.getPerspectiveTransform(corners, seen), size_wh, room, borderMode=cv2.BORDER_TRANSPARENT
    )
    soft = cv2.GaussianBlur(room, (0, 0), 0.8).astype(np.float64) * 0.6 + 40
    return (soft + rng.normal(0, 6, soft.shape)).clip(0, 255).astype(np.uint8)


def test_codes_are_read_as_they_were_drawn() -> None:
    rng = np.random.default_rng(0)
    for number in range(0, CODES, 25):
        assert read_code(photographed(draw_code(number, 40), rng)) == number
    assert read_code(np.full((480, 640, 3), 90, np.uint8)) is None


def test_two_codes_in_one_exposure_are_one_of_the_two_or_none() -> None:
    rng = np.random.default_rng(1)
    for number in range(0, 60, 15):
        for part in (0.2, 0.5, 0.8):
            blend = part * draw_code(number, 40) + (1 - part) * draw_code(number + 1, 40)
            assert read_code(photographed(blend.astype(np.uint8), rng)) in (None, number, number + 1)


@cache
def read_off(number: int) -> int | None:
    return read_code(photographed(draw_code(number, 24), np.random.default_rng(number)))


@pytest.mark.parametrize(("delay_ms", "fps"), [(83.7, 30.0), (41.2, 60.0), (250.0, 29.97)])
def test_a_delay_put_in_on_purpose_is_recovered(delay_ms: float, fps: float) -> None:
    """The pictures themselves are drawn and read; the clock is virtual, so that the truth is known."""
    rng = np.random.default_rng(2)
    shown_s = np.cumsum(rng.normal(1 / 60, 5e-4, 1200)).tolist()
    seen = []
    for exposed_s in np.arange(0.5, 12.0, 1 / fps) + rng.uniform(0, 1e-3):
        number = int(np.searchsorted(shown_s, exposed_s, "right")) - 1
        code = read_off(number % CODES)
        if code is not None:
            total_s = 1e-3 * (delay_ms + rng.normal(0, 4))
            seen.append(Seen(code, exposed_s + 0.4 * total_s, exposed_s + total_s))
    assert len(seen) > 300
    latency = latency_of(shown_s, seen)
    figures = latency.summary()["glass_to_glass_ms"]
    assert figures["mean"] == pytest.approx(delay_ms, abs=1.0)
    assert figures["median"] == pytest.approx(delay_ms, abs=1.5)
    assert figures["p5"] < delay_ms - 4 < delay_ms + 4 < figures["p95"]
    assert latency.summary()["camera_ms"] == pytest.approx(0.4 * delay_ms, abs=1.0)
    assert f"{figures['mean']:.1f} ±" in latency.text()


def test_too_little_is_told() -> None:
    with pytest.raises(ValueError, match="point the camera at it"):
        latency_of([0.0, 0.05], [Seen(0, 0.04, 0.06)] * 9)


def test_the_window_measures_a_camera_that_sees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that photographs the window's own code, and hands the picture on 120 ms later."""
    pytest.importorskip("PyQt6.QtWidgets", reason="needs PyQt6")
    from PyQt6.QtWidgets import QApplication

    from app.session import Settings
    from app.session import session as sessions
    from app.ui.measure import latency_window
    from tests.app.fakes import FakeCompositor, FakePipeline

    application = QApplication.instance() or QApplication([])
    rng, windows = np.random.default_rng(3), []

    def camera(source: str, stop, *_) -> Iterator[Frame]:  # type: ignore[no-untyped-def]
        index = 0
        while not stop.wait(0.03):
            code = windows[0].code.code if windows else None
            if code is None:
                continue
            picture = photographed(code, rng)
            stop.wait(0.12)
            yield Frame(np.repeat(picture[..., None], 3, 2), time.monotonic(), index)
            index += 1

    monkeypatch.setattr(sessions, "live_frames", camera)
    plain, fake = sessions.Session, FakePipeline()
    monkeypatch.setattr(
        latency_window,
        "Session",
        lambda s, listener: plain(s, listener, lambda _: fake, FakeCompositor),
    )
    window = latency_window.LatencyWindow(Settings(effect="none"), "0", 40.0)
    windows.append(window)
    monkeypatch.setattr(glass_to_glass, "FEWEST", 3)
    window.show()
    wait_for(lambda: not window.isVisible() or len(window._seen) >= 10, application.processEvents)
    window.close()
    figures = window.result().summary()
    assert figures["camera_ms"] > 110
    assert figures["glass_to_glass_ms"]["least"] > 110
    assert figures["glass_to_glass_ms"]["mean"] == pytest.approx(
        figures["camera_ms"] + figures["program_ms"], abs=0.1
    )


def test_the_command_says_what_it_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.commands import latency

    monkeypatch.setattr(latency, "list_cameras", lambda: ())
    assert "needs a camera" in failing_line(capsys, "latency")
    assert "needs a camera" in failing_line(capsys, "latency", "demo")
    monkeypatch.setattr(latency, "start_display_probe", lambda: None)
    assert "no display" in failing_line(capsys, "latency", "0")
    assert "2 to 600" in failing_line(capsys, "latency", "0", "--seconds", "1")


def test_the_command_prints_and_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.cli import main
    from app.commands import latency
    from app.ui.measure import latency_window

    found = latency_of(
        [k / 60 for k in range(200)], [Seen(k, k / 60 + 0.02, k / 60 + 0.05) for k in range(99)]
    )
    monkeypatch.setattr(latency, "start_display_probe", lambda: object())
    monkeypatch.setattr(latency, "display_fault", lambda probe: "")
    monkeypatch.setattr(latency_window, "measure_latency", lambda *_: found)
    assert main(["latency", "0", "--out", str(tmp_path / "l.csv"), "--json"]) == 0
    printed = capsys.readouterr().out
    assert json.loads(printed.splitlines()[-1])["glass_to_glass_ms"]["mean"] == pytest.approx(
        41.667, abs=0.01
    )
    assert len((tmp_path / "l.csv").read_text().splitlines()) == 100
