"""The export formats by name. A module put into `app.export.formats` is one more: no list to add it to."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.export import formats
from app.export.entry import ExportFormat, HandsWriter, Options
from models.hand.poser import HandPoser


def export_formats() -> dict[str, ExportFormat]:
    """Every format, sorted by module. Raises AttributeError for a module without FORMAT."""
    modules = sorted(module.name for module in pkgutil.iter_modules(formats.__path__))
    entries = [importlib.import_module(f"{formats.__name__}.{name}").FORMAT for name in modules]
    return {entry.name: entry for entry in entries}


@dataclass(frozen=True)
class Exports:
    """The files that are wanted of one video."""

    files: Mapping[str, Path] = field(default_factory=dict)  # by the name of their format
    options: Options = field(default_factory=dict)  # of all formats; what is missing takes its default


def make_writers(exports: Exports) -> list[HandsWriter]:
    """A writer for each file. Raises UserError where one can't be written, and leaves none half made."""
    known, writers = export_formats(), list[HandsWriter]()
    shared = {"poser": HandPoser()}  # whoever needs a hand's parameters finds them there, found once
    defaults = {o.name: o.argparse.get("default") for entry in known.values() for o in entry.options}
    try:
        for name, path in exports.files.items():
            writers.append(known[name].make(path, defaults | dict(exports.options) | shared))
    except BaseException:
        for writer in writers:
            writer.discard()
        raise
    return writers
