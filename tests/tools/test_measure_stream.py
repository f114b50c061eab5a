"""How long packets take, measured: each is matched with the frame whose hands it holds."""

import socket
import threading
import time
from multiprocessing import Pipe

import numpy as np
import pytest

from app.frame import FrameHands
from app.stream import PROTOCOLS, Stream, parse_address
from tests.app.stream.hands import free_port, hand_of
from tools.export.measure_exports import cost_ms
from tools.measure_stream import _SKIPPED, CAMERA, beyond, receive

FLAT = np.zeros((16, 3))


@pytest.mark.parametrize("scheme", PROTOCOLS)
def test_every_packet_is_timed_from_its_own_hands(scheme: str) -> None:
    """Twenty milliseconds for which every fifth frame is held back are found again."""
    port = free_port(socket.SOCK_STREAM if scheme == "ws" else socket.SOCK_DGRAM)
    here, there = Pipe()
    receiver = threading.Thread(target=receive, args=(scheme, port, there))
    stream, found = Stream(parse_address(f"{scheme}://127.0.0.1:{port}"), lambda news: None), {}
    stream.wait_open()
    try:
        receiver.start()
        here.recv()
        for index in range(-30, 2 * _SKIPPED):
            time_s = 1000 + index / 30
            moment = FrameHands(index, time_s, CAMERA, (hand_of(FLAT, time_s=time_s),))
            if index >= 0:  # before, a client has yet to come
                found[time_s] = time.monotonic()
            time.sleep(0.02 if index % 5 == 0 else 0.002)
            stream.show(moment)
        time.sleep(0.1)
        here.send("enough")
        arrived = np.array(sorted(here.recv()))
    finally:
        receiver.join()
        stream.close()
    there_s, read_s = beyond(found, arrived).T
    assert len(there_s) == _SKIPPED
    assert np.median(there_s.reshape(-1, 5), 0).argmax() == 0
    assert (there_s > 0.0019).all()
    assert (read_s > there_s - 1e-3).all()  # a clock's own drift


def test_exports_are_timed() -> None:
    frames = [FrameHands(i, i / 30, CAMERA, (hand_of(FLAT, time_s=i / 30),)) for i in range(4)]
    assert (cost_ms(frames, ("gltf", "bvh"), None) > 0).all()
