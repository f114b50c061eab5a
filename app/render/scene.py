"""What an effect hands to the render layer: frozen descriptions, no OpenGL.

An effect is given the hands of one frame and returns scene items: most are props, a shape with a pose, a
material and the finger it is mounted on, if any. The compositor decides how to draw them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from models.types import Camera, Float32, Float64, HandMesh, UInt8


@dataclass(frozen=True, eq=False)
class Geometry:
    """A triangle mesh in its own frame, metres. One object is uploaded once, however often it is placed."""

    vertices_m: Float32  # (V, 3)
    normals: Float32  # (V, 3) unit vectors, outward
    faces: NDArray[np.int32]  # (F, 3) counter-clockwise seen from outside
    copies: Float32 | None = None  # (N, 4, 4) the shape's frame -> the prop's, for N like parts; None: one

    def __post_init__(self) -> None:
        v, n, f = self.vertices_m, self.normals, self.faces
        if v.ndim != 2 or v.shape[1] != 3 or n.shape != v.shape:
            raise ValueError(f"geometry: expected vertices and normals (V, 3), got {v.shape} and {n.shape}")
        if f.ndim != 2 or f.shape[1] != 3 or len(f) == 0 or f.min() < 0 or f.max() >= len(v):
            raise ValueError(
                f"geometry: faces must be (F, 3) with indices below {len(v)}, got shape {f.shape}"
            )
        if self.copies is not None and (self.copies.ndim != 3 or self.copies.shape[1:] != (4, 4)):
            raise ValueError(f"geometry: copies must be (N, 4, 4), got {self.copies.shape}")

    @cached_property
    def box_m(self) -> Float32:
        """(2, 3) the least and the greatest of the shape's own coordinates, copies not counted."""
        return np.stack([self.vertices_m.min(0), self.vertices_m.max(0)])


@dataclass(frozen=True)
class Metal:
    """A metal as light sees it."""

    reflectance_rgb: tuple[float, float, float]  # linear, looking straight at it
    roughness: float  # 0 mirror .. 1 matt
    brushed: float = 0.0  # how far its normals lean in the lines of a brush that ran around z


@dataclass(frozen=True)
class Gem:
    """A clear cut stone as light sees it.

    Its geometry is one convex stone with a flat normal on every facet (up to 64 different facets); several
    stones of one cut are copies of it.
    """

    rgb: tuple[float, float, float]  # linear: what is left of white light that has crossed the stone once
    ior: float  # index of refraction for green light: diamond 2.42, ruby and sapphire 1.77, emerald 1.58
    dispersion: float = 0.0  # index for blue less index for red: diamond 0.044, ruby and sapphire 0.018


@dataclass(frozen=True)
class Bone:
    """As X-rays show it: nothing hides it."""


@dataclass(frozen=True)
class Paint:
    """Anything that is neither: paper, rubber, wood, plastic, a lamp."""

    rgb: tuple[float, float, float]  # linear: what it reflects of white light
    roughness: float = 0.8  # of its clear surface: 0 varnish .. 1 paper
    glow_rgb: tuple[float, float, float] = (0.0, 0.0, 0.0)  # linear: its own light, 1 is white


Material = Metal | Gem | Paint | Bone


@dataclass(frozen=True)
class HeldBy:
    """The hand around an item: what it holds is never in front of the back of these fingers."""

    track_id: int  # HandMesh.track_id
    closed: tuple[float, ...]  # by HandData.regions, palm to little finger: 0 not around it .. 1 around it


FOOTPRINT_SLICES = 48
SLEEVE_M = 0.006  # SECTION_M of occlusion.glsl: how far a finger is taken for a cylinder beyond its band
Footprint = tuple[tuple[float, float, float], ...]
"""Where a band touches its finger, for FOOTPRINT_SLICES equal angles from the finger's back (+y) towards +x:
its middle and half its width along the finger, metres, the fraction that is there: 0 in a ring's gap."""


