"""`udp+json://`: one JSON object a datagram, the sidecar's frame without its mesh (docs/streaming.md)."""

from __future__ import annotations

from collections.abc import Callable

from app.export.formats.sidecar import as_line
from app.frame import FrameHands
from app.stream.address import StreamAddress
from app.stream.udp import UdpSocket


class UdpJsonSender:
    """About a kilobyte a hand, which fits the largest datagram that networks carry in one piece."""

    def __init__(self, address: StreamAddress) -> None:
        self._socket = UdpSocket(address)

    def send(self, moment: FrameHands) -> None:
        self._socket.send(as_line(moment, mesh=False))

    def close(self) -> None:
        self._socket.close()


def open_sender(address: StreamAddress, tell: Callable[[str], None]) -> UdpJsonSender:
    """For the registry. Raises UserError."""
    return UdpJsonSender(address)
