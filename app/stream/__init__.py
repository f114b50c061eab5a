"""Hands to other programs while they are found: OSC, WebSocket, VMC, UDP. Off unless asked for."""

from app.stream.address import StreamAddress, parse_address
from app.stream.protocols import PROTOCOLS
from app.stream.stream import Stream, StreamNews

__all__ = ["PROTOCOLS", "Stream", "StreamAddress", "StreamNews", "parse_address"]
