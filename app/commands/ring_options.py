"""The flags that choose rings."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

from app.effects import DESIGNS, FINGERS, METALS, MOST_RINGS, SEGMENTS, STONES, RingSettings
from app.effects.ring_sizes import parse_size
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
    parser.add_argument("--design", choices=tuple(DESIGNS), help="the ring's design")
    parser.add_argument("--metal", choices=tuple(METALS), help="what the ring is made of")
    parser.add_argument("--stone", choices=tuple(STONES), help="the stones it carries")
    parser.add_argument(
        "--ring-size", type=_size, metavar="SIZE", help="fit (default), or a size such as 17.3mm, US7, EU54"
    )


def rings_from(arguments: argparse.Namespace, rings: Sequence[RingSettings]) -> tuple[RingSettings, ...]:
    """The rings with whatever the flags say in its place. Raises UserError."""
    try:
        if arguments.ring_on is not None:
            rings = _rings_on(arguments.ring_on, rings[0])
        elif arguments.finger is not None or arguments.segment is not None:
            place = {"finger": arguments.finger, "segment": arguments.segment}
            rings = [replace(rings[0], **{k: v for k, v in place.items() if v is not None})]
        look = {"design": arguments.design, "metal": arguments.metal, "stone": arguments.stone}
        look = {name: value for name, value in look.items() if value is not None}
        if "design" in look:
            look["own"] = None
        if arguments.ring_size is not None:
            look["size_mm"] = None if arguments.ring_size == _FIT else arguments.ring_size
        return tuple(replace(ring, **look) for ring in rings)
    except ValueError as error:
        raise UserError(f"{error}; choose another place or size for the ring") from error


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
    ring = replace(like, finger=finger, segment=segment if has_segment else "proximal", hands=hands)  # type: ignore[arg-type]
    return replace(ring, design=design, own=None) if has_design else ring


def _size(text: str) -> float | str:
    if text == _FIT:
        return _FIT
    try:
        return parse_size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}, or fit") from None
