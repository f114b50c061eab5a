"""Streams while the window plays: what goes wrong is one line in it, and the video goes on."""

from __future__ import annotations

import os
import re
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
pytest.importorskip("PyQt6.QtWidgets", reason="needs PyQt6")

from PyQt6.QtCore import QSettings
from PyQt6.QtWidgets import QApplication

from app.session import Session, session
from app.stream import parse_address
from app.ui import window as window_module
from app.ui.preferences import load_preferences
from app.ui.window import MainWindow
from models.tracking.pipeline import MODELS
from tests.app.fakes import FakeCompositor, FakePipeline, ticking_frames
from tests.app.stream.hands import free_port
from tests.waiting import PATIENCE_S, pump

SHAKE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[MainWindow]:
    """A window on fake parts, which finds a hand in every picture."""
    _ = QApplication.instance() or QApplication([])
    monkeypatch.setattr(window_module, "list_cameras", lambda *_: ())
    monkeypatch.setattr(session, "live_frames", ticking_frames(60))

    def make_session(settings: object, listener: object) -> Session:
        return Session(settings, listener, lambda _: FakePipeline(), lambda: FakeCompositor(0.0))  # type: ignore[arg-type]

    store = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    opened = MainWindow(load_preferences(store, MODELS), store, MODELS, "clip.mp4", make_session)
    opened.show()
    pump(lambda: opened.view._image_rgb is not None)
    yield opened
    opened.close()


def goes_on(window: MainWindow) -> bool:
    """Whether pictures are still painted."""
    seen: list[float] = []
    window.view.painted.connect(seen.append)
    pump(lambda: len(seen) > 5)
    return True


def taken() -> tuple[socket.socket, int]:
    other = socket.socket()
    other.bind(("127.0.0.1", 0))
    other.listen()
    return other, int(other.getsockname()[1])


@pytest.mark.parametrize(
    ("address", "said"),
    [("osc://no-such-host.invalid:9000", "no machine is called"),
     ("osc://255.255.255.255:9000", "can't be reached"),
     ("ws://127.0.0.1:PORT", "can't be served"),
     ("ws://no-such-host.invalid", "no machine is called")],
)  # fmt: skip
def test_an_address_that_cannot_be_had(window: MainWindow, address: str, said: str) -> None:
    other, port = taken()
    with other:
        window.bar.record_menu.streams.choose([parse_address(address.replace("PORT", str(port)))])
        pump(lambda: said in window.strip.text)
        assert "\n" not in window.strip.text
        assert goes_on(window)
        window.session.set_streams(())
        pump(lambda: said not in window.strip.text)


@pytest.mark.parametrize("sends", ["rubbish", "a gigabyte"])
def test_a_client_that_speaks(window: MainWindow, sends: str) -> None:
    port = free_port(socket.SOCK_STREAM)
    window.bar.record_menu.streams.choose([parse_address(f"ws://127.0.0.1:{port}")])
    clients: list[socket.socket] = []

    def connected() -> bool:
        with suppress(OSError):
            clients.append(socket.create_connection(("127.0.0.1", port), timeout=1))
        return bool(clients)

    pump(connected)
    with clients[0] as raw:
        raw.settimeout(PATIENCE_S)
        raw.sendall(SHAKE)
        assert raw.recv(4096).startswith(b"HTTP/1.1 101")
        with suppress(OSError):
            if sends == "rubbish":
                raw.sendall(bytes(range(256)) * 40)
            else:
                raw.sendall(b"\x82\xff" + struct.pack(">Q", 1 << 30) + b"mask")
                for _ in range(1 << 14):
                    raw.send(b"x" * 65536)
        pump(lambda: "sent away" in window.strip.text)
        assert "\n" not in window.strip.text
        assert goes_on(window)


def test_another_machine_is_told_while_it_is_on(window: MainWindow) -> None:
    window.bar.record_menu.streams.choose([parse_address("vmc://192.0.2.7")])
    pump(lambda: re.search(r"vmc://192\.0\.2\.7:39539, which is another machine", window.strip.text))
    assert goes_on(window)
