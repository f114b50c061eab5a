"""Hands to another program while they are found: on the thread that has them, which waits for nothing."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from threading import Lock, Thread
from typing import Protocol

import numpy as np

from app.errors import UserError
from app.frame import FrameHands
from app.stream.address import StreamAddress
from app.stream.protocols import PROTOCOLS

_log = logging.getLogger(__name__)

_JUDGED = 3600  # frames that the delays are taken over: two minutes


class Sender(Protocol):
    """One protocol at one address. Its making may look for a host; UserError where it can't be had."""

    def send(self, moment: FrameHands) -> None:
        """The next frame, at once or not at all: it never waits for a receiver. Raises OSError where it can't
        leave the machine. One thread's at a time."""

    def close(self) -> None:
        """Leave nothing open."""


def open_sender(address: StreamAddress, tell: Callable[[str], None]) -> Sender:
    """A sender of the address's protocol. tell: a line for people, from any thread. Raises UserError."""
    protocol = import_module(PROTOCOLS[address.scheme].module)
    make: Callable[[StreamAddress, Callable[[str], None]], Sender] = protocol.open_sender
    return make(address, tell)


@dataclass(frozen=True)
class StreamNews:
    """One line about a stream; an empty text means that all is well again."""

    text: str
    fault: bool


class Stream:
    """Sends to one address until it is closed. A fault is said once and withdrawn when it is over.

    A thread of its own would need a core and the interpreter while pictures are drawn; until both are free
    takes many times as long as the sending.
    """

    def __init__(self, address: StreamAddress, on_news: Callable[[StreamNews], None]) -> None:
        """Opens on its own thread; on_news is called from there and from `show`, must return quickly and
        never raise."""
        self.address = address
        self._on_news = on_news
        self._delays_s: deque[float] = deque(maxlen=_JUDGED)
        self.sent = self.left_out = 0
        self._fails = False
        self._well_from = 0  # how many must have been sent until a fault is over
        self._sender: Sender | None = None
        self._sending = Lock()  # held while a frame is sent, and for good from the end on
        self._error: UserError | None = None
        self._opening = Thread(target=self._open, name=f"stream {address.scheme}")
        self._opening.start()

    def wait_open(self) -> None:
        """Return once it is open. Raises UserError where it can't be."""
        self._opening.join()
        if self._error is not None:
            raise self._error

    def show(self, moment: FrameHands) -> None:
        """The next frame's hands, at once; a frame that can't be sent without waiting is left out."""
        if self._sender is None or not self._sending.acquire(blocking=False):
            self.left_out += 1
            return
        try:
            self._send(self._sender, moment, time.perf_counter())
        finally:
            self._sending.release()

    def close(self) -> None:
        """End it; nothing is sent from now on."""
        self._opening.join()
        if self._sender is not None:
            self._sending.acquire()
            with suppress(OSError):
                self._sender.close()
            self._sender = None

    def summary(self) -> dict[str, object]:
        """Frames sent and left out, and milliseconds from `show` until the packets had been sent."""
        delays_ms = 1e3 * np.asarray(self._delays_s or [0.0])
        median, p95 = np.percentile(delays_ms, (50, 95))
        delay = {"median": round(float(median), 3), "p95": round(float(p95), 3)}
        return {"sent": self.sent, "left_out": self.left_out, "hands_to_packet_ms": delay}

    def _open(self) -> None:
        try:
            self._sender = open_sender(self.address, lambda line: self._say(line, True))
        except UserError as error:
            self._error = error
            self._say(f"No stream: {error}", True)
            return
        self._say(_told(self.address), False)

    def _send(self, sender: Sender, moment: FrameHands, shown_s: float) -> None:
        try:
            sender.send(moment)
        except BlockingIOError:  # this machine's own buffer is full
            self.left_out += 1
        except ConnectionRefusedError:
            self._fail("nobody listens there yet")
        except OSError as error:
            self._fail(f"can't be reached ({error.strerror}); frames are left out until it can")
        except Exception as error:  # a fault with one frame must not end the stream
            _log.exception("a frame could not be sent")
            self._fail(f"a frame could not be sent ({error}); it goes on")
        else:
            self.sent += 1
            self._delays_s.append(time.perf_counter() - shown_s)
            if self._fails and self.sent > self._well_from:
                self._fails = False
                self._say(_told(self.address), False)

    def _fail(self, reason: str) -> None:
        # A datagram to a closed port is refused one datagram late, so a single success proves nothing.
        self._well_from = self.sent + 10
        self.left_out += 1
        if not self._fails:
            self._fails = True
            self._say(f"{self.address.text}: {reason}", True)

    def _say(self, line: str, fault: bool) -> None:
        self._on_news(StreamNews(line, fault))


def _told(address: StreamAddress) -> str:
    """What a person is told while it is on: nothing where it stays on this machine."""
    return "" if address.stays_here else f"Hands are sent to {address.text}, which is another machine"
