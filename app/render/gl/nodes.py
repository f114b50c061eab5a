"""The pyrender scene behind the compositor: nodes for hands and props, kept from frame to frame."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from functools import lru_cache

import numpy as np
import pyrender
from numpy.typing import NDArray
from pyrender import Node

from app.render.gl.layer import surface_of
from app.render.gl.materials import HandMaterial, SleeveShadow, Surface, surface_for
from app.render.scene import Geometry, HandStyle, HeldBy, Material, Prop, RingMount
from app.render.surface import N_PARTS, HandSurface
from models.types import Float32, Handedness, HandMesh

HELD_M = 0.03  # by which the back of a hand is in front of what the hand holds, at least
Key = tuple[Geometry, Material | None]


class SceneNodes:
    """Hands keep their buffers on the GPU and are overwritten; a geometry is uploaded when first seen."""

    def __init__(self, surface: HandSurface) -> None:
        self._surface = surface
        self.scene = pyrender.Scene()
        self._hands: dict[tuple[int, Handedness, bool], Node] = {}
        self._placed: dict[Key, list[Node]] = {}

    def show_hands(
        self,
        hands: Sequence[HandMesh],
        hand_style: HandStyle | None = None,
        overlaid: Collection[str] = (),
        holders: Collection[HeldBy | None] = (),
    ) -> list[tuple[pyrender.Primitive, Float32]]:
        """Show one node for each hand. overlaid: the overlays that colour them. holders: those that hold.

        Returns the vertices that have to replace a primitive's before drawing.
        """
        closed_by = {one.track_id: one.closed for one in holders if one is not None}
        wired = "wireframe" in overlaid or (hand_style is not None and hand_style.name == "wireframe")
        self.hide_hands(True)
        shown = []
        for i, hand in enumerate(hands):
            vertices = self._surface.split(hand) if wired else self._surface.buffer(hand)
            node = self._hand_node(
                i, hand.handedness, None if wired else self._surface.faces[hand.handedness], vertices
            )
            node.mesh.is_visible = True
            surface_of(node).show_as(hand_style, bool(overlaid))
            surface_of(node).place = i
            closed = closed_by.get(hand.track_id)
            around = np.array([*(closed or (0.0,) * N_PARTS), 0, 0], np.float32).reshape(2, 4)
            surface_of(node).uniforms |= {"held_m": HELD_M if closed else 0.0, "closed": around}
            shown.append((node.mesh.primitives[0], vertices))
        return shown

    def _hand_node(
        self,
        slot: int,
        handedness: Handedness,
        faces: NDArray[np.int64] | None,
        vertices: Float32,
    ) -> Node:
        """The node of the slot-th hand in view, made when first asked for. faces: None where split."""
        key = slot, handedness, faces is None
        if key not in self._hands:
            primitive = pyrender.Primitive(
                vertices[:, :3],
                normals=vertices[:, 3:6],
                texcoord_0=vertices[:, 6:],
                indices=faces,
                mode=4,
                material=HandMaterial(hand_slot=float(slot)),
            )
            self._hands[key] = self.scene.add(pyrender.Mesh([primitive]))
        return self._hands[key]

    def hide_hands(self, hidden: bool) -> None:
        """Leave the hands out of the stages to come."""
        for node in self._hands.values():
            node.mesh.is_visible = node.mesh.is_visible and not hidden

    def show_props(self, props: Sequence[Prop], hands: Sequence[HandMesh]) -> None:
        """Show these props and no others, and one contact shadow for each mount; what is no longer used is
        dropped."""
        free, self._placed = self._placed, {}
        for prop in props:
            self._show((prop.geometry, prop.material), prop, hands, free)
        for prop in {p.mount: p for p in reversed(props)}.values():
            if prop.mount is not None:
                self._show((tube(prop.mount.inner_radius_m, prop.mount.sleeve_m), None), prop, hands, free)
        for node in itertools.chain(*free.values()):
            self.scene.remove_node(node)

    def _show(self, key: Key, prop: Prop, hands: Sequence[HandMesh], free: dict[Key, list[Node]]) -> None:
        """Show one node of a shape and material (None: a shadow), a free one if there is one."""
        geometry, material = key
        if free.get(key):
            node = free[key].pop()
        else:
            surface = SleeveShadow() if material is None else surface_for(geometry, material)
            node = self.scene.add(_mesh(geometry, surface))
        self.scene.set_pose(node, prop.pose)
        surface = surface_of(node)
        surface.uniforms.update(_place_uniforms(prop, hands))
        surface.place = sum(len(nodes) for nodes in self._placed.values())
        surface.distance_m = float(prop.pose[2, :3] @ geometry.box_m.mean(0) + prop.pose[2, 3])
        self._placed.setdefault(key, []).append(node)


@lru_cache(maxsize=16)
def tube(radius_m: float, half_length_m: float, turns: int = 48) -> Geometry:
    """An open cylinder about z."""
    angle = np.linspace(0, 2 * np.pi, turns, endpoint=False)
    normals = np.stack([np.cos(angle), np.sin(angle), 0 * angle], 1)
    ends = [radius_m * normals + [0, 0, z] for z in (-half_length_m, half_length_m)]
    i = np.arange(turns)
    j = (i + 1) % turns
    faces = np.concatenate([np.stack([i, j, j + turns], 1), np.stack([i, j + turns, i + turns], 1)])
    return Geometry(
        np.concatenate(ends).astype(np.float32),
        np.tile(normals, (2, 1)).astype(np.float32),
        faces.astype(np.int32),
    )


def _place_uniforms(prop: Prop, hands: Sequence[HandMesh]) -> dict[str, object]:
    uniforms: dict[str, object] = {
        "opacity": float(prop.opacity),
        "bounce_rgb": np.array(getattr(prop.material, "reflectance_rgb", np.zeros(3)), np.float32).clip(0, 1),
        "mounted": int(prop.mount is not None),
        "off_mesh": np.zeros(3, np.float32),
    }
    if prop.mount is not None:
        g = prop.mount
        palm = _palm_part(g, hands)
        uniforms["mount_from_cam"] = np.linalg.inv(prop.pose)
        uniforms["mount_size"] = np.array(
            [g.inner_radius_m, g.outer_radius_m, g.half_width_m, palm + g.region], np.float32
        )
        uniforms["footprint"] = np.array(g.touched, np.float32)
        uniforms["palm_part"] = float(palm)
        uniforms["off_mesh"] = np.array(g.off_mesh_m, np.float32)
    return uniforms


def _palm_part(mount: RingMount, hands: Sequence[HandMesh]) -> int:
    """The part number of the palm of the hand that wears it; negative if it is not in view."""
    return N_PARTS * next((i for i, hand in enumerate(hands) if hand.track_id == mount.track_id), -1)


def _mesh(geometry: Geometry, material: Surface) -> pyrender.Mesh:
    used, faces = np.unique(geometry.faces, return_inverse=True)  # parts of one shape share all its vertices
    primitive = pyrender.Primitive(
        geometry.vertices_m[used],
        normals=geometry.normals[used],
        texcoord_0=np.zeros((len(used), 2), np.float32),
        indices=faces.reshape(-1, 3).astype(np.int32),
        mode=4,
        material=material,
        poses=geometry.copies,
    )
    return pyrender.Mesh([primitive])
