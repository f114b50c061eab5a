"""How long hands take to leave for other programs, and whether memory stays flat while clients come and go.

usage: python -m tools.measure_stream [--seconds 60]
"""

from __future__ import annotations

import argparse
import base64
import os
import socket
import threading
import time

import numpy as np
import psutil

from app.frame import FrameHands
from app.stream import PROTOCOLS, Stream, StreamAddress
from models.hand.hand_data import load_open_hand
from models.hand.skinning import pose_hand
from models.types import Camera, HandMesh, HandPose

_RATE = 30.0
_BASE_PORT = 42100
CAMERA = Camera(600, 600, 319.5, 239.5, 640, 480)


def frame_at(index: int) -> FrameHands:
    """One hand, its parameters with it."""
    rotations = np.tile(np.eye(3, dtype=np.float32), (16, 1, 1))
    betas, place = np.zeros(10, np.float32), np.array([0, 0, 0.5], np.float32)
    vertices, joints = pose_hand(load_open_hand(), rotations, betas, place)
    pixels, time_s = np.zeros((21, 2), np.float32), index / _RATE
    hand = HandMesh("right", vertices, joints, pixels, 0.9, 0, time_s, HandPose(rotations, betas, place))
    return FrameHands(index, time_s, CAMERA, (hand,))


def connect(port: int, path: str = "/") -> socket.socket:
    """A WebSocket client past its handshake, without a library."""
    client = socket.create_connection(("127.0.0.1", port), timeout=5)
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [f"GET {path} HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade"]
    lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "", ""]
    client.sendall("\r\n".join(lines).encode())
    return client


def come_and_go(port: int, stop: threading.Event) -> None:
    """Clients that stay for half a second, gone without a word; beside them one that never reads."""
    deaf = connect(port, "/mesh")
    while not stop.wait(0.1):
        try:
            client = connect(port, "/mesh")
            client.settimeout(0.5)
            for _ in range(10):
                client.recv(65536)
            client.close()
        except OSError:
            continue
    deaf.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    seconds = parser.parse_args().seconds
    inboxes, streams = [], []
    for number, scheme in enumerate(PROTOCOLS):
        address = StreamAddress(scheme, port=_BASE_PORT + number)
        if scheme != "ws":
            inbox = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            inbox.bind(("127.0.0.1", address.port))
            inboxes.append(inbox)
        streams.append(Stream(address, lambda news: None))
        streams[-1].wait_open()
    stop = threading.Event()
    served = _BASE_PORT + list(PROTOCOLS).index("ws")
    clients = threading.Thread(target=come_and_go, args=(served, stop))
    clients.start()
    process, memory, held_ms = psutil.Process(), [], []
    started_s = time.perf_counter()
    for index in range(round(seconds * _RATE)):
        time.sleep(max(started_s + index / _RATE - time.perf_counter(), 0))
        frame = frame_at(index)
        before_s = time.perf_counter()
        for stream in streams:
            stream.show(frame)
        held_ms.append(1e3 * (time.perf_counter() - before_s))
        if index % round(_RATE) == 0:
            memory.append(process.memory_info().rss / 2**20)
    for stream in streams:
        print(stream.address.text, stream.summary())
    median, p95 = np.percentile(held_ms, (50, 95))
    print(f"the caller was held up for {median:.3f} ms in the median, {p95:.3f} ms at 95 %, by all four")
    half = len(memory) // 2
    middle, end = np.mean(memory[half : half + 5]), np.mean(memory[-5:])
    print(f"memory: {middle:.1f} MB half way, {end:.1f} MB at the end")
    stop.set()
    clients.join()
    for stream in streams:
        stream.close()
    for inbox in inboxes:
        inbox.close()


if __name__ == "__main__":
    main()
