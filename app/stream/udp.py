"""A UDP socket to one place, which never waits."""

from __future__ import annotations

import socket

from app.errors import UserError
from app.stream.address import StreamAddress, resolved


class UdpSocket:
    """Sends datagrams; receives nothing."""

    def __init__(self, address: StreamAddress) -> None:
        """Raises UserError where the host is not known, or can't be reached from here."""
        family, where = resolved(address, socket.SOCK_DGRAM)
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.connect(where)
        except OSError as error:
            self._socket.close()
            reason = f"{address.text} can't be reached ({error.strerror}); give another address"
            raise UserError(reason) from error

    def send(self, datagram: bytes) -> None:
        """Send at once. Raises OSError; BlockingIOError where the machine's own buffer is full.

        On this machine, ConnectionRefusedError says that nobody listened to the datagram before.
        """
        self._socket.send(datagram)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
