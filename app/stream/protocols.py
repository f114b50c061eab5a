"""The protocols that hands are streamed by: one file each, and a line here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StreamProtocol:
    """A protocol by its scheme."""

    title: str  # for a menu
    port: int  # where receivers of this kind listen, or are served, unless told otherwise
    module: str  # of app.stream: has `open_sender(address, tell)`, and is imported when it is used


PROTOCOLS = {
    "osc": StreamProtocol("OSC", 9000, "app.stream.osc"),
    "ws": StreamProtocol("WebSocket (JSON)", 8765, "app.stream.websocket"),
    "vmc": StreamProtocol("VMC, for VTuber programs", 39539, "app.stream.vmc"),
    "udp+json": StreamProtocol("UDP (JSON)", 9100, "app.stream.udp_json"),
}
