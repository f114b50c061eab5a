"""The menu of programs that hands are sent to: a line a protocol, and any other address."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QInputDialog, QMenu

from app.errors import UserError
from app.stream import PROTOCOLS, StreamAddress, parse_address


class StreamMenu(QMenu):
    """Off until a line is checked, and never remembered: what leaves the program is chosen each time."""

    wanted = pyqtSignal(object)  # tuple[StreamAddress, ...]
    refused = pyqtSignal(str)  # what was typed and is no address

    def __init__(self) -> None:
        super().__init__("Send hands to other programs")
        self._lines: dict[StreamAddress, QAction] = {}
        self._other = QAction("Another address …", self)
        self._other.triggered.connect(self._ask)
        self.addAction(self._other)
        for scheme, protocol in PROTOCOLS.items():
            self._add(StreamAddress(scheme, port=protocol.port))

    @property
    def chosen(self) -> tuple[StreamAddress, ...]:
        """The addresses that are checked."""
        return tuple(address for address, line in self._lines.items() if line.isChecked())

    def choose(self, addresses: Sequence[StreamAddress]) -> None:
        """Check these as well."""
        for address in addresses:
            self._add(address).setChecked(True)

    def _add(self, address: StreamAddress) -> QAction:
        if address not in self._lines:
            line = QAction(f"{PROTOCOLS[address.scheme].title}   {address.text}", self)
            line.setCheckable(True)
            line.toggled.connect(lambda _: self.wanted.emit(self.chosen))
            self.insertAction(self._other, line)
            self._lines[address] = line
        return self._lines[address]

    def _ask(self) -> None:
        known = ", ".join(f"{scheme}://HOST:PORT" for scheme in PROTOCOLS)
        text, entered = QInputDialog.getText(self, "Send hands to", f"One of {known}")
        if entered and text.strip():
            try:
                self.choose([parse_address(text)])
            except UserError as error:
                self.refused.emit(str(error))
