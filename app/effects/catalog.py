"""The effects: every file of this folder that declares one, and the settings of all of them together."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, TypeVar

import app.effects
from app.effects.declaration import EffectType, Tell
from app.measure.depth_error import UNKNOWN_SIZE
from app.render.scene import Effect

S = TypeVar("S")


@lru_cache(maxsize=1)
def effects() -> Mapping[str, EffectType[Any]]:
    """Every effect by its name, in the order in which the window lists them.

    They are the EFFECTs of this folder's modules. Raises ValueError where two have a name or a key in common.
    """
    modules = [import_module(f"app.effects.{module.name}") for module in iter_modules(app.effects.__path__)]
    declared = [module.EFFECT for module in modules if hasattr(module, "EFFECT")]
    declared.sort(key=lambda effect: (effect.order, effect.name))
    for what, words in (
        ("name", [effect.name for effect in declared]),
        ("key", [control.key for effect in declared for _, control in effect.controls()]),
    ):
        if twice := {word for word in words if words.count(word) > 1}:
            raise ValueError(f"effects: two have the {what} {', '.join(sorted(twice))}")
    return {effect.name: effect for effect in declared}


def effect_names() -> tuple[str, ...]:
    """Every effect, in the order in which the window lists them."""
    return tuple(effects())


def make_effect(name: str, settings: object = None, size_error: float = UNKNOWN_SIZE) -> Effect:
    """A fresh effect. settings: of its own type; None takes the usual.

    size_error: fraction by which the hands may be of another size than their meshes.
    Raises ValueError for an unknown name or another effect's settings.
    """
    if name not in effects():
        raise ValueError(f"effect: there is no {name!r}; choose from {', '.join(effects())}")
    effect = effects()[name]
    if not isinstance(settings, effect.settings | None):
        expected, got = effect.settings.__name__, type(settings).__name__
        raise ValueError(f"effect {name}: expected {expected}, got {got}")
    return effect.make(effect.settings() if settings is None else settings, size_error)


@dataclass(frozen=True)
class EffectSettings:
    """The settings of every effect."""

    changed: tuple[tuple[str, object], ...] = ()  # by name, where they are not the usual

    def of(self, effect: EffectType[S]) -> S:
        """The settings of one effect."""
        value = dict(self.changed).get(effect.name)
        return value if isinstance(value, effect.settings) else effect.settings()

    def with_(self, effect: EffectType[S], settings: S) -> EffectSettings:
        """The same, but for one effect's."""
        others = [(name, value) for name, value in self.changed if name != effect.name]
        own = [] if settings == effect.settings() else [(effect.name, settings)]
        return EffectSettings(tuple(sorted([*others, *own], key=lambda entry: entry[0])))


def add_effect_flags(parser: argparse.ArgumentParser) -> None:
    """--effect, and the flags of every effect's settings."""
    parser.add_argument("--effect", choices=effect_names(), help="what is drawn (default: ring)")
    for effect in effects().values():
        for _, control in effect.controls():
            control.add_flags(parser)


def effect_from_flags(arguments: argparse.Namespace) -> str | None:
    """The effect that the flags choose: by its name, or by one of its settings; None: none of them does."""
    if arguments.effect is not None:
        return str(arguments.effect)
    chosen = (e.name for e in effects().values() if any(c.chooses(arguments) for _, c in e.controls()))
    return next(chosen, None)


def settings_from_flags(
    arguments: argparse.Namespace, settings: EffectSettings, tell: Tell
) -> EffectSettings:
    """`settings` with what the flags say in its place. tell: takes a line for people. Raises UserError."""
    for effect in effects().values():
        own = settings.of(effect)
        given = {n: c.from_flags(arguments, getattr(own, n), tell) for n, c in effect.controls()}
        settings = settings.with_(effect, replace(own, **given))
    return settings


def settings_to_save(settings: EffectSettings) -> dict[str, Any]:
    """As JSON takes them, by the controls' keys."""
    return {
        control.key: control.to_save(getattr(settings.of(effect), name))
        for effect in effects().values()
        for name, control in effect.controls()
    }


def saved_settings(saved: Mapping[str, Any]) -> EffectSettings:
    """What was saved; whatever is missing or damaged takes its default."""
    settings = EffectSettings()
    for effect in effects().values():
        usual = effect.settings()
        kept = {n: c.from_saved(saved.get(c.key), getattr(usual, n)) for n, c in effect.controls()}
        settings = settings.with_(effect, replace(usual, **kept))
    return settings
