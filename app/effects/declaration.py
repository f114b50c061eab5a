"""What an effect's file declares: its name, its settings, and how each is shown, given and saved.

The settings are a frozen dataclass whose fields are made by `setting`. Each field has a control, from which
follow its place in the panel, its flag on the command line and its key in the saved preferences.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Generic, Protocol, TypeVar

from app.render.scene import Effect

S = TypeVar("S")
Tell = Callable[[str], None]  # a line for people


class Control(Protocol):
    """How one setting is given and saved; `app.ui.effect_controls` shows the kinds that it knows."""

    @property
    def key(self) -> str:
        """Its key in the saved preferences, no other setting's."""

    def add_flags(self, parser: argparse.ArgumentParser) -> None:
        """Add its flags to a command's."""

    def chooses(self, arguments: argparse.Namespace) -> bool:
        """Whether its flags, as given, also choose the effect it belongs to."""

    def from_flags(self, arguments: argparse.Namespace, value: Any, tell: Tell) -> Any:
        """The value that the flags give; the same value without them. Raises UserError."""

    def to_save(self, value: Any) -> Any:
        """The value as JSON takes it."""

    def from_saved(self, saved: Any, default: Any) -> Any:
        """The value that was saved; the default where that is missing or damaged."""


@dataclass(frozen=True)
class _Plain:
    """A setting of one flag, --KEY, whose value JSON takes as it is."""

    key: str
    label: str  # beside its control in the panel
    help: str  # on the command line, and over its control

    def chooses(self, arguments: argparse.Namespace) -> bool:
        """With its flag given."""
        return self.from_flags(arguments, None, print) is not None

    def from_flags(self, arguments: argparse.Namespace, value: Any, tell: Tell) -> Any:
        """What the flag gives."""
        given = getattr(arguments, self.key)
        return value if given is None else given

    def to_save(self, value: Any) -> Any:
        """The value itself."""
        return value

    @property
    def _flag(self) -> str:
        return f"--{self.key.replace('_', '-')}"


@dataclass(frozen=True)
class Choice(_Plain):
    """One of several words."""

    titles: Mapping[str, str]  # the words, each as people read it

    def add_flags(self, parser: argparse.ArgumentParser) -> None:
        """--KEY WORD."""
        parser.add_argument(self._flag, dest=self.key, choices=tuple(self.titles), help=self.help)

    def from_saved(self, saved: Any, default: str) -> str:
        """One of the words, or the default."""
        return saved if isinstance(saved, str) and saved in self.titles else default


@dataclass(frozen=True)
class Number(_Plain):
    """A number of a range, both ends in it."""

    low: float
    high: float
    unit: str = ""

    def add_flags(self, parser: argparse.ArgumentParser) -> None:
        """--KEY NUMBER."""
        metavar = self.unit.upper() or f"{self.low:g}…{self.high:g}"
        parser.add_argument(self._flag, dest=self.key, type=self._parsed, metavar=metavar, help=self.help)

    def from_saved(self, saved: Any, default: float) -> float:
        """A number in the range, or the default."""
        good = isinstance(saved, int | float) and not isinstance(saved, bool)
        return float(saved) if good and self.low <= saved <= self.high else default

    def _parsed(self, text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"expected a number, got {text!r}") from None
        if not self.low <= value <= self.high:  # nor what is not a number
            raise argparse.ArgumentTypeError(
                f"expected {f'{self.low:g} to {self.high:g} {self.unit}'.strip()}, got {text}"
            )
        return value


@dataclass(frozen=True)
class Toggle(_Plain):
    """On or off."""

    def add_flags(self, parser: argparse.ArgumentParser) -> None:
        """--KEY and --no-KEY."""
        action = argparse.BooleanOptionalAction
        parser.add_argument(self._flag, dest=self.key, action=action, default=None, help=self.help)

    def from_saved(self, saved: Any, default: bool) -> bool:
        """On or off, or the default."""
        return saved if isinstance(saved, bool) else default


def setting(default: Any, control: Control) -> Any:
    """A field of an effect's settings."""
    return field(default=default, metadata={"control": control})


@dataclass(frozen=True)
class NoSettings:
    """Of effects without any."""


@dataclass(frozen=True)
class EffectType(Generic[S]):
    """One effect: what its file declares under the name EFFECT, for `app.effects.catalog` to find."""

    name: str  # on the command line
    make: Callable[[S, float], Effect]  # from settings and the error of the hands' size, a fraction
    settings: type[S]  # its fields all have defaults
    order: int  # where lists show it

    @property
    def title(self) -> str:
        """The name as people read it: walkie_talkie → Walkie talkie."""
        return self.name.replace("_", " ").capitalize()

    def controls(self) -> Iterator[tuple[str, Control]]:
        """The fields of its settings, and their controls."""
        for each in fields(self.settings):  # type: ignore[arg-type]
            yield each.name, each.metadata["control"]
