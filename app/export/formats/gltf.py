"""Hands as one animated glTF 2.0 file: a skinned mesh for each hand, and its 21 joints as moving nodes.

Everything hangs below a node "camera_frame" that turns OpenCV's axes (x right, y down, z forward) into
glTF's, so what a reader finds below it is in the camera frame, metres, as in the joints CSV. A glTF camera
stands where the real one stood. A hand that is out of sight has scale 0.

The skeleton is the hand model's, as it came with each hand or was found in its mesh (`models.hand.poser`);
the nodes named "hand0_wrist", … are the mesh's own 21 joints, unchanged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from app.export.entry import ExportFormat
from app.export.glb import INDICES, VERTICES, GlbBuilder
from app.export.joint_names import JOINT_NAMES
from app.frame import FrameHands
from app.output import prepare_output, write_whole
from models.hand.hand_data import BONES_IN_21, N_BONES
from models.hand.poser import HandPoser
from models.types import Camera, Float64, Handedness, HandMesh

_MIRROR = np.array([-1.0, 1.0, 1.0])
_MATERIAL = {
    "name": "skin",
    "doubleSided": True,
    "pbrMetallicRoughness": {
        "baseColorFactor": [0.72, 0.5, 0.4, 1.0],
        "metallicFactor": 0.0,
        "roughnessFactor": 0.6,
    },
}


@dataclass
class _Track:
    """One hand over time."""

    handedness: Handedness
    frames: list[int] = field(default_factory=list)  # indices into the writer's times
    rotations: list[Float64] = field(default_factory=list)  # (16, 3, 3) local
    translations: list[Float64] = field(default_factory=list)  # (16, 3) in the parent bone's frame
    joints: list[Float64] = field(default_factory=list)  # (21, 3)
    betas: list[Float64] = field(default_factory=list)


class GltfWriter:
    """Collects the hands of a video and writes NAME.glb at the end."""

    def __init__(self, path: Path, poser: HandPoser) -> None:
        prepare_output(path, ".glb")
        self._path = path
        self._poser, self._hand = poser, poser.hand
        self._times: list[float] = []
        self._tracks: dict[tuple[int, Handedness], _Track] = {}
        self._camera: Camera | None = None

    def add(self, frame: FrameHands) -> None:
        self._camera = self._camera or frame.camera
        self._times.append(frame.time_s)
        for hand in frame.hands:
            self._add_hand(
                self._tracks.setdefault((hand.track_id, hand.handedness), _Track(hand.handedness)), hand
            )

    def _add_hand(self, track: _Track, hand: HandMesh) -> None:
        flip = _MIRROR if hand.handedness == "left" else np.ones(3)
        pose = self._poser(hand)
        parents = self._hand.parents[1:]
        arms = pose.joints_m[1:] - pose.joints_m[parents]
        local = (arms[:, None] @ pose.turns[parents])[:, 0]
        track.frames.append(len(self._times) - 1)
        track.rotations.append(flip[:, None] * pose.rotations * flip)
        track.translations.append(np.concatenate([pose.joints_m[:1], local]) * flip)
        track.joints.append(hand.joints_m.astype(np.float64))
        track.betas.append(pose.betas)

    def save(self) -> None:
        write_whole(self._path, self._glb())

    def discard(self) -> None:
        self._tracks.clear()

    def _glb(self) -> bytes:
        glb = GlbBuilder()
        frame = glb.add("nodes", {"name": "camera_frame", "rotation": [1.0, 0.0, 0.0, 0.0], "children": []})
        roots = [frame]
        if self._camera is not None:
            roots.append(self._add_camera(glb, self._camera))
        channels = _Channels(glb, np.asarray(self._times))
        for (track_id, handedness), track in self._tracks.items():
            name = f"hand{track_id}" if handedness == "right" else f"hand{track_id}_left"
            bones = self._add_skeleton(glb, name, track, channels)
            points = self._add_joints(glb, name, track, channels)
            for node in (bones[0], points):
                channels.show(node, track.frames)
            glb.node(frame)["children"] += [bones[0], points]
            roots.append(self._add_mesh(glb, name, track, bones))
        if not glb.node(frame)["children"]:
            del glb.node(frame)["children"]
        channels.finish()
        return glb.to_bytes(roots)

    @staticmethod
    def _add_camera(glb: GlbBuilder, camera: Camera) -> int:
        view = {
            "yfov": 2 * math.atan(camera.height / (2 * camera.fy)),
            "aspectRatio": camera.width * camera.fy / (camera.height * camera.fx),
            "znear": 0.01,
            "zfar": 10.0,
        }
        number = glb.add("cameras", {"type": "perspective", "perspective": view})
        return glb.add("nodes", {"name": "camera", "camera": number})

    def _add_skeleton(self, glb: GlbBuilder, name: str, track: _Track, channels: _Channels) -> list[int]:
        bones = []
        rotations, translations = _quaternions(np.array(track.rotations)), np.array(track.translations)
        for j in range(N_BONES):
            node = {"name": f"{name}_bone_{JOINT_NAMES[BONES_IN_21[j]]}"}
            bones.append(
                glb.add("nodes", node | _still(rotation=rotations[0, j], translation=translations[0, j]))
            )
            channels.move(bones[j], track.frames, rotation=rotations[:, j], translation=translations[:, j])
            if j:
                glb.node(bones[self._hand.parents[j]]).setdefault("children", []).append(bones[j])
        return bones

    @staticmethod
    def _add_joints(glb: GlbBuilder, name: str, track: _Track, channels: _Channels) -> int:
        joints = np.array(track.joints)
        children = []
        for k, joint in enumerate(JOINT_NAMES):
            children.append(glb.add("nodes", {"name": f"{name}_{joint}"} | _still(translation=joints[0, k])))
            channels.move(children[k], track.frames, translation=joints[:, k])
        return glb.add("nodes", {"name": f"{name}_joints", "children": children})

    def _add_mesh(self, glb: GlbBuilder, name: str, track: _Track, bones: list[int]) -> int:
        hand, left = self._hand, track.handedness == "left"
        betas = np.median(track.betas, 0)
        rest = hand.template_m + np.tensordot(betas, hand.shape_dirs, 1)
        joints = hand.joints_rest + np.tensordot(betas, hand.joint_dirs, 1)
        faces = hand.faces_left if left else hand.faces
        if left:
            rest, joints = rest * _MIRROR, joints * _MIRROR
        order = np.argsort(-hand.weights, axis=1)[:, :4]  # no vertex follows more than four bones
        weights = np.take_along_axis(hand.weights, order, 1)
        order[weights == 0] = 0
        bind = np.tile(np.eye(4), (N_BONES, 1, 1))
        bind[:, :3, 3] = -joints
        attributes = {
            "POSITION": glb.accessor(rest.astype("f4"), VERTICES, bounds=True),
            "NORMAL": glb.accessor(_normals(rest, faces).astype("f4"), VERTICES),
            "JOINTS_0": glb.accessor(order.astype("u1"), VERTICES),
            "WEIGHTS_0": glb.accessor((weights / weights.sum(1, keepdims=True)).astype("f4"), VERTICES),
        }
        primitive = {
            "attributes": attributes,
            "indices": glb.accessor(faces.astype("u2").ravel(), INDICES),
            "material": glb.add("materials", _MATERIAL),
        }
        mesh = glb.add("meshes", {"name": name, "primitives": [primitive]})
        matrices = glb.accessor(bind.transpose(0, 2, 1).reshape(N_BONES, 16).astype("f4"))
        skin = glb.add("skins", {"joints": bones, "inverseBindMatrices": matrices})
        return glb.add("nodes", {"name": name, "mesh": mesh, "skin": skin})


class _Channels:
    """The animation: which property of which node moves how."""

    def __init__(self, glb: GlbBuilder, times: Float64) -> None:
        self._glb, self._times = glb, times
        self._clocks: dict[tuple[int, ...], int] = {}
        self._samplers: list[dict[str, Any]] = []
        self._channels: list[dict[str, Any]] = []

    def move(self, node: int, frames: list[int], **values: Float64) -> None:
        """Properties (F, 3 or 4) of a node at these frames."""
        for path, value in values.items():
            self._add(node, path, frames, value, "LINEAR")

    def show(self, node: int, frames: list[int]) -> None:
        """Scale 1 in these frames, 0 in all others."""
        visible = np.zeros(len(self._times), bool)
        visible[frames] = True
        changes = np.flatnonzero(np.diff(visible, prepend=~visible[:1]))
        scale = np.repeat(visible[changes, None].astype(float), 3, 1)
        self._add(node, "scale", changes.tolist(), scale, "STEP")

    def _add(self, node: int, path: str, frames: list[int], value: Float64, interpolation: str) -> None:
        key = tuple(frames)
        if key not in self._clocks:
            self._clocks[key] = self._glb.accessor(self._times[frames].astype("f4"), bounds=True)
        output = self._glb.accessor(value.astype("f4"))
        sampler = {"input": self._clocks[key], "output": output, "interpolation": interpolation}
        self._samplers.append(sampler)
        target = {"node": node, "path": path}
        self._channels.append({"sampler": len(self._samplers) - 1, "target": target})

    def finish(self) -> None:
        """Write the animation, if anything moves."""
        if self._channels:
            animation = {"name": "hands", "samplers": self._samplers, "channels": self._channels}
            self._glb.add("animations", animation)


def _quaternions(rotations: Float64) -> Float64:
    """(F, N, 4) x, y, z, w of (F, N, 3, 3): the nearer of q and -q, so that players turn the short way."""
    found = Rotation.from_matrix(rotations.reshape(-1, 3, 3)).as_quat().reshape(*rotations.shape[:2], 4)
    flips = np.where((found[1:] * found[:-1]).sum(2) < 0, -1.0, 1.0)
    found[1:] *= np.cumprod(flips, 0)[..., None]
    return found


def _still(**values: Float64) -> dict[str, list[float]]:
    return {path: [float(v) for v in value] for path, value in values.items()}


def _normals(vertices: Float64, faces: NDArray[np.int32]) -> Float64:
    a, b, c = vertices[faces].transpose(1, 0, 2)
    normals = np.zeros_like(vertices)
    np.add.at(normals, faces.ravel(), np.repeat(np.cross(b - a, c - a), 3, 0))
    return normals / np.linalg.norm(normals, axis=1, keepdims=True)


FORMAT = ExportFormat(
    "gltf",
    ".glb",
    "FILE.glb",
    "skinned, animated hands",
    lambda path, options: GltfWriter(path, options["poser"]),
)
