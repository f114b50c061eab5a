"""Hands for other programs: do they hold up the frame, how soon do they arrive, does anything grow.

usage: python -m tools.measure_stream --live [--seconds 20]         the demo, drawn: hands to another process
       python -m tools.measure_stream [--seconds 60] [--rate 30]    frames at a rate, clients come and go
"""

from __future__ import annotations

import argparse
import base64
import os
import resource
import socket
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection

import numpy as np
import orjson
import psutil
from numpy.typing import NDArray

from app.bench.playing import play
from app.frame import FrameHands
from app.session import Listener, Session, Settings
from app.session.finder import load_pipeline
from app.stream import PROTOCOLS, Stream, StreamAddress
from models.hand.hand_data import load_open_hand
from models.hand.skinning import pose_hand
from models.tracking.pipeline import PipelineConfig, PipelineResult
from models.types import Camera, HandMesh, HandPose
from tools.command import command

_BASE_PORT, _LIVE_PORT = 42100, 42110
_SERVED = _BASE_PORT + list(PROTOCOLS).index("ws")
_STAMPED = 35  # SO_TIMESTAMPNS of Linux, which Python doesn't name
_SKIPPED = 30  # frames, until everything has run once
CAMERA = Camera(600, 600, 319.5, 239.5, 640, 480)


def a_hand() -> HandMesh:
    """One hand, its parameters with it."""
    rotations = np.tile(np.eye(3, dtype=np.float32), (16, 1, 1))
    betas, place = np.zeros(10, np.float32), np.array([0, 0, 0.5], np.float32)
    vertices, joints = pose_hand(load_open_hand(), rotations, betas, place)
    pose = HandPose(rotations, betas, place)
    return HandMesh("right", vertices, joints, np.zeros((21, 2), np.float32), 0.9, 0, 0.0, pose)


