"""The WebSocket server, against websocket-client (which is not the server's library) in its own process."""

import json
import socket
import struct
import threading
import time

import numpy as np
import pytest

from app.errors import UserError
from app.stream import Stream, StreamNews, parse_address, websocket
from app.stream.websocket import MOST_CLIENTS
from tests.app.stream.hands import free_port, hand_of, lines, moment, receiver
from tests.waiting import AT_ONCE_S, PATIENCE_S, took_s, wait_for

CLIENT = """
    import sys, websocket
    options = {"origin": sys.argv[2]} if len(sys.argv) > 2 else {"suppress_origin": True}
    try:
        connection = websocket.create_connection(sys.argv[1], timeout=20, **options)
    except websocket.WebSocketBadStatusException as error:
        print("ready\\n" + str(error.status_code), flush=True)
        sys.exit()
    print("ready", flush=True)
    while True: print(connection.recv(), flush=True)
"""


@pytest.fixture(autouse=True)
def _short_goodbyes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raw clients say none: a server waits less long for it."""
    monkeypatch.setattr(websocket, "_CLOSE_S", 0.1)


class Server:
    """A stream on a free port."""

    def __init__(self) -> None:
        pytest.importorskip(
            "websocket", reason="websocket-client, which is not the server's, is not installed"
        )
        self.port = free_port(socket.SOCK_STREAM)
        self.news: list[StreamNews] = []
        self.stream = Stream(parse_address(f"ws://127.0.0.1:{self.port}"), self.news.append)
        self.stream.wait_open()
        self.url = f"ws://127.0.0.1:{self.port}"

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()
        assert not [t for t in threading.enumerate() if t.name.startswith(("websocket", "stream"))]

    def shake_hands(self, path: str = "/") -> socket.socket:
        """A raw client, past its handshake."""
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
        lines = [f"GET {path} HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade"]
        lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "", ""]
        raw.sendall("\r\n".join(lines).encode())
        assert raw.recv(4096).startswith(b"HTTP/1.1 101")
        return raw


def test_a_client_gets_the_sidecars_lines_and_another_the_mesh_too() -> None:
    hand = hand_of(np.zeros((16, 3)))
    with (
        Server() as server,
        receiver(CLIENT, server.url + "/") as joints,
        receiver(CLIENT, server.url + "/mesh") as mesh,
    ):
        small, large = (
            lines(client, 3, lambda n: server.stream.show(moment(n, hand))) for client in (joints, mesh)
        )
    assert json.loads(small[0]) == json.loads(large[0]) == {
        "palmistry": 1, "hand": "open", "units": "metres, camera frame"
    }  # fmt: skip
    frame, whole = json.loads(small[2]), json.loads(large[2])
    assert frame["hands"][0].keys() | {"vertices_m"} == whole["hands"][0].keys()
    assert np.abs(np.array(whole["hands"][0]["vertices_m"]) - hand.vertices_m).max() < 1e-5


def test_pictures_reach_the_wire_within_milliseconds() -> None:
    """On a machine that other tests share: the p95 of the issue is measured by tools.measure_stream."""
    with Server() as server, receiver(CLIENT, server.url) as client:
        lines(client, 60, lambda n: server.stream.show(moment(n)))
        assert server.stream.summary()["hands_to_packet_ms"]["median"] < 20  # type: ignore[index]


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [("http://localhost:3000", True), ("http://127.0.0.1", True), ("https://evil.example", False),
     ("http://localhost.evil.example", False), ("null", False), ("http://127.0.0.1:80@evil.example", False)],
)  # fmt: skip
def test_pages_from_elsewhere_are_not_let_in(origin: str, welcome: bool) -> None:
    with Server() as server, receiver(CLIENT, server.url, origin) as client:
        said = lines(client, 1, lambda n: server.stream.show(moment(n)))
        assert ("palmistry" in said[0]) is welcome
        if not welcome:
            assert said[0] == "403\n"


def test_other_paths_and_too_many_clients_are_refused() -> None:
    with Server() as server:
        with receiver(CLIENT, server.url + "/else") as client:
            assert lines(client, 1, lambda n: None) == ["404\n"]
        many = [server.shake_hands() for _ in range(MOST_CLIENTS)]
        for raw in many:  # each is counted by the time it is sent hands
            wait_for(lambda raw=raw: is_sent_hands(raw), lambda: server.stream.show(moment(0)))
        with receiver(CLIENT, server.url) as client:
            assert lines(client, 1, lambda n: None) == ["503\n"]
        for raw in many:
            raw.close()
        assert any("sent away" in n.text for n in server.news)


def is_sent_hands(raw: socket.socket) -> bool:
    raw.setblocking(False)
    try:
        return bool(raw.recv(1))
    except BlockingIOError:
        return False


@pytest.mark.parametrize(
    "junk",
    [b"\x00" * 4000, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000, b"GET /" + b"a" * 100_000, b"\r\n\r\n"],
)
def test_rubbish_instead_of_a_handshake_ends_that_client_alone(
    junk: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with Server() as server, receiver(CLIENT, server.url) as client:
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as raw:
            try:
                raw.sendall(junk)
                while raw.recv(4096):
                    pass
            except OSError:
                pass  # it was shut in our face
        assert len(lines(client, 5, lambda n: server.stream.show(moment(n)))) == 5
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("opcode", [0x81, 0x82, 0x88 ^ 0x0F])
def test_a_client_that_sends_a_gigabyte_is_sent_away_before_it_is_read(opcode: int) -> None:
    with Server() as server, receiver(CLIENT, server.url) as client:
        with server.shake_hands() as raw:
            raw.sendall(bytes([opcode, 0xFF]) + struct.pack(">Q", 1 << 30) + b"mask")
            try:
                sent = 0
                while sent < 1 << 30:
                    sent += raw.send(b"x" * 65536)
            except OSError:
                pass
            assert sent < 64 << 20
        assert all(line.startswith("{") for line in lines(client, 5, lambda n: server.stream.show(moment(n))))


def test_a_client_that_speaks_is_sent_away_in_one_line() -> None:
    with Server() as server:
        with server.shake_hands() as raw:
            raw.sendall(b"\x81\x85mask" + bytes(a ^ b for a, b in zip(b"hello", b"maskm", strict=True)))
            raw.settimeout(PATIENCE_S)
            while raw.recv(4096):
                pass
        wait_for(lambda: any(n.text for n in server.news))
        told = [n.text for n in server.news if n.text]
        assert len(told) == 1
        assert "nothing is read here" in told[0]


def test_a_client_that_never_reads_holds_nobody_up() -> None:
    hand = hand_of(np.zeros((16, 3)))
    with Server() as server, server.shake_hands("/mesh"), receiver(CLIENT, server.url) as client:
        longest_s = 0.0

        def show(n: int) -> None:
            nonlocal longest_s
            longest_s = max(longest_s, took_s(lambda: server.stream.show(moment(n, hand, hand))))

        assert all(line.startswith("{") for line in lines(client, 200, show))
        assert longest_s < AT_ONCE_S


def test_a_client_that_pauses_gets_whole_frames_again_and_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """What its socket took of a frame goes on before anything else, pings too; meanwhile it misses frames."""
    monkeypatch.setattr(websocket, "_PING_S", 0.01)
    hand = hand_of(np.zeros((16, 3)))
    with Server() as server, server.shake_hands("/mesh") as raw:
        count, kinds, seen = 300, set[int](), list[int]()
        for n in range(count):
            server.stream.show(moment(n, hand, hand))
            time.sleep(0.001)
        with raw.makefile("rb") as wire:
            while not seen or seen[-1] < count:
                server.stream.show(moment(count, hand))
                kind, length = wire.read(2)
                length = int.from_bytes(wire.read({126: 2, 127: 8}[length])) if length > 125 else length
                data = wire.read(length)
                kinds.add(kind)
                if kind == 0x81 and b'"frame":' in data:
                    seen.append(json.loads(data)["frame"])
    assert kinds == {0x81, 0x89}  # whole texts and pings, and none of them in another
    assert seen == sorted(seen)
    assert len(set(seen)) < 200


def test_a_port_in_use_is_one_line() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        stream = Stream(parse_address(f"ws://127.0.0.1:{other.getsockname()[1]}"), lambda news: None)
        with pytest.raises(UserError, match=r"can't be served .*choose another port"):
            stream.wait_open()
        stream.show(moment(0))  # nobody is there, and nothing happens
        stream.close()
