"""Hands to stream, and receivers in processes of their own."""

from __future__ import annotations

import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from scipy.spatial.transform import Rotation

from app.frame import FrameHands
from models.hand.hand_data import load_open_hand
from models.hand.skinning import pose_hand
from models.types import Camera, Handedness, HandMesh, HandPose
from tests.waiting import PATIENCE_S

CAMERA = Camera(600, 600, 319.5, 239.5, 640, 480)
MIRROR = np.array([-1, 1, 1], np.float32)


def hand_of(bends: np.ndarray, side: Handedness = "right", track: int = 0, time_s: float = 0.0) -> HandMesh:
    """A hand at half a metre; bends: (16, 3) axis-angle of the right-hand model."""
    rotations = Rotation.from_rotvec(bends).as_matrix().astype(np.float32)
    vertices, joints = pose_hand(load_open_hand(), rotations, np.zeros(10), [0.05, 0.02, 0.5])
    flip = MIRROR if side == "left" else np.ones(3, np.float32)
    pose = HandPose(rotations, np.zeros(10, np.float32), np.array([0.05, 0.02, 0.5], np.float32))
    pixels = np.arange(42, dtype=np.float32).reshape(21, 2)
    return HandMesh(side, vertices * flip, joints * flip, pixels, 0.9, track, time_s, pose)


def moment(index: int, *hands: HandMesh) -> FrameHands:
    return FrameHands(index, index / 30, CAMERA, hands or (hand_of(np.zeros((16, 3)), time_s=index / 30),))


def free_port(kind: socket.SocketKind = socket.SOCK_DGRAM) -> int:
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@contextmanager
def receiver(script: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A Python script in a process of its own, ended at the end. It says `ready` in its first line."""
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def lines(process: subprocess.Popen[str], count: int, show: object, seconds: float = PATIENCE_S) -> list[str]:
    """`count` lines of a receiver, while `show(n)` is called sixty times a second."""
    import threading

    stop = threading.Event()

    def feed() -> None:
        n = 0
        while not stop.is_set():
            show(n)  # type: ignore[operator]
            n += 1
            time.sleep(1 / 60)

    thread = threading.Thread(target=feed)
    thread.start()
    watchdog = threading.Timer(seconds, process.kill)  # its pipe then ends, and the test fails
    watchdog.start()
    try:
        assert process.stdout is not None
        return [process.stdout.readline() for _ in range(count)]
    finally:
        watchdog.cancel()
        stop.set()
        thread.join()
