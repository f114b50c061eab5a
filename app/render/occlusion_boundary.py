"""Occlusion boundaries from the photo: what is in front of a prop ends where the photo shows it.

The mesh of a hand is pixels away from the photographed hand. Around the boundary the mesh's mask is matted
anew from the photo's colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from app.render.extent import extent
from app.render.scene import Prop
from app.render.surface import N_PARTS
from app.render.viewport import NEAR_M, NOTHING_M, Viewport
from models.geometry import project
from models.types import Camera, Float32, Float64, HandMesh, UInt8

Pixels = NDArray[np.int64]

_REACH = 0.45  # of the ring's radius: how far mesh and photo may differ
_AROUND = 1.4  # radii: what is looked at besides
_CLOSE = 1.2  # radii: what is farther from its middle is beside it, not in front of it
_OWN_IN_FRONT = 1.6  # radii nearer than the ring's middle, its own finger and palm are in front of it
_USUAL_PX = 14.0  # a ring of a larger radius is looked at in a smaller picture
_USUAL_AREA = 5000.0  # .. and so are the outlines of hands that fill more pixels
_SLIT = 0.45  # of that: between fingers that touch, their meshes may leave so much to each side
_OUTLINE_M = 0.006  # how far they may differ from the photo's
_LEAST_PX = 4.0  # nothing is to be seen beside a smaller one
_UNSURE = 0.05  # how far the mesh is believed where mesh and photo may differ
_DOUBT, _BELIEF = 0.2, 0.4  # fraction of an edge that colour explains: below it stays, above it goes along
_NOISE = 0.015**2  # variance of colour, 0..1, that tells nothing


@dataclass(frozen=True)
class RingBoundary:
    """Where a ring is in the picture, and what counts as in front of it."""

    at_px: Float64  # (2,) on the mesh's finger, frame
    drawn_px: Float64  # (2,) where the ring is drawn
    radius_px: float
    own: tuple[int, int]  # parts: its finger and palm
    own_in_front_m: float  # these are in front of it where they are nearer to the camera than this ..
    in_front_m: float  # .. all others where they are nearer than this


@dataclass(frozen=True)
class HandBoundary:
    """Where hands are in front of large props, or behind them: how near they are doesn't matter."""

    low_px: Pixels  # (2,) a rectangle of the frame
    high_px: Pixels  # (2,) its end
    reach_px: float  # how far mesh and photo may differ


@dataclass(frozen=True)
class OcclusionBoundaries:
    """Where the photo, not the mesh, tells what hides things."""

    frame_rgb: UInt8
    boundaries: tuple[RingBoundary | HandBoundary, ...]

    def widen(self, viewport: Viewport) -> Viewport:
        """The viewport, widened to the outlines that are looked at; around a ring it shows enough."""
        for one in self.boundaries:
            if isinstance(one, HandBoundary):
                viewport = viewport.widened(one.low_px, one.high_px)
        return viewport


def find_boundaries(
    frame_rgb: UInt8,
    props: Sequence[Prop],
    hands: Sequence[HandMesh],
    regions: NDArray[np.integer],
    camera: Camera,
) -> OcclusionBoundaries:
    """Where hands are in front of things, or cross them, in a whole frame. regions: (778,) HandData's."""
    of_rings = ring_boundaries(props, hands, regions, camera)
    return OcclusionBoundaries(frame_rgb, (*of_rings, *hand_boundaries(props, hands, camera)))


def hand_boundaries(props: Sequence[Prop], hands: Sequence[HandMesh], camera: Camera) -> list[HandBoundary]:
    """Where hands and things on no finger meet in the picture; at most one."""
    solid = extent([prop for prop in props if prop.mount is None and not prop.on_skin])
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
    return [HandBoundary(low_px, high_px, reach_px)]


def ring_boundaries(
    props: Sequence[Prop], hands: Sequence[HandMesh], regions: NDArray[np.integer], camera: Camera
) -> list[RingBoundary]:
    """The rings with a part of a hand in front of them, or close to it. regions: (778,) HandData's."""
    found = []
    for mount, prop in {p.mount: p for p in props}.items():
        wearer = next((i for i, h in enumerate(hands) if mount and h.track_id == mount.track_id), None)
        if mount is None or wearer is None or prop.pose[2, 3] < NEAR_M:
            continue
        z = float(prop.pose[2, 3])
        radius_m = mount.outer_radius_m * float(np.linalg.norm(prop.pose[:3, 0]))
        at, drawn = project(np.stack([prop.pose[:3, 3] - mount.off_mesh_m, prop.pose[:3, 3]]), camera)
        boundary = RingBoundary(
            at_px=at,
            drawn_px=drawn,
            radius_px=radius_m * camera.fx / z,
            own=(N_PARTS * wearer + mount.region, N_PARTS * wearer),
            own_in_front_m=z - _OWN_IN_FRONT * radius_m,
            in_front_m=z,
        )
        if boundary.radius_px > _LEAST_PX and any(
            _crosses(boundary, hand, N_PARTS * i + regions, camera) for i, hand in enumerate(hands)
        ):
            found.append(boundary)
    return found


