"""The flags that choose rings."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.effects.declaration import Tell
from app.effects.ring.cuts import CUTS
from app.effects.ring.designs import ring_designs
from app.effects.ring.file import describe, load_own_ring
from app.effects.ring.finishes import FINISHES
from app.effects.ring.fit import FINGERS, SEGMENTS
from app.effects.ring.memory import recall, remember, remember_parts
from app.effects.ring.metals import METALS
from app.effects.ring.model import KIND_WORDS, UNITS_M, OwnRing
from app.effects.ring.settings import MOST_RINGS, RingSettings
from app.effects.ring.sizes import parse_size
from app.effects.ring.stones import STONES
from app.errors import UserError

_FIT, _FILE = "fit", "file"


def add_rings(parser: argparse.ArgumentParser) -> None:
    """Which rings, on which fingers."""
    parser.add_argument("--finger", choices=FINGERS, help="the finger that wears the ring")
    parser.add_argument("--segment", choices=SEGMENTS, help="the segment of that finger")
    parser.add_argument(
        "--ring-on",
        metavar="PLACE,…",
        help="several rings at once, each [left-|right-]FINGER[:SEGMENT][=DESIGN], "
        "as in index:middle,left-ring=solitaire",
    )
    parser.add_argument("--design", choices=tuple(ring_designs()), help="the ring's design")
    parser.add_argument("--metal", choices=tuple(METALS), help="what the ring is made of")
    parser.add_argument("--stone", choices=tuple(STONES), help="the stones it carries")
    parser.add_argument("--finish", choices=tuple(FINISHES), help="how the metal is worked")
    parser.add_argument("--cut", choices=tuple(CUTS), help="the cut of the one large stone")
    parser.add_argument("--ring-width", type=float, metavar="MM", help="of the band, along the finger")
    parser.add_argument("--ring-thickness", type=float, metavar="MM", help="of the band")
    parser.add_argument(
        "--ring-size",
        type=_size,
        metavar="SIZE",
        help="fit (default), a size such as 17.3mm, US7, EU54, or file: as the ring's file has it",
    )
    parser.add_argument("--ring", type=Path, metavar="FILE", help="your own: a .glb, .obj or .stl")
    parser.add_argument("--ring-units", choices=tuple(UNITS_M), help="what the file counts in")
    parser.add_argument("--ring-pick", type=int, metavar="N", help="which ring of a file with several")
    parser.add_argument(
        "--ring-part",
        type=_part,
        action="append",
        metavar="PART=KIND",
        help="what a part of the file is: stone, metal (the one you choose) or file (as the file has it)",
    )
    parser.add_argument("--ring-along", type=float, metavar="MM", help="moved towards the fingertip")
    parser.add_argument("--ring-turn", type=float, metavar="DEGREES", help="turned about the finger")
    parser.add_argument("--ring-scale", type=float, metavar="FACTOR", help="larger or smaller than it fits")
    parser.add_argument(
        "--ring-flip",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="the side that looked to the fingertip looks to the palm",
    )


def rings_from(
    arguments: argparse.Namespace, rings: Sequence[RingSettings], tell: Tell
) -> tuple[RingSettings, ...]:
    """The rings with whatever the flags say in its place. Reads a ring file, and tells of it.

    Raises UserError.
    """
    try:
        if arguments.ring_on is not None:
            rings = _rings_on(arguments.ring_on, rings[0])
        elif arguments.finger is not None or arguments.segment is not None:
            rings = [replace(rings[0], **_given(finger=arguments.finger, segment=arguments.segment))]
        look = _given(
            design=arguments.design,
            metal=arguments.metal,
            stone=arguments.stone,
            finish=arguments.finish,
            cut=arguments.cut,
            width_mm=arguments.ring_width,
            thickness_mm=arguments.ring_thickness,
        )
        if "design" in look:
            look["own"] = None
        rings = [replace(ring, **look) for ring in rings]
        if arguments.ring is not None:
            rings = _with_own(rings, arguments, tell)
        elif lonely := _given(units=arguments.ring_units, pick=arguments.ring_pick, part=arguments.ring_part):
            raise UserError(f"--ring-{next(iter(lonely))} belongs to --ring FILE; give both")
        else:
            rings = [replace(r, placement=replace(r.placement, **_moved(arguments))) for r in rings]
        return tuple(replace(ring, **_sized(arguments.ring_size, ring)) for ring in rings)
    except ValueError as error:
        raise UserError(f"{error}; choose another place or size for the ring") from error


def _with_own(rings: Sequence[RingSettings], arguments: argparse.Namespace, tell: Tell) -> list[RingSettings]:
    """The rings as the file's, placed as it was the last time but for what the flags say."""
    own = load_own_ring(arguments.ring, arguments.ring_units)
    if arguments.ring_pick is not None or arguments.ring_part:
        own = _told(own, arguments)
    placement = replace(recall(own.sha256).placement, **_moved(arguments))
    remember(own.sha256, placement, None if own.guessed else own.unit)
    hint = " (if not: --ring-units)" if own.guessed else ""
    tell(f"{describe(own)}{hint}")
    return [replace(ring, own=own, placement=placement) for ring in rings]


