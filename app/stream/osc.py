"""`osc://`: Open Sound Control 1.0 over UDP, a bundle a frame and two a hand (docs/streaming.md).

Each bundle fits into one Ethernet packet and begins with /frame, so that what belongs together can be told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from app.export.joint_names import JOINT_NAMES
from app.frame import FrameHands
from app.stream.address import StreamAddress
from app.stream.slots import HandSlots
from app.stream.udp import UdpSocket

Message = tuple[str, str, str]
"""Address; kinds of its numbers, i (int32) and f (float32); and a text before them, or none."""
_FRAME: Message = ("/frame", "if", "")


class Bundle:
    """A bundle whose addresses and texts stay the same: only its numbers are put in.

    All of OSC is in words of four bytes, big end first, and a message's numbers are its last words.
    """

    def __init__(self, messages: Iterable[Message]) -> None:
        builder = OscBundleBuilder(IMMEDIATELY)
        at, places = 16, list[tuple[str, int]]()  # after "#bundle" and the time
        for address, kinds, text in messages:
            message = OscMessageBuilder(address)
            if text:
                message.add_arg(text, "s")
            for kind in kinds:
                message.add_arg(0, kind)
            built = message.build()
            builder.add_content(built)
            at += 4 + built.size
            places += [(kind, at // 4 - len(kinds) + n) for n, kind in enumerate(kinds)]
        self._words = np.frombuffer(builder.build().dgram, ">i4").copy()
        self._floats = self._words.view(">f4")
        self._int_at, self._float_at = ([place for kind, place in places if kind == k] for k in "if")

    def filled(self, ints: ArrayLike, floats: ArrayLike) -> bytes:
        """The datagram with these numbers in it, each kind in the order of the messages."""
        self._words[self._int_at] = ints
        self._floats[self._float_at] = floats
        return self._words.tobytes()


class Bundles:
    """Bundles by what is in them, each laid out once. One thread's at a time."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Message, ...], Bundle] = {}

    def __call__(self, messages: tuple[Message, ...]) -> Bundle:
        if messages not in self._kept:
            self._kept[messages] = Bundle(messages)
        return self._kept[messages]


class OscSender:
    """Joints in metres and in pixels under /hand/0, /hand/1, …"""

    def __init__(self, address: StreamAddress) -> None:
        self._socket = UdpSocket(address)
        self._slots = HandSlots()
        self._bundle = Bundles()
        self._start_s: float | None = None

    def send(self, moment: FrameHands) -> None:
        if self._start_s is None:
            self._start_s = moment.time_s
        time_s = moment.time_s - self._start_s
        hands = self._slots.place(moment.hands)
        present = [int(slot in hands) for slot in range(self._slots.used)]
        state = self._bundle(_present(self._slots.used))
        self._socket.send(state.filled([moment.index, len(hands), *present], [time_s]))
        for slot, hand in hands.items():
            ints = moment.index, hand.track_id, int(hand.handedness == "right")
            floats = np.append([time_s, hand.presence], hand.joints_m)
            self._socket.send(self._bundle(_in_metres(slot)).filled(ints, floats))
            floats = np.append(time_s, hand.joints_2d_px)
            self._socket.send(self._bundle(_in_pixels(slot)).filled(moment.index, floats))

    def close(self) -> None:
        self._socket.close()


@lru_cache(maxsize=64)
def _present(slots: int) -> tuple[Message, ...]:
    return (_FRAME, ("/hands", "i", ""), *((f"/hand/{slot}/present", "i", "") for slot in range(slots)))


@lru_cache(maxsize=64)
def _in_metres(slot: int) -> tuple[Message, ...]:
    root = f"/hand/{slot}"
    said = (f"{root}/track", "i", ""), (f"{root}/is_right", "i", ""), (f"{root}/score", "f", "")
    return (_FRAME, *said, *((f"{root}/{name}", "fff", "") for name in JOINT_NAMES))


@lru_cache(maxsize=64)
def _in_pixels(slot: int) -> tuple[Message, ...]:
    return (_FRAME, *((f"/hand/{slot}/px/{name}", "ff", "") for name in JOINT_NAMES))


def open_sender(address: StreamAddress, tell: Callable[[str], None]) -> OscSender:
    """For the registry. Raises UserError."""
    return OscSender(address)
