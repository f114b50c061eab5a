"""Where a stream goes: `osc://HOST:PORT` and its like, checked before anything is opened."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

from app.errors import UserError
from app.stream.protocols import PROTOCOLS

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class StreamAddress:
    """A protocol, a host and a port."""

    scheme: str  # of PROTOCOLS
    host: str = LOOPBACK
    port: int = 0  # 0: the protocol's own

    @property
    def text(self) -> str:
        """As it is written."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port or PROTOCOLS[self.scheme].port}"

    @property
    def stays_here(self) -> bool:
        """Whether nothing leaves this machine."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_address(text: str) -> StreamAddress:
    """SCHEME://[HOST][:PORT]. Raises UserError."""
    scheme, found, rest = text.strip().partition("://")
    if not found or scheme not in PROTOCOLS:
        raise UserError(f"stream: expected {', '.join(f'{s}://HOST:PORT' for s in PROTOCOLS)}, got {text!r}")
    rest = rest.rstrip("/")
    if rest.startswith("["):  # an IPv6 address
        host, closed, after = rest[1:].partition("]")
        if not closed or (after and not after.startswith(":")):
            raise UserError(f"stream: {text!r} has no ] after its IPv6 address")
        port_text = after[1:]
    else:
        host, _, port_text = rest.partition(":")
    if not host.isascii() or any(c.isspace() or c in "/?#@:" for c in host.replace(":", "") + port_text):
        raise UserError(f"stream: expected HOST:PORT after {scheme}://, got {rest!r}")
    port = PROTOCOLS[scheme].port
    if port_text:
        if not port_text.isdecimal() or not 0 < int(port_text[:6]) < 65536:
            raise UserError(f"stream: expected a port from 1 to 65535, got {port_text!r} in {text!r}")
        port = int(port_text)
    return StreamAddress(scheme, host or LOOPBACK, port)


def resolved(address: StreamAddress, kind: socket.SocketKind) -> tuple[socket.AddressFamily, tuple]:
    """The family and socket address of a host, which may take a look at the network. Raises UserError."""
    try:
        found = socket.getaddrinfo(address.host, address.port, type=kind)
    except (socket.gaierror, UnicodeError) as error:
        raise UserError(f"{address.text}: no machine is called {address.host!r}; mend the name") from error
    family, *_, where = found[0]
    return family, where
