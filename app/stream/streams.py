"""All the addresses that hands are sent to now, and the line that a person is told about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock

from app.frame import FrameHands
from app.stream.address import StreamAddress
from app.stream.stream import Stream, StreamNews


class StreamSet:
    """Streams that come and go. Any thread."""

    def __init__(self, on_news: Callable[[str], None]) -> None:
        """on_news: one line about whatever is to be told now, empty where there is nothing."""
        self._on_news = on_news
        self._lock = Lock()
        self._streams: dict[StreamAddress, Stream] = {}
        self._lines: dict[StreamAddress, str] = {}

    def change(self, addresses: Sequence[StreamAddress]) -> list[Stream]:
        """Send to these addresses from now on. The streams that have ended, for the caller to close."""
        with self._lock:
            former = self._streams
            self._streams = {
                address: former[address] if address in former else self._open(address)
                for address in dict.fromkeys(addresses)
            }
            ended = [stream for address, stream in former.items() if address not in self._streams]
            for stream in ended:
                self._lines.pop(stream.address, None)
            line = self._line()
        if ended:
            self._on_news(line)
        return ended

    def show(self, frame: FrameHands) -> None:
        """The next frame's hands, to all. Returns at once."""
        for stream in tuple(self._streams.values()):
            stream.show(frame)

    def _open(self, address: StreamAddress) -> Stream:
        return Stream(address, lambda news: self._tell(address, news))

    def _tell(self, address: StreamAddress, news: StreamNews) -> None:
        with self._lock:
            if address not in self._streams:
                return  # its last words
            self._lines[address] = news.text
            line = self._line()
        self._on_news(line)

    def _line(self) -> str:
        return "; ".join(line for line in self._lines.values() if line)


@contextmanager
def open_streams(addresses: Sequence[StreamAddress], say: Callable[[str], None]) -> Iterator[list[Stream]]:
    """Streams to these addresses for as long as it lasts. Raises UserError where one can't be opened."""
    streams: list[Stream] = []

    def tell(news: StreamNews) -> None:
        if news.text and not news.text.startswith("No stream"):  # that is raised
            say(news.text)

    try:
        for address in dict.fromkeys(addresses):
            streams.append(Stream(address, tell))
            streams[-1].wait_open()
        yield streams
    finally:
        for stream in streams:
            stream.close()
