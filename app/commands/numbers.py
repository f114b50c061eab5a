"""Numbers of the command line, checked: for argparse's `type`. All raise ArgumentTypeError."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def between(low: float, high: float, what: str) -> Callable[[str], float]:
    """Numbers of a range, both ends in it. what: it in words, for who is outside."""

    def checked(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"expected a number, got {text!r}") from None
        if not low <= value <= high:  # nor what is not a number
            raise argparse.ArgumentTypeError(f"expected {what}, got {text}")
        return value

    return checked


def whole(low: int) -> Callable[[str], int]:
    """Whole numbers from `low` up."""

    def checked(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) < 2**31:
            raise argparse.ArgumentTypeError(f"expected a whole number from {low} up, got {text!r}")
        return int(text)

    return checked
