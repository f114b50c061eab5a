"""Addresses of streams: what is taken, and the one line for what is not."""

import pytest

from app.errors import UserError
from app.stream import StreamAddress, parse_address
from app.stream.address import resolved


@pytest.mark.parametrize(
    ("text", "expected", "here"),
    [
        ("osc://", StreamAddress("osc", "127.0.0.1", 9000), True),
        ("osc://:7000", StreamAddress("osc", "127.0.0.1", 7000), True),
        ("ws://localhost:8000/", StreamAddress("ws", "localhost", 8000), True),
        ("vmc://192.168.1.7", StreamAddress("vmc", "192.168.1.7", 39539), False),
        ("udp+json://[::1]:9", StreamAddress("udp+json", "::1", 9), True),
        ("ws://0.0.0.0:8765", StreamAddress("ws", "0.0.0.0", 8765), False),
    ],
)
def test_addresses(text: str, expected: StreamAddress, here: bool) -> None:
    address = parse_address(text)
    assert address == expected
    assert address.stays_here is here
    assert parse_address(address.text) == address


@pytest.mark.parametrize(
    "text",
    ["", "osc", "http://x:1", "osc://a:b", "osc://a:0", "osc://a:65536", "osc://a b:1", "ws://[::1:80",
     "ws://a:1/path", "osc://ä.de:1", "udp://1.2.3.4:5", "osc://a:1:2", "osc://u@h:1", "osc://h:99999999999"],
)  # fmt: skip
def test_what_is_no_address_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UserError, match=r"^stream: ") as refused:
        parse_address(text)
    assert "\n" not in str(refused.value)


def test_a_name_with_a_typo_says_so() -> None:
    import socket

    with pytest.raises(UserError, match="no machine is called"):
        resolved(parse_address("osc://no-such-host.invalid:9000"), socket.SOCK_DGRAM)
