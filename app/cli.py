"""The command line: `python main.py COMMAND`. Scripts rely on its names, JSON keys and exit statuses."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from app.commands import (
    bench,
    calibrate,
    doctor,
    evaluate,
    export,
    jitter,
    latency,
    live,
    models,
    predict,
    process,
    rings,
    train,
)
from app.errors import UserError
from models.graphics import NoGraphics
from models.manifest import ChangedAsset

_COMMANDS = (
    live,
    process,
    predict,
    rings,
    models,
    bench,
    jitter,
    latency,
    calibrate,
    evaluate,
    train,
    export,
    doctor,
)
_LONGEST_LINE = 600  # a file name may be megabytes long


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; see: python {self.prog} --help")


def build_parser() -> argparse.ArgumentParser:
    """The parser of every command."""
    parser = _Parser(prog="main.py", description="Palmistry: a hand-mesh AR studio for any webcam.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=_Parser)
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser


def _one_line(error: Exception) -> str:
    """The error's text without line breaks; of a very long one, its beginning and its end."""
    text = " ".join(str(error).split())
    return text if len(text) <= _LONGEST_LINE else f"{text[:200]} … {text[200 - _LONGEST_LINE :]}"


def main(argv: Sequence[str]) -> int:
    """Run one command; `live` where none is given. Status 0, or 2 for bad input with one line on stderr."""
    try:
        arguments = build_parser().parse_args(list(argv) or ["live"])
        if not hasattr(arguments, "run"):
            raise UserError("no command given; see: python main.py --help")
        return int(arguments.run(arguments))
    except (UserError, NoGraphics, FileNotFoundError, ChangedAsset) as error:  # all say what to do
        print(f"palmistry: {_one_line(error)}", file=sys.stderr)
        return 2
    except OSError as error:  # a disk that is full, a folder that went away: no fault of the program's
        where = f"{error.filename}: " if error.filename else ""
        print(f"palmistry: {_one_line(OSError(f'{where}{error.strerror or error}'))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as ending:  # its argument is the signal that ended the program, if any
        print("palmistry: interrupted", file=sys.stderr)
        return 128 + int(ending.args[0] if ending.args else signal.SIGINT)
