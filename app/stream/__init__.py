"""Hands to other programs while they are found: OSC, WebSocket, VMC, UDP. Off unless asked for."""

from app.stream.address import StreamAddress, parse_address
from app.stream.protocols import PROTOCOLS
from app.stream.stream import Stream, StreamNews
from app.stream.streams import StreamSet, open_streams
from app.stream.writer import StreamWriter

__all__ = [
    "PROTOCOLS",
    "Stream",
    "StreamAddress",
    "StreamNews",
    "StreamSet",
    "StreamWriter",
    "open_streams",
    "parse_address",
]
