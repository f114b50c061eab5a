"""Hands to another program while they are found: the newest frame, on a thread that holds up no other."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from threading import Event, Thread
from typing import Protocol

import numpy as np

from app.errors import UserError
from app.frame import FrameHands
from app.slot import Handoff
from app.stream.address import StreamAddress
from app.stream.protocols import PROTOCOLS

_log = logging.getLogger(__name__)

_PATIENCE_S, _LOOKED_S = 0.5, 0.005
_JUDGED = 3600  # frames that the delays are taken over: two minutes


class Sender(Protocol):
    """One protocol at one address, on the stream's own thread from its making to its end.

    Its making raises UserError where the address can't be had. It never waits for a receiver.
    """

    def send(self, moment: FrameHands) -> None:
        """The next frame, at once or not at all. Raises OSError where it can't leave the machine."""

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
    """Sends to one address until it is closed. A fault is said once and withdrawn when it is over."""

    def __init__(self, address: StreamAddress, on_news: Callable[[StreamNews], None]) -> None:
        """Opens on its own thread; on_news is called from there, must return quickly and never raise."""
        self.address = address
        self._on_news = on_news
        self._moments: Handoff[tuple[FrameHands, float]] = Handoff()
        self._delays_s: deque[float] = deque(maxlen=_JUDGED)
        self.sent = self.left_out = 0
        self._fails = False
        self._well_from = 0  # how many must have been sent until a fault is over
        self._opened = Event()
        self._error: UserError | None = None
        self._thread = Thread(target=self._run, name=f"stream {address.scheme}")
        self._thread.start()

    def wait_open(self) -> None:
        """Return once it is open. Raises UserError where it can't be."""
        self._opened.wait()
        if self._error is not None:
            raise self._error

    def show(self, moment: FrameHands) -> None:
        """The next frame's hands. Returns at once; a frame that was not sent in time is left out."""
        if self._moments.put((moment, time.perf_counter())):
            self.left_out += 1

    def close(self) -> None:
        """End it, once the last frame has been sent; what takes longer than a moment is left out."""
        end_s = time.monotonic() + _PATIENCE_S
        while self._thread.is_alive() and self._moments.holds and time.monotonic() < end_s:
            time.sleep(_LOOKED_S)
        self._moments.close()
        self._thread.join()

    def summary(self) -> dict[str, object]:
        """Frames sent and left out, and milliseconds from `show` until the packets had been handed over."""
        delays_ms = 1e3 * np.asarray(self._delays_s or [0.0])
        median, p95 = np.percentile(delays_ms, (50, 95))
        delay = {"median": round(float(median), 3), "p95": round(float(p95), 3)}
        return {"sent": self.sent, "left_out": self.left_out, "hands_to_packet_ms": delay}

    def _run(self) -> None:
        try:
            sender = open_sender(self.address, lambda line: self._say(line, True))
        except UserError as error:
            self._error = error
            self._say(f"No stream: {error}", True)
            return
        finally:
            self._opened.set()
        self._say(_told(self.address), False)
        try:
            while (waiting := self._moments.take()) is not None:
                self._send(sender, *waiting)
        finally:
            with suppress(OSError):
                sender.close()

    def _send(self, sender: Sender, moment: FrameHands, shown_s: float) -> None:
        try:
            sender.send(moment)
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
        if not self._fails:
            self._fails = True
            self._say(f"{self.address.text}: {reason}", True)

    def _say(self, line: str, fault: bool) -> None:
        self._on_news(StreamNews(line, fault))


def _told(address: StreamAddress) -> str:
    """What a person is told while it is on: nothing where it stays on this machine."""
    return "" if address.stays_here else f"Hands are sent to {address.text}, which is another machine"
