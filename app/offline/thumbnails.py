"""Small pictures of rings, drawn as the rings are on hands; those of files are kept for the next time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from app.effects.ring.effect import materials
from app.effects.ring.file import KINDS, load_own_ring
from app.effects.ring.model import RingModel
from app.effects.ring.settings import RingSettings
from app.errors import UserError
from app.folders import user_folder
from app.output import save_png, write_whole
from app.render.scene import EffectContext, Prop
from app.session.drawing import PictureCompositor, load_compositor
from models.geometry import rotation_from_axis_angle
from models.types import Camera, Float64, UInt8

SIZE_PX = 160
MOST_RINGS = 400  # of a folder
_LOOK = 3  # counted up whenever thumbnails look different
_AWAY_M = 0.2
_FILLS = 0.86  # of the picture
_TURN = np.radians(32.0)  # about the ring's head
TILT, HEAD_TILT = float(np.radians(24.0)), float(np.radians(62.0))  # of its head towards the viewer
_FINER = 2  # drawn so many times as large


@dataclass(frozen=True)
class Thumbnail:
    """Of one ring file."""

    ring: Path
    picture: Path  # a PNG; it may not exist yet
    refused: Path  # a text: why the file can't be worn, in the picture's place


def thumbnails(folder: Path) -> list[Thumbnail]:
    """One for each ring file of a folder, by name; drawn or not. Raises UserError."""
    try:
        rings = sorted(path for path in folder.iterdir() if path.suffix.lower() in KINDS and path.is_file())
    except OSError as error:
        raise UserError(f"{folder} can't be read as a folder of rings ({error.strerror})") from error
    if not rings:
        raise UserError(f"{folder} holds no ring; give a folder of .glb, .obj or .stl files")
    return [_of(ring) for ring in rings[:MOST_RINGS]]


def draw_missing(wanted: Sequence[Thumbnail]) -> Iterator[Thumbnail]:
    """Draw those that aren't kept yet, one after the other, on this thread. Raises UserError, NoGraphics."""
    missing = [t for t in wanted if not t.picture.exists() and not t.refused.exists()]
    if not missing:
        return
    with closing(load_compositor()) as compositor:
        for thumbnail in missing:
            try:
                model = load_own_ring(thumbnail.ring).model
                assert model is not None
                save_png(thumbnail.picture, draw_ring(compositor, model))
            except UserError as error:
                write_whole(thumbnail.refused, str(error))
            yield thumbnail


def draw_ring(
    compositor: PictureCompositor,
    model: RingModel,
    ring: RingSettings = RingSettings(),  # noqa: B008
    size_px: int = SIZE_PX,
    tilt: float = TILT,
) -> UInt8:
    """(size_px, size_px, 3) RGB: a ring on grey, seen a little from above. ring: what it is made of."""
    side = _FINER * size_px
    pose, reach = _pose(model, tilt)
    focal = _FILLS * side / 2 * _AWAY_M / reach
    camera = Camera(focal, focal, (side - 1) / 2, (side - 1) / 2, side, side)
    chosen = materials(ring)
    props = [
        Prop(p.geometry, pose, chosen[p.material] if isinstance(p.material, str) else p.material)
        for p in model.parts
    ]
    picture = compositor.compose(_ground(side), [], camera, _Shown(props), 0.0, frozenset())
    rows = picture.reshape(size_px, _FINER, size_px, _FINER, 3).astype(np.float32)
    return np.asarray(rows.mean((1, 3)) + 0.5, np.uint8)


@dataclass(frozen=True)
class _Shown:
    """An effect that is always the same."""

    props: Sequence[Prop]

    def place(self, context: EffectContext) -> Sequence[Prop]:
        """What is shown."""
        return self.props

    def readout(self) -> Sequence[str]:
        """Nothing."""
        return ()


def _pose(model: RingModel, tilt: float) -> tuple[Float64, float]:
    """(4, 4) where the ring stands, its middle in the picture's middle, and how far it reaches from there."""
    rotation = rotation_from_axis_angle([tilt, 0.0, 0.0]) @ np.diag([1.0, -1.0, -1.0])
    rotation = rotation @ rotation_from_axis_angle([0.0, _TURN, 0.0])
    points = []
    for part in model.parts:
        vertices = part.geometry.vertices_m.astype(np.float64)
        for copy in [np.eye(4)] if part.geometry.copies is None else part.geometry.copies[:200]:
            points.append(vertices @ copy[:3, :3].T + copy[:3, 3])
    turned = np.concatenate(points) @ rotation.T
    low, high = turned.min(0), turned.max(0)
    pose = np.eye(4)
    pose[:3, :3] = rotation
    pose[:3, 3] = -(low + high) / 2 + [0.0, 0.0, _AWAY_M]
    return pose, float((high - low)[:2].max()) / 2


@cache
def _ground(side: int) -> UInt8:
    """(side, side, 3) light grey, lighter above."""
    shade = np.linspace(226, 196, side)[:, None, None]
    return np.asarray(np.broadcast_to(shade, (side, side, 3)) + 0.5, np.uint8)


def _of(ring: Path) -> Thumbnail:
    key = f"{_LOOK} {ring.resolve()}"
    with suppress(OSError):
        about = ring.stat()
        key += f" {about.st_size} {about.st_mtime_ns}"
    stem = hashlib.sha256(key.encode(errors="replace")).hexdigest()[:24]
    folder = user_folder("rings") / "thumbnails"
    return Thumbnail(ring, folder / f"{stem}.png", folder / f"{stem}.txt")
