"""`rings FOLDER`: a thumbnail of every ring file in a folder, for the window's library or on one sheet."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from app.capture import read_image
from app.commands.options import add_json, print_json, say
from app.offline.thumbnails import SIZE_PX, Thumbnail, draw_missing, thumbnails
from app.output import prepare_output, save_png
from models.types import UInt8

_COLUMNS = 6


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("rings", help="thumbnails of the ring files in a folder")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a folder of .glb, .obj and .stl files")
    parser.add_argument("--sheet", type=Path, metavar="FILE.png", help="all of them in one picture")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Draw what is missing, and say what can't be worn. Raises UserError."""
    if arguments.sheet is not None:
        prepare_output(arguments.sheet, ".png")
    wanted = thumbnails(arguments.folder)
    for done in draw_missing(wanted):
        say(f"{done.ring.name}: {'drawn' if done.picture.exists() else 'refused'}")
    refused = {t.ring.name: t.refused.read_text("utf-8") for t in wanted if t.refused.exists()}
    for line in refused.values():
        say(line)
    drawn = [t for t in wanted if t.picture.exists()]
    if arguments.sheet is not None and drawn:
        save_png(arguments.sheet, _sheet(drawn))
    print(f"{arguments.folder}: {len(drawn)} rings, {len(refused)} refused")
    if arguments.json:
        print_json({"rings": {t.ring.name: str(t.picture) for t in drawn}, "refused": refused})
    return 0


def _sheet(drawn: list[Thumbnail]) -> UInt8:
    """(H, W, 3), as many beside each other as a line has."""
    tiles = [read_image(thumbnail.picture) for thumbnail in drawn]
    columns = min(_COLUMNS, len(tiles))
    tiles += [np.full((SIZE_PX, SIZE_PX, 3), 255, np.uint8)] * (-len(tiles) % columns)
    for tile, thumbnail in zip(tiles, drawn, strict=False):
        name = thumbnail.ring.stem[:22]
        cv2.putText(
            tile, name, (6, SIZE_PX - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (40, 40, 40), 1, cv2.LINE_AA
        )
    rows = [np.hstack(tiles[k : k + columns]) for k in range(0, len(tiles), columns)]
    return np.asarray(np.vstack(rows), np.uint8)
