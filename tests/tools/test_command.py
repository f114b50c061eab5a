"""A tool says what it was given wrongly in one line."""

from __future__ import annotations

import pytest

from app.errors import UserError
from models.graphics import NoGraphics
from tools.command import command


@pytest.mark.parametrize("error", [UserError, ValueError, OSError, NoGraphics])
def test_what_a_tool_was_given_wrongly_is_one_line(
    error: type[Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    @command
    def main() -> None:
        raise error("no such folder")

    assert main() == 2
    assert capsys.readouterr().err == "test_command: no such folder\n"


def test_a_fault_of_the_tool_itself_is_traced() -> None:
    @command
    def main() -> None:
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        main()


def test_a_tool_that_ends_well_ends_with_zero() -> None:
    @command
    def main(number: int) -> int | None:
        return number or None

    assert (main(0), main(3)) == (0, 3)
