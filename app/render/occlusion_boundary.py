"""What is before a ring or a thing ends where the photo shows it, not where the mesh does, pixels away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from app.render.extent import extent
from app.render.scene import Prop
from app.render.surface import N_PARTS
from app.render.viewport import NEAR_M, NOTHING_M, Window
from models.geometry import project
from models.types import Camera, HandMesh

Picture = NDArray[np.uint8]
Float = NDArray[np.float64]
Float32 = NDArray[np.float32]
Pixels = NDArray[np.int64]

_REACH = 0.45  # of the ring's radius: how far mesh and photo may differ
_AROUND = 1.4  # radii: what is looked at besides
_CLOSE = 1.2  # radii: what is farther from its middle is beside it, not before it
_OWN_BEFORE = 1.6  # radii nearer than the ring's middle, its own finger and palm are before it
_USUAL_PX = 14.0  # a ring of a larger radius is looked at in a smaller picture
_USUAL_AREA = 5000.0  # .. and so are the outlines of hands that fill more pixels
_SLIT = 0.45  # of that: between fingers that touch, their meshes may leave so much to each side
_OUTLINE_M = 0.006  # how far they may differ from the photo's
_LEAST_PX = 4.0  # nothing is to be seen beside a smaller one
_UNSURE = 0.05  # how far the mesh is believed where mesh and photo may differ
_DOUBT, _BELIEF = 0.2, 0.4  # share of an edge that colour explains: below it stays, above it goes along
_NOISE = 0.015**2  # variance of colour, 0..1, that tells nothing


@dataclass(frozen=True)
class Spot:
    """Where a ring is in the picture, and what counts as before it."""

    at_px: Float  # (2,) on the mesh's finger, frame
    drawn_px: Float  # (2,) where the ring is drawn
    radius_px: float
    own: tuple[int, int]  # parts: its finger and palm
    own_before_m: float  # these are before it where they are nearer to the camera than this ..
    before_m: float  # .. all others where they are nearer than this


@dataclass(frozen=True)
class Outlines:
    """Where hands are before large things, or behind them: where they end matters, however near they are."""

    low_px: Pixels  # (2,) a rectangle of the frame
    high_px: Pixels  # (2,) its end
    reach_px: float  # how far mesh and photo may differ


@dataclass(frozen=True)
class Cuts:
    """Where the photo, not the mesh, tells what hides things."""

    frame_rgb: Picture
    edges: tuple[Spot | Outlines, ...]

    def held_by(self, window: Window) -> Window:
        """The window, widened to the outlines that are looked at; around a ring it shows enough."""
        for one in self.edges:
            if isinstance(one, Outlines):
                window = window.widened(one.low_px, one.high_px)
        return window


def find_cuts(
    frame_rgb: Picture,
    props: Sequence[Prop],
    hands: Sequence[HandMesh],
    regions: NDArray[np.integer],
    camera: Camera,
) -> Cuts:
    """Where hands are before things, or cross them, in a whole frame. regions: (778,) HandData's."""
    spots = crossed_spots(props, hands, regions, camera)
    return Cuts(frame_rgb, (*spots, *crossed_outlines(props, hands, camera)))


def crossed_outlines(props: Sequence[Prop], hands: Sequence[HandMesh], camera: Camera) -> list[Outlines]:
    """Where hands and things on no finger meet in the picture; at most one."""
    solid = extent([prop for prop in props if prop.grip is None and not prop.worn])
    solid = solid[solid[:, 2] > NEAR_M]
    if not len(solid) or not hands:
        return []
    skin = np.concatenate([hand.vertices_m for hand in hands])
    reach_px = _OUTLINE_M * camera.fx / float(skin[:, 2].min())
    low, high = np.zeros(2), np.array([camera.width, camera.height], np.float64)
    for points in (solid, skin):
        px = project(points, camera)
        low, high = np.maximum(low, px.min(0) - reach_px), np.minimum(high, px.max(0) + reach_px)
    low_px, high_px = np.floor(low).astype(int), np.ceil(high).astype(int)
    if skin[:, 2].min() > solid[:, 2].max() or (high_px - low_px).min() < 4:
        return []
    return [Outlines(low_px, high_px, reach_px)]


