"""`osc://`: Open Sound Control 1.0 over UDP, a bundle a frame and two a hand (docs/streaming.md).

Each bundle fits into one Ethernet packet and begins with /frame, so that what belongs together can be told.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from app.export.joint_names import JOINT_NAMES
from app.frame import FrameHands
from app.stream.address import StreamAddress
from app.stream.slots import HandSlots
from app.stream.udp import UdpSocket
from models.types import HandMesh

Value = int | float | str

_BUNDLE = bytes(OscBundleBuilder(IMMEDIATELY).build().dgram)  # one without messages


def message(address: str, kinds: str, *values: Value) -> bytes:
    """One message; kinds: i (int32), f (float32) or s (string) for each value.

    What stands before the floats at its end is built once and kept: a hand is the same few dozen messages.
    """
    others = kinds.rstrip("f")
    floats = values[len(others) :]
    if not floats or "i" in others:  # numbers differ from frame to frame
        return _built(address, kinds, values)
    return _head(address, kinds, values[: len(others)]) + struct.pack(f">{len(floats)}f", *floats)


def bundle(messages: Iterable[bytes]) -> bytes:
    """The datagram of these messages, to be taken at once."""
    parts = [_BUNDLE]
    for part in messages:
        parts += (struct.pack(">i", len(part)), part)
    return b"".join(parts)


@lru_cache(maxsize=1024)
def _head(address: str, kinds: str, others: tuple[Value, ...]) -> bytes:
    floats = len(kinds) - len(others)
    return _built(address, kinds, (*others, *[0.0] * floats))[: -4 * floats]


def _built(address: str, kinds: str, values: Sequence[Value]) -> bytes:
    builder = OscMessageBuilder(address)
    for kind, value in zip(kinds, values, strict=True):
        builder.add_arg(value, kind)
    return bytes(builder.build().dgram)


class OscSender:
    """Joints in metres and in pixels under /hand/0, /hand/1, …"""

    def __init__(self, address: StreamAddress) -> None:
        self._socket = UdpSocket(address)
        self._slots = HandSlots()
        self._start_s: float | None = None

    def send(self, moment: FrameHands) -> None:
        if self._start_s is None:
            self._start_s = moment.time_s
        frame = message("/frame", "if", moment.index, moment.time_s - self._start_s)
        hands = self._slots.place(moment.hands)
        present = [
            message(f"/hand/{slot}/present", "i", int(slot in hands)) for slot in range(self._slots.used)
        ]
        self._socket.send(bundle([frame, message("/hands", "i", len(hands)), *present]))
        for slot, hand in hands.items():
            self._socket.send(bundle([frame, *_in_metres(f"/hand/{slot}", hand)]))
            self._socket.send(bundle([frame, *_in_pixels(f"/hand/{slot}", hand)]))

    def close(self) -> None:
        self._socket.close()


def _in_metres(root: str, hand: HandMesh) -> Iterable[bytes]:
    yield message(f"{root}/track", "i", hand.track_id)
    yield message(f"{root}/is_right", "i", int(hand.handedness == "right"))
    yield message(f"{root}/score", "f", float(hand.presence))
    for name, point in zip(JOINT_NAMES, hand.joints_m.tolist(), strict=True):
        yield message(f"{root}/{name}", "fff", *point)


def _in_pixels(root: str, hand: HandMesh) -> Iterable[bytes]:
    for name, point in zip(JOINT_NAMES, hand.joints_2d_px.tolist(), strict=True):
        yield message(f"{root}/px/{name}", "ff", *point)


def open_sender(address: StreamAddress, tell: Callable[[str], None]) -> OscSender:
    """For the registry. Raises UserError."""
    return OscSender(address)