def _told(own: OwnRing, arguments: argparse.Namespace) -> OwnRing:
    """The file read again, with what was said of its rings and parts; that is remembered."""
    pick, kinds = arguments.ring_pick, dict(arguments.ring_part or ())
    if pick is not None and not 1 <= pick <= len(own.rings):
        raise UserError(f"--ring-pick: {own.path.name} holds {len(own.rings)} ring(s), got {pick}")
    ring = None if pick is None else pick - 1
    kinds = {**recall(own.sha256).kinds, **kinds}
    again = load_own_ring(own.path, None if own.guessed else own.unit, ring, kinds)
    unknown = set(dict(arguments.ring_part or ())) - {part.label for part in again.labels}
    if unknown:
        names = ", ".join(part.label for part in again.labels)
        raise UserError(f"--ring-part: there is no {min(unknown)!r}; the parts are {names}")
    remember_parts(own.sha256, again.picked, kinds)
    return again


def _part(text: str) -> tuple[str, str]:
    name, equals, kind = text.rpartition("=")
    if not (name and equals and kind in KIND_WORDS):
        raise argparse.ArgumentTypeError(f"expected PART=stone, PART=metal or PART=file, got {text!r}")
    return name, kind


def _given(**values: object) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _moved(arguments: argparse.Namespace) -> dict[str, Any]:
    return _given(
        along_mm=arguments.ring_along,
        turn_deg=arguments.ring_turn,
        scale=arguments.ring_scale,
        flipped=arguments.ring_flip,
    )


def _sized(size: float | str | None, ring: RingSettings) -> dict[str, Any]:
    if size is None:
        return {}
    if size != _FILE:
        return {"size_mm": None if isinstance(size, str) else size}
    if ring.own is None or ring.own.model is None:
        raise ValueError("--ring-size file belongs to --ring FILE")
    return {"size_mm": ring.own.inner_diameter_mm}


def _rings_on(text: str, like: RingSettings) -> list[RingSettings]:
    """One ring for each place in the list, otherwise like the one given. Raises ValueError."""
    places = [place.strip() for place in text.split(",")]
    if len(places) > MOST_RINGS:
        raise ValueError(f"--ring-on: expected up to {MOST_RINGS} rings, got {len(places)}")
    return [_ring_on(place, like) for place in places]


def _ring_on(place: str, like: RingSettings) -> RingSettings:
    where, has_design, design = place.partition("=")
    finger, has_segment, segment = where.partition(":")
    hands = "both"
    for side in ("left", "right"):
        if finger.startswith(f"{side}-"):
            hands, finger = side, finger.removeprefix(f"{side}-")
    there: dict[str, Any] = {"finger": finger, "segment": segment if has_segment else "proximal"}
    return replace(like, hands=hands, **there, **({"design": design, "own": None} if has_design else {}))  # type: ignore[arg-type]


def _size(text: str) -> float | str:
    if text in (_FIT, _FILE):
        return text
    try:
        return parse_size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}, fit or file") from None
