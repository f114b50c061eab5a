"""The protocols that hands are streamed by: one file each, and a line here.

A sender is made on the stream's own thread, sends there, and is closed there. It never waits for a receiver.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from app.frame import FrameHands

if TYPE_CHECKING:
    from app.stream.address import StreamAddress


Tell = Callable[[str], None]


class Sender(Protocol):
    """One protocol at one address. Its making raises UserError where the address can't be had."""

    def send(self, moment: FrameHands) -> None:
        """The next frame, at once or not at all. Raises OSError where it can't leave the machine."""

    def close(self) -> None:
        """Leave nothing open."""


@dataclass(frozen=True)
class StreamProtocol:
    """A protocol by its scheme."""

    title: str  # for a menu
    port: int  # where receivers of this kind listen, or are served, unless told otherwise
    module: (
        str  # of app.stream; it is imported when the protocol is used, and has `open_sender(address, tell)`
    )

    def open(self, address: StreamAddress, tell: Tell) -> Sender:
        """A sender. tell: a line for people, from any thread. Raises UserError."""
        open_sender: Callable[[StreamAddress, Tell], Sender] = import_module(self.module).open_sender
        return open_sender(address, tell)


PROTOCOLS = {
    "osc": StreamProtocol("OSC", 9000, "app.stream.osc"),
    "ws": StreamProtocol("WebSocket (JSON)", 8765, "app.stream.websocket"),
    "vmc": StreamProtocol("VMC, for VTuber programs", 39539, "app.stream.vmc"),
    "udp+json": StreamProtocol("UDP (JSON)", 9100, "app.stream.udp_json"),
}
