"""Hands for other programs: do they hold up the frame, how soon do they leave, does anything grow.

usage: python -m tools.measure_stream [--seconds 60] [--rate 30]    frames at a rate, clients come and go
       python -m tools.measure_stream --turns 4                    the demo's frames, with and without streams
"""

from __future__ import annotations

import argparse
import base64
import os
import resource
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import islice

import numpy as np
import psutil

from app.capture import open_file, source_path
from app.frame import FrameHands
from app.session import Settings
from app.session.finder import load_pipeline, pipeline_config
from app.stream import PROTOCOLS, Stream, StreamAddress
from models.hand.hand_data import load_open_hand
from models.hand.skinning import pose_hand
from models.types import Camera, HandMesh, HandPose
from tools.command import command

_BASE_PORT = 42100
_SERVED = _BASE_PORT + list(PROTOCOLS).index("ws")
_TURN = 90  # frames
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
def all_streams(clients: bool, only: Sequence[str] = tuple(PROTOCOLS)) -> Iterator[list[Stream]]:
    """A stream of each of `only`, to receivers that never read; clients: with those of `come_and_go`."""
    inboxes, streams, stop = list[socket.socket](), list[Stream](), threading.Event()
    try:
        for number, scheme in enumerate(PROTOCOLS):
            if scheme not in only:
                continue
            address = StreamAddress(scheme, port=_BASE_PORT + number)
            if scheme != "ws":
                inboxes.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                inboxes[-1].bind(("127.0.0.1", address.port))
            streams.append(Stream(address, lambda news: None))
            streams[-1].wait_open()
        crowd = threading.Thread(target=come_and_go, args=(stop,))
        if clients:
            crowd.start()
        yield streams
        stop.set()
        if clients:
            crowd.join()
    finally:
        stop.set()
        for stream in streams:
            stream.close()
        for inbox in inboxes:
            inbox.close()


def soak(seconds: float, rate: float) -> None:
    """Frames at a rate: how long `show` takes, how soon packets leave, and what grows."""
    hand, process = a_hand(), psutil.Process()
    memory, held_ms, blocked = list[tuple[float, int, int]](), list[float](), 0
    with all_streams(clients=True) as streams:
        started_s, busy_s = time.perf_counter(), time.process_time()
        for index in range(round(seconds * rate)):
            time.sleep(max(started_s + index / rate - time.perf_counter(), 0))
            frame = FrameHands(index, index / rate, CAMERA, (replace(hand, time_s=index / rate),))
            before_s, waited = time.perf_counter(), waits()
            for stream in streams:
                stream.show(frame)
            held_ms.append(1e3 * (time.perf_counter() - before_s))
            blocked += waits() > waited
            if index % round(rate) == 0:
                grown = process.memory_info().rss / 2**20, process.num_fds(), process.num_threads()
                memory.append(grown)
        took_s, busy_s = time.perf_counter() - started_s, time.process_time() - busy_s
        print(f"{took_s / 60:.1f} minutes, {len(held_ms)} frames, {100 * busy_s / took_s:.1f} % of one core")
        for stream in streams:
            print(stream.address.text, stream.summary())
    print("the caller was held up for " + spread(held_ms) + ", by all four")
    print(f"it waited for something in {blocked} of {len(held_ms)} frames; else the system took its core")
    parts = np.array_split(np.array(memory), 4)
    for name, column, form in (("memory, MB", 0, ".1f"), ("open files", 1, ".0f"), ("threads", 2, ".0f")):
        print(f"{name}, in each quarter: {', '.join(format(np.median(p[:, column]), form) for p in parts)}")


def take_turns(turns: int, only: Sequence[str]) -> None:
    """The demo's frames through the pipeline and into the streams: off, on, on with clients, in turns."""
    frames = list(islice(open_file(source_path("demo")).frames(), _TURN))
    settings = Settings()
    height, width = frames[0].image_rgb.shape[:2]
    camera = settings.camera(width, height)
    modes: dict[str, tuple[bool, bool]] = {
        "off": (False, False), "on": (True, False), "on, with clients": (True, True)
    }  # fmt: skip
    taken: dict[str, list[np.ndarray]] = {name: [] for name in modes}
    delays: dict[str, list[float]] = {}
    blocked: dict[str, int] = {}
    with closing(load_pipeline(pipeline_config(settings))) as pipeline:
        for _ in range(turns):
            for name, (on, clients) in modes.items():
                with all_streams(clients and "ws" in only, only) if on else nothing() as streams:
                    rows = []
                    for index, frame in enumerate(frames):
                        wall_s, mine_s, all_s = time.perf_counter(), time.thread_time(), time.process_time()
                        hands = pipeline.process(frame.image_rgb, frame.time_s, camera).hands
                        shown_s, waited = time.perf_counter(), waits()
                        for stream in streams:
                            stream.show(FrameHands(index, frame.time_s, camera, hands))
                        now_s = time.perf_counter()
                        blocked[name] = blocked.get(name, 0) + (waits() > waited)
                        mine_s = time.thread_time() - mine_s
                        time.sleep(max(1 / 30 - (now_s - wall_s), 0.002))
                        rows.append((now_s - wall_s, now_s - shown_s, mine_s, time.process_time() - all_s))
                    taken[name].append(1e3 * np.array(rows[5:]))
                    for stream in streams:
                        key = f"{name}: {stream.address.scheme}"
                        delays.setdefault(key, []).extend(1e3 * np.array(stream._delays_s))
    for name, blocks in taken.items():
        wall, held, mine, everything = np.concatenate(blocks).T
        print(f"{name}: frame {spread(wall)}; of it held by the streams {spread(held)};")
        print(f"    it waited for something in {blocked[name]} of {len(wall)} frames;")
        print(f"    processor time of the frame's thread {spread(mine)}, of all {spread(everything)}")
    for name, values in delays.items():
        print(f"hands to packet, {name}: {spread(values)}")


def waits() -> int:
    """How often this thread has given its core away to wait for something, as the system counts it."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw


def spread(values: object) -> str:
    """Median and 95th percentile of milliseconds."""
    median, p95 = np.percentile(np.asarray(values), (50, 95))
    return f"{median:.2f} ms in the median, {p95:.2f} ms at 95 %"


@contextmanager
def nothing() -> Iterator[list[Stream]]:
    """No streams."""
    yield []


@command
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=30.0)
    parser.add_argument("--turns", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=PROTOCOLS, help="with --turns")
    arguments = parser.parse_args()
    if arguments.turns:
        take_turns(arguments.turns, arguments.only or tuple(PROTOCOLS))
    else:
        soak(arguments.seconds, arguments.rate)


if __name__ == "__main__":
    raise SystemExit(main())
