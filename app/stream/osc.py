"""`osc://`: Open Sound Control 1.0 over UDP, a bundle a frame and two a hand (docs/streaming.md).

Each bundle fits into one Ethernet packet and begins with /frame, so that what belongs together can be told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from app.export.joint_names import JOINT_NAMES
from app.frame import FrameHands
from app.stream.address import StreamAddress
from app.stream.slots import HandSlots
from app.stream.udp import UdpSocket
from models.types import HandMesh

Value = int | float | str


def message(address: str, kinds: str, *values: Value) -> OscMessage:
    """One message; kinds: i (int32), f (float32) or s (string) for each value."""
    builder = OscMessageBuilder(address)
    for kind, value in zip(kinds, values, strict=True):
        builder.add_arg(value, kind)
    return builder.build()


def bundle(messages: Iterable[OscMessage]) -> bytes:
    """The datagram of these messages, to be taken at once."""
    builder = OscBundleBuilder(IMMEDIATELY)
    for part in messages:
        builder.add_content(part)
    return builder.build().dgram


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


def _in_metres(root: str, hand: HandMesh) -> Iterable[OscMessage]:
    yield message(f"{root}/track", "i", hand.track_id)
    yield message(f"{root}/is_right", "i", int(hand.handedness == "right"))
    yield message(f"{root}/score", "f", float(hand.presence))
    for name, point in zip(JOINT_NAMES, hand.joints_m.tolist(), strict=True):
        yield message(f"{root}/{name}", "fff", *point)


def _in_pixels(root: str, hand: HandMesh) -> Iterable[OscMessage]:
    for name, point in zip(JOINT_NAMES, hand.joints_2d_px.tolist(), strict=True):
        yield message(f"{root}/px/{name}", "ff", *point)


def open_sender(address: StreamAddress, tell: Callable[[str], None]) -> OscSender:
    """For the registry. Raises UserError."""
    return OscSender(address)