@dataclass(frozen=True)
class RingMount:
    """How a prop encircles a finger, in the prop's own frame: axis z, dorsal y.

    The finger is a cylinder there: it hides the far half of the prop and takes its contact shadow.
    """

    track_id: int  # HandMesh.track_id of the hand
    region: int  # HandData.regions of the finger, 1 thumb .. 5 little
    inner_radius_m: float
    outer_radius_m: float
    half_width_m: float
    off_mesh_m: tuple[float, float, float] = (0.0, 0.0, 0.0)  # from the mesh's finger to here, camera frame
    footprint: Footprint = ()  # (): as wide all around

    def __post_init__(self) -> None:
        if self.footprint and len(self.footprint) != FOOTPRINT_SLICES:
            raise ValueError(f"mount: expected {FOOTPRINT_SLICES} slices, got {len(self.footprint)}")

    @property
    def sleeve_m(self) -> float:
        """How far to both sides, along the axis, the finger takes the contact shadow."""
        return max(abs(middle) + half for middle, half, _ in self.touched) + SLEEVE_M

    @property
    def touched(self) -> Footprint:
        """The footprint, also where it is as wide all around."""
        return self.footprint or ((0.0, self.half_width_m, 1.0),) * FOOTPRINT_SLICES


@dataclass(frozen=True)
class Prop:
    """One thing to draw. What is of several materials is several props with equal poses and mounts."""

    geometry: Geometry
    pose: Float64  # (4, 4) own frame -> camera frame, metres; an affine map, scale allowed
    material: Material
    mount: RingMount | None = None
    opacity: float = 1.0
    held_by: HeldBy | None = None  # the hand that is closed around it
    on_skin: bool = False  # keeps to the mesh even where the photo's hand ends elsewhere

    def __post_init__(self) -> None:
        if self.pose.shape != (4, 4) or not np.isfinite(self.pose).all():
            raise ValueError(f"prop: pose must be a finite (4, 4) matrix, got shape {self.pose.shape}")


@dataclass(frozen=True, eq=False)
class Water:
    """Many drops of one size that run together where they are close. At most one an effect."""

    drops_m: Float32  # (N, 3) their middles, camera frame, metres
    radius_m: float
    amounts: Float32 | None = None  # (N,) of water in each: 1 a whole drop, less a flat one; None: all whole

    def __post_init__(self) -> None:
        if self.drops_m.ndim != 2 or self.drops_m.shape[1] != 3 or not np.isfinite(self.drops_m).all():
            raise ValueError(f"water: expected finite drops (N, 3), got shape {self.drops_m.shape}")
        if self.amounts is not None and self.amounts.shape != (len(self.drops_m),):
            raise ValueError(f"water: expected an amount for each of {len(self.drops_m)} drops")


HAND_STYLES = ("clay", "wireframe", "xray", "fingers", "depth")


@dataclass(frozen=True)
class HandStyle:
    """The hands' own meshes, drawn over the photo, in one style."""

    name: str  # of HAND_STYLES

    def __post_init__(self) -> None:
        if self.name not in HAND_STYLES:
            raise ValueError(f"skin: there is no {self.name!r}; choose from {', '.join(HAND_STYLES)}")


SceneItem = Prop | Water | HandStyle


@dataclass(frozen=True)
class EffectContext:
    """What an effect is told about one frame."""

    frame_rgb: UInt8  # (H, W, 3), to look at, not to change
    hands: Sequence[HandMesh]  # none, one or several; only those in front of the camera
    camera: Camera
    time_s: float  # capture time of the frame, seconds, monotonic


class Effect(Protocol):
    """One effect: may keep state between frames, never draws by itself."""

    def place(self, context: EffectContext) -> Sequence[SceneItem]:
        """What there is to draw in this frame, in the camera frame."""

    def readout(self) -> Sequence[str]:
        """Short lines for the window, such as a ring's size; empty while there is nothing to say."""


@runtime_checkable
class Doubting(Protocol):
    """An effect that leaves things out of a picture where it can't be trusted, and says why."""

    def doubts(self) -> Sequence[str]:
        """One line for each reason in the last frame; empty while all is shown."""
