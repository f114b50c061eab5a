"""The interface of all writers, and which of them a person asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from models.types import Camera, HandMesh


@dataclass(frozen=True)
class Moment:
    """The hands of one frame."""

    index: int  # of the frame, from 0
    time_s: float  # since the first frame, seconds
    camera: Camera  # the one the meshes were placed with
    hands: tuple[HandMesh, ...]


class HandsWriter(Protocol):
    """Writes the hands of a video. Its making checks that the place can be written to."""

    def add(self, moment: Moment) -> None:
        """The next frame. Raises OutputError where the disk is full."""

    def save(self) -> None:
        """Finish: only now is the file there, whole. Raises OutputError."""

    def discard(self) -> None:
        """Give up: leave nothing half written behind."""


@dataclass(frozen=True)
class Wanted:
    """Where each kind of file goes; None: not wanted."""

    joints: Path | None = None  # .csv
    hands: Path | None = None  # .jsonl, the sidecar
    meshes: Path | None = None  # a folder
    mesh_format: str = "ply"  # or obj
    gltf: Path | None = None  # .glb
    mano: Path | None = None  # .npz
    mano_model: Path | None = None  # the user's MANO_RIGHT.pkl


def make_writers(wanted: Wanted) -> list[HandsWriter]:
    """A writer for each file wanted. Raises UserError where one can't be written, or MANO is missing."""
    from app.export.gltf import GltfWriter
    from app.export.joints_csv import JointsCsvWriter
    from app.export.mano import ManoWriter
    from app.export.meshes import MeshFolderWriter
    from app.export.sidecar import SidecarWriter

    writers: list[HandsWriter] = []
    if wanted.joints is not None:
        writers.append(JointsCsvWriter(wanted.joints))
    if wanted.hands is not None:
        writers.append(SidecarWriter(wanted.hands))
    if wanted.meshes is not None:
        writers.append(MeshFolderWriter(wanted.meshes, wanted.mesh_format))
    if wanted.gltf is not None:
        writers.append(GltfWriter(wanted.gltf))
    if wanted.mano is not None:
        writers.append(ManoWriter(wanted.mano, wanted.mano_model))
    return writers
