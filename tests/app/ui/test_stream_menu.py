"""The menu of streams: off at first, a line a protocol, any other address by its name."""

import pytest
from PyQt6.QtWidgets import QApplication, QInputDialog

from app.stream import PROTOCOLS, StreamAddress, parse_address
from app.ui.stream_menu import StreamMenu


@pytest.fixture(scope="module")
def application() -> QApplication:
    found = QApplication.instance()
    return found if isinstance(found, QApplication) else QApplication([])


@pytest.fixture
def menu(application: QApplication) -> StreamMenu:
    return StreamMenu()


def test_nothing_is_sent_until_a_line_is_checked(menu: StreamMenu) -> None:
    asked: list[tuple[StreamAddress, ...]] = []
    menu.wanted.connect(asked.append)
    assert menu.chosen == ()
    texts = [action.text() for action in menu.actions()]
    assert len(texts) == len(PROTOCOLS) + 1
    assert "osc://127.0.0.1:9000" in texts[0]
    menu.actions()[0].setChecked(True)
    assert asked == [(parse_address("osc://"),)]
    menu.actions()[0].setChecked(False)
    assert asked[-1] == ()


def test_another_address_can_be_typed_and_a_wrong_one_is_told(
    menu: StreamMenu, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[str] = []
    menu.refused.connect(refused.append)
    for text in ("vmc://192.0.2.7:39540", "nonsense"):
        monkeypatch.setattr(QInputDialog, "getText", lambda *_, text=text: (text, True))
        menu.actions()[-1].trigger()
    assert menu.chosen == (parse_address("vmc://192.0.2.7:39540"),)
    assert len(refused) == 1
    assert "nonsense" in refused[0]