def crossed_spots(
    props: Sequence[Prop], hands: Sequence[HandMesh], regions: NDArray[np.integer], camera: Camera
) -> list[Spot]:
    """The rings with a part of a hand before them, or close to it. regions: (778,) HandData's."""
    found = []
    for grip, prop in {p.grip: p for p in props}.items():
        wearer = next((i for i, h in enumerate(hands) if grip and h.track_id == grip.track_id), None)
        if grip is None or wearer is None or prop.pose[2, 3] < NEAR_M:
            continue
        z = float(prop.pose[2, 3])
        radius_m = grip.outer_radius_m * float(np.linalg.norm(prop.pose[:3, 0]))
        at, drawn = project(np.stack([prop.pose[:3, 3] - grip.off_mesh_m, prop.pose[:3, 3]]), camera)
        spot = Spot(
            at_px=at,
            drawn_px=drawn,
            radius_px=radius_m * camera.fx / z,
            own=(N_PARTS * wearer + grip.region, N_PARTS * wearer),
            own_before_m=z - _OWN_BEFORE * radius_m,
            before_m=z,
        )
        if spot.radius_px > _LEAST_PX and any(
            _crosses(spot, hand, N_PARTS * i + regions, camera) for i, hand in enumerate(hands)
        ):
            found.append(spot)
    return found


def _crosses(spot: Spot, hand: HandMesh, parts: NDArray[np.integer], camera: Camera) -> bool:
    before = _before(spot, hand.vertices_m[:, 2], parts)
    off = np.linalg.norm(project(hand.vertices_m[before], camera) - spot.at_px, axis=-1)
    return bool((off < _CLOSE * spot.radius_px).any())


def _before(spot: Spot, depth_m: Float32, parts: NDArray[np.generic]) -> NDArray[np.bool_]:
    own = (parts == spot.own[0]) | (parts == spot.own[1])
    return np.asarray(depth_m < np.where(own, spot.own_before_m, spot.before_m))


def part_around(edges: Spot | Outlines, window: Window) -> Window:
    """The part of a window that `refine` looks at and changes."""
    low, high, _, _ = _looked_at(edges, window)
    width, height = np.maximum(high - low, 1)
    return replace(window, x=int(low[0]), y=int(low[1]), width=int(width), height=int(height))