def _crosses(boundary: RingBoundary, hand: HandMesh, parts: NDArray[np.integer], camera: Camera) -> bool:
    in_front = _in_front(boundary, hand.vertices_m[:, 2], parts)
    off = np.linalg.norm(project(hand.vertices_m[in_front], camera) - boundary.at_px, axis=-1)
    return bool((off < _CLOSE * boundary.radius_px).any())


def _in_front(boundary: RingBoundary, depth_m: Float32, parts: NDArray[np.generic]) -> NDArray[np.bool_]:
    own = (parts == boundary.own[0]) | (parts == boundary.own[1])
    return np.asarray(depth_m < np.where(own, boundary.own_in_front_m, boundary.in_front_m))


def matted_part(boundary: RingBoundary | HandBoundary, viewport: Viewport) -> Viewport:
    """The part of a viewport that `matte_boundary` looks at and changes."""
    low, high, _, _ = _looked_at(boundary, viewport)
    width, height = np.maximum(high - low, 1)
    return replace(viewport, x=int(low[0]), y=int(low[1]), width=int(width), height=int(height))


def matte_boundary(
    occluder: Float32, viewport: Viewport, boundary: RingBoundary | HandBoundary, photo_rgb: UInt8
) -> tuple[slice, slice] | None:
    """Move the edges of what is in front of a ring, or those of hands, to where the photo has them, in place.

    occluder: (n * h, n * w, 2) depth and part of what the camera sees first, n to a pixel of the viewport.
    photo_rgb: the whole frame. Returns the part that may have changed, None where nothing can.
    """
    n = occluder.shape[0] // viewport.height
    low, high, shrink, reach = _looked_at(boundary, viewport)
    w, h = (int(v) for v in (high - low) // shrink)
    if min(w, h) < 4:
        return None
    x, y = n * (int(low[0]) - viewport.x), n * (int(low[1]) - viewport.y)
    where = slice(y, y + n * shrink * h), slice(x, x + n * shrink * w)
    part = occluder[where]
    depth = np.array(part[..., 0])
    if isinstance(boundary, RingBoundary):
        in_front = _in_front(boundary, depth, part[..., 1]).astype(np.uint8)
        shift = boundary.drawn_px - boundary.at_px
    else:
        in_front, shift = (depth < NOTHING_M).astype(np.uint8), np.zeros(2)
    there = cv2.countNonZero(in_front)
    if not 0 < there < in_front.size:
        return None
    whole = in_front
    if isinstance(boundary, HandBoundary):
        slit = np.ones((2 * round(_SLIT * n * boundary.reach_px) + 1,) * 2, np.uint8)
        whole = np.asarray(cv2.morphologyEx(in_front, cv2.MORPH_CLOSE, slit), np.uint8)
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
    comes, goes = fine & (in_front == 0), (in_front > 0) & ~fine
    depth[in_front == 0] = NOTHING_M
    np.copyto(part[..., 0], _grown(depth, shrink * n, reach + 1), where=comes)
    if isinstance(boundary, RingBoundary):
        parts = np.where(in_front > 0, part[..., 1], np.float32(-1))
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


def _looked_at(boundary: RingBoundary | HandBoundary, viewport: Viewport) -> tuple[Pixels, Pixels, int, int]:
    """Of the frame: where it begins and ends; frame pixels to one that is looked at; of those, the reach."""
    if isinstance(boundary, HandBoundary):
        area = float(np.prod(boundary.high_px - boundary.low_px))
        shrink = max(1, round(float(np.sqrt(area / _USUAL_AREA))))
        return boundary.low_px, boundary.high_px, shrink, max(1, round(boundary.reach_px / shrink))
    shrink = max(1, round(boundary.radius_px / _USUAL_PX))
    reach = max(1, round(_REACH * boundary.radius_px / shrink))
    half = int(np.ceil(_AROUND * boundary.radius_px)) + 2 * reach * shrink
    first, end = np.array([viewport.x, viewport.y]), np.array(viewport.end)
    low, high = (
        np.maximum(np.floor(boundary.at_px) - half, first),
        np.minimum(np.ceil(boundary.at_px) + half, end),
    )
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
    mr, mg, mb, fraction, *products = (one / weight for one in sums)
    means = (mr, mg, mb)
    covariance = [products[k] - means[k] * fraction for k in range(3)]
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
    offset = fraction - sum(weights[k] * means[k] for k in range(3))
    explained = sum(weights[k] * covariance[k] for k in range(3))
    *linear, offset, explained, spread = _means(
        [*weights, offset, explained, fraction * (1 - fraction)], radius // 2
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