def connect(port: int, path: str = "/") -> socket.socket:
    """A WebSocket client past its handshake, without a library."""
    client = socket.create_connection(("127.0.0.1", port), timeout=5)
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [f"GET {path} HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade"]
    lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "", ""]
    client.sendall("\r\n".join(lines).encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += client.recv(1) or b"\r\n\r\n"  # it hung up
    return client


def come_and_go(stop: threading.Event) -> None:
    """Clients that stay for half a second, gone without a word; beside them one that never reads."""
    deaf = connect(_SERVED, "/mesh")
    while not stop.wait(0.1):
        try:
            with closing(connect(_SERVED, "/mesh")) as client:
                client.settimeout(0.5)
                for _ in range(10):
                    client.recv(65536)
        except OSError:
            continue
    deaf.close()


@contextmanager
def all_streams() -> Iterator[list[Stream]]:
    """A stream of each protocol, to receivers that never read and to WebSocket clients that come and go."""
    inboxes, streams, stop = list[socket.socket](), list[Stream](), threading.Event()
    crowd = threading.Thread(target=come_and_go, args=(stop,))
    try:
        for number, scheme in enumerate(PROTOCOLS):
            address = StreamAddress(scheme, port=_BASE_PORT + number)
            if scheme != "ws":
                inboxes.append(_listening(scheme, address.port))
            streams.append(Stream(address, lambda news: None))
            streams[-1].wait_open()
        crowd.start()
        yield streams
    finally:
        stop.set()
        if crowd.ident is not None:
            crowd.join()
        for stream in streams:
            stream.close()
        for inbox in inboxes:
            inbox.close()


def soak(seconds: float, rate: float) -> None:
    """Frames at a rate: how long `show` takes, and what grows."""
    hand, process = a_hand(), psutil.Process()
    memory, blocked, frames = list[tuple[float, int, int]](), 0, round(seconds * rate)
    held_ms, cost_ms = (
        np.ones(frames),
        np.ones((len(PROTOCOLS), frames)),
    )  # there from the start: nothing grows
    with all_streams() as streams:
        started_s, busy_s = time.perf_counter(), time.process_time()
        for index in range(frames):
            time.sleep(max(started_s + index / rate - time.perf_counter(), 0))
            frame = FrameHands(index, index / rate, CAMERA, (replace(hand, time_s=index / rate),))
            before_s, waited = time.perf_counter(), waits()
            for number, stream in enumerate(streams):
                began_s = time.thread_time()
                stream.show(frame)
                cost_ms[number, index] = 1e3 * (time.thread_time() - began_s)
            held_ms[index] = 1e3 * (time.perf_counter() - before_s)
            blocked += waits() > waited
            if index % round(rate) == 0:
                grown = process.memory_info().rss / 2**20, process.num_fds(), process.num_threads()
                memory.append(grown)
        took_s, busy_s = time.perf_counter() - started_s, time.process_time() - busy_s
        print(f"{took_s / 60:.1f} minutes, {frames} frames, {100 * busy_s / took_s:.1f} % of one core")
        for stream in streams:
            print(stream.address.text, stream.summary())
    for scheme, values in zip(PROTOCOLS, cost_ms, strict=True):
        print(f"processor time of a frame, {scheme}: {' / '.join(percentiles(values))} ms (50, 95 %)")
    print(f"the caller was held up for {' / '.join(percentiles(held_ms))} ms by all four (50, 95 %)")
    print(f"it waited for something in {blocked} of {frames} frames; else the system took its core")
    parts = np.array_split(np.array(memory), 4)
    for name, column, form in (("memory, MB", 0, ".1f"), ("open files", 1, ".0f"), ("threads", 2, ".0f")):
        print(f"{name}, in each quarter: {', '.join(format(np.median(p[:, column]), form) for p in parts)}")


class Timed:
    """A pipeline that notes when the hands of a frame were there."""

    def __init__(self, config: PipelineConfig, found: dict[float, float]) -> None:
        self._pipeline, self._found = load_pipeline(config), found
        self.retune, self.reset, self.close = (
            self._pipeline.retune, self._pipeline.reset, self._pipeline.close
        )  # fmt: skip

    def process(
        self, frame_rgb: NDArray[np.uint8], time_s: float, camera: Camera | None = None
    ) -> PipelineResult:
        result = self._pipeline.process(frame_rgb, time_s, camera)
        if result.hands:
            self._found[time_s] = time.monotonic()
        return result


def receive(scheme: str, port: int, wire: Connection) -> None:
    """In a process of its own: when each packet lay there, by the system's own stamp, and when it was read.

    Both by the monotonic clock, which all processes share.
    """
    came: list[tuple[bytes, float, float]] = []
    with _listening(scheme, port) as inbox:
        inbox.setsockopt(socket.SOL_SOCKET, _STAMPED, 1)
        inbox.settimeout(0.05)
        wire.send("ready")
        offset_s = time.time() - time.monotonic()
        while not wire.poll():
            with suppress(TimeoutError):
                data, notes, *_ = inbox.recvmsg(1 << 20, 64)
                for _, _, stamp in notes:  # none with what came before they were asked for: a handshake
                    seconds, nanoseconds = struct.unpack("qq", stamp)
                    came.append((data, seconds + 1e-9 * nanoseconds - offset_s, time.monotonic()))
    wire.send(list(_stamps(scheme, came)))


def _listening(scheme: str, port: int) -> socket.socket:
    if scheme == "ws":
        return connect(port)
    inbox = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    inbox.bind(("127.0.0.1", port))
    return inbox


def _stamps(scheme: str, came: list[tuple[bytes, float, float]]) -> Iterator[tuple[float, float, float]]:
    """The time that each frame says (seconds of its own clock), when the last of it lay there, was read."""
    frames: dict[float, tuple[float, float]] = {}
    if scheme == "ws":
        whole, ends = b"".join(data for data, *_ in came), np.cumsum([len(data) for data, *_ in came])
        at = 0
        while at + 4 < len(whole):
            short = whole[at + 1]  # of a server: no mask; 126 and 127: a longer length follows
            begin = at + {126: 4, 127: 10}.get(short, 2)
            at = begin + (int.from_bytes(whole[at + 2 : begin]) if short > 125 else short)
            if at <= len(whole) and b'"time_s":' in whole[begin:at]:
                text = orjson.loads(whole[begin:at])
                frames[text["time_s"]] = came[int(np.searchsorted(ends, at))][1:]
    said_s = 0.0
    for data, *when_s in came if scheme != "ws" else ():
        if scheme == "udp+json":
            said_s = orjson.loads(data)["time_s"]
        elif b"/frame" in data[:40]:
            said_s = struct.unpack(">f", data[36:40])[0]
        elif b"/VMC/Ext/T\0" in data:
            said_s = struct.unpack_from(">f", data, data.index(b"/VMC/Ext/T\0") + 16)[0]
        frames[said_s] = when_s[0], when_s[1]
    for said_s, (there_s, read_s) in frames.items():
        yield said_s, there_s, read_s


def measure_live(seconds: float, scheme: str | None, settings: Settings) -> None:
    """The demo at its own rate, a ring drawn on it: each frame's hands on their way to another process."""
    found: dict[float, float] = {}
    here, there = Pipe()
    child = get_context("spawn").Process(target=receive, args=(scheme, _LIVE_PORT, there), daemon=True)

    def make(settings: Settings, listener: Listener) -> Session:
        session = Session(settings, listener, lambda config: Timed(config, found))
        if scheme == "ws":
            session.set_streams([StreamAddress(scheme, port=_LIVE_PORT)])
        if scheme is not None:
            child.start()
            there.close()  # the child's: where that ends, there is nothing to wait for
            here.recv()
            session.set_streams([StreamAddress(scheme, port=_LIVE_PORT)])
        return session

    busy_s = others_s()
    began_s = time.monotonic()
    played = play("demo", settings, seconds, make_session=make)
    own_ms = 1e3 * np.array([there_s - taken_s for taken_s, there_s in found.items()])[_SKIPPED:]
    took = f"{played.latency_ms.median:.1f} / {played.latency_ms.p95:.1f} ms to picture"
    print(f"{scheme or 'no stream'}: from capture, {' / '.join(percentiles(own_ms))} ms to hands, {took}")
    if scheme is not None:
        here.send("enough")
        arrived = np.array(sorted(here.recv()))
        child.join()
        for name, beyond_s in zip(("at", "read by"), beyond(found, arrived).T, strict=True):
            figures = " / ".join(percentiles(1e3 * beyond_s, (50, 90, 95, 99)))
            print(f"    hands to packet, {name} another process: {figures} ms (50, 90, 95, 99 %)")
    share = (others_s() - busy_s) / (time.monotonic() - began_s)
    print(f"    {share:.1f} cores were meanwhile busy with other work")


def beyond(found: dict[float, float], arrived: np.ndarray) -> np.ndarray:
    """(N, 2) seconds from hands to packet, at the other process and read by it; without the first frames.

    found: when a frame was taken -> when its hands were there. arrived: (M, 3) the time that a frame says of
    itself, when it lay there and when it was read.
    """
    taken_s, there_s = np.array(list(found)), np.array(list(found.values()))
    said_s, came_s = arrived[:, 0], arrived[:, 1:]
    last = np.searchsorted(there_s, came_s[:, 0]) - 1  # the frame whose hands were there last when it came
    said_s = said_s + np.median((taken_s[last] - said_s)[last >= 0])  # a stream's clock may begin with it
    near = np.abs(taken_s[:, None] - said_s).argmin(0)
    same = np.abs(taken_s[near] - said_s) < 1e-3
    return (came_s - there_s[near][:, None])[same][_SKIPPED:]


def others_s() -> float:
    """Processor seconds that other processes than this one and its children have taken so far."""
    cpu, mine = psutil.cpu_times(), psutil.Process().cpu_times()
    return (
        cpu.user + cpu.nice + cpu.system - mine.user - mine.system - mine.children_user - mine.children_system
    )


def waits() -> int:
    """How often this thread has given its core away to wait for something, as the system counts it."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw


def percentiles(milliseconds: object, which: Sequence[int] = (50, 95)) -> list[str]:
    """By default the median and the 95th percentile."""
    return [f"{value:.2f}" for value in np.percentile(np.asarray(milliseconds), which)]


@command
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=30.0)
    parser.add_argument("--live", action="store_true")
    parser.add_argument("--model", default=Settings().model)
    parser.add_argument("--only", nargs="+", choices=PROTOCOLS, default=tuple(PROTOCOLS), help="with --live")
    arguments = parser.parse_args()
    if arguments.live:
        for scheme in (None, *arguments.only):
            measure_live(arguments.seconds, scheme, replace(Settings(), model=arguments.model))
    else:
        soak(arguments.seconds, arguments.rate)


if __name__ == "__main__":
    raise SystemExit(main())