def refine(
    occluder: Float32, window: Window, edges: Spot | Outlines, photo_rgb: Picture
) -> tuple[slice, slice] | None:
    """Move the edges of what is before a ring, or those of hands, to where the photo shows them, in place.

    occluder: (n * h, n * w, 2) depth and part of what the camera sees first, n to a pixel of the window.
    photo_rgb: the whole frame. Returns the part that may have changed, None where nothing can.
    """
    n = occluder.shape[0] // window.height
    low, high, shrink, reach = _looked_at(edges, window)
    w, h = (int(v) for v in (high - low) // shrink)
    if min(w, h) < 4:
        return None
    x, y = n * (int(low[0]) - window.x), n * (int(low[1]) - window.y)
    where = slice(y, y + n * shrink * h), slice(x, x + n * shrink * w)
    part = occluder[where]
    depth = np.array(part[..., 0])
    if isinstance(edges, Spot):
        before = _before(edges, depth, part[..., 1]).astype(np.uint8)
        shift = edges.drawn_px - edges.at_px
    else:
        before, shift = (depth < NOTHING_M).astype(np.uint8), np.zeros(2)
    there = cv2.countNonZero(before)
    if not 0 < there < before.size:
        return None
    whole = before
    if isinstance(edges, Outlines):
        slit = np.ones((2 * round(_SLIT * n * edges.reach_px) + 1,) * 2, np.uint8)
        whole = np.asarray(cv2.morphologyEx(before, cv2.MORPH_CLOSE, slit), np.uint8)
    mesh = np.asarray(cv2.resize(whole.astype(np.float32), (w, h), interpolation=cv2.INTER_AREA), np.float32)
    photo = photo_rgb[low[1] : low[1] + h * shrink, low[0] : low[0] + w * shrink]
    if shift.any():
        moved = np.array([[1, 0, 0], [0, 1, 0]]) + np.outer(low + shift, [0, 0, 1])
        way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = (w * shrink, h * shrink)
        aside = cv2.warpAffine(photo_rgb, moved, size, flags=way, borderMode=cv2.BORDER_REPLICATE)
        photo = np.asarray(aside, np.uint8)
    colour = cv2.resize(photo, (w, h), interpolation=cv2.INTER_AREA).astype(np.float32)
    side = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    inner, outer = cv2.erode(mesh, side), cv2.dilate(mesh, side)
    sure = np.where(outer - inner > 0.5, np.float32(_UNSURE), np.float32(1))
    seen = np.clip(matte(mesh, sure, colour / np.float32(255), 2 * reach), inner, outer)
    fine = cv2.resize(seen, part.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 0.5
    comes, goes = fine & (before == 0), (before > 0) & ~fine
    depth[before == 0] = NOTHING_M
    np.copyto(part[..., 0], _grown(depth, shrink * n, reach + 1), where=comes)
    if isinstance(edges, Spot):
        parts = np.where(before > 0, part[..., 1], np.float32(-1))
        np.copyto(part[..., 1], -_grown(-parts, shrink * n, reach + 1), where=comes)
    np.copyto(part[..., 0], NOTHING_M, where=goes)
    np.copyto(part[..., 1], -1, where=goes)
    return where


def _grown(values: Float32, coarse: int, reach: int) -> Float32:
    """(h, w) the least of the values around each, as far as so many squares of `coarse` pixels."""
    size = values.shape[1] // coarse, values.shape[0] // coarse
    small = cv2.resize(values, size, interpolation=cv2.INTER_NEAREST)
    spread = cv2.erode(small, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    return np.asarray(cv2.resize(spread, values.shape[1::-1], interpolation=cv2.INTER_NEAREST), np.float32)


def _looked_at(edges: Spot | Outlines, window: Window) -> tuple[Pixels, Pixels, int, int]:
    """Of the frame: where it begins and ends; frame pixels to one that is looked at; of those, the reach."""
    if isinstance(edges, Outlines):
        area = float(np.prod(edges.high_px - edges.low_px))
        shrink = max(1, round(float(np.sqrt(area / _USUAL_AREA))))
        return edges.low_px, edges.high_px, shrink, max(1, round(edges.reach_px / shrink))
    shrink = max(1, round(edges.radius_px / _USUAL_PX))
    reach = max(1, round(_REACH * edges.radius_px / shrink))
    half = int(np.ceil(_AROUND * edges.radius_px)) + 2 * reach * shrink
    first, end = np.array([window.x, window.y]), np.array(window.end)
    low, high = np.maximum(np.floor(edges.at_px) - half, first), np.minimum(np.ceil(edges.at_px) + half, end)
    return low.astype(int), high.astype(int), shrink, reach


def matte(mask: Float32, sure: Float32, photo: Float32, radius: int) -> Float32:
    """(H, W) the mask as a picture (H, W, 3), 0..1, continues it where it is not sure.

    Around each pixel the mask is the linear function of colour that fits it best, weighted by how sure it is,
    so the colours on both sides of its edge are told apart by what separates them most. Where colour explains
    too little, as often between two fingers, the mask stays. After He, Sun and Tang, "Guided image filtering"
    (2010).
    """
    r, g, b = rgb = cv2.split(photo)
    squares = [r * r, r * g, r * b, g * g, g * b, b * b]
    seen = [*rgb, mask, r * mask, g * mask, b * mask, *squares]
    *sums, weight = _means([*(sure * one for one in seen), sure], radius)
    mr, mg, mb, share, *products = (one / weight for one in sums)
    means = (mr, mg, mb)
    covariance = [products[k] - means[k] * share for k in range(3)]
    rr, rg, rb = (products[3 + k] - mr * means[k] for k in range(3))
    gg, gb = (products[5 + k] - mg * means[k] for k in (1, 2))
    bb = products[8] - mb**2
    rr, gg, bb = rr + _NOISE, gg + _NOISE, bb + _NOISE
    inverse = [
        [gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb],
        [gb * rb - rg * bb, rr * bb - rb * rb, rb * rg - rr * gb],
        [rg * gb - gg * rb, rb * rg - rr * gb, rr * gg - rg * rg],
    ]
    determinant = rr * inverse[0][0] + rg * inverse[0][1] + rb * inverse[0][2]
    weights = [sum(row[k] * covariance[k] for k in range(3)) / determinant for row in inverse]
    offset = share - sum(weights[k] * means[k] for k in range(3))
    explained = sum(weights[k] * covariance[k] for k in range(3))
    *linear, offset, explained, spread = _means(
        [*weights, offset, explained, share * (1 - share)], radius // 2
    )
    found = sum(linear[k] * rgb[k] for k in range(3)) + offset
    clear = explained / np.maximum(spread, 1e-2)
    believed = np.clip((clear - _DOUBT) / (_BELIEF - _DOUBT), 0, 1)
    return np.asarray(mask + believed * (found - mask), np.float32)


def _means(pictures: Sequence[Float32], radius: int) -> list[Float32]:
    """The mean of each picture (H, W) over the square around each pixel."""
    size = (2 * radius + 1, 2 * radius + 1)
    together = cv2.blur(cv2.merge(pictures), size, borderType=cv2.BORDER_REPLICATE)
    return [np.asarray(one, np.float32) for one in cv2.split(together)]
