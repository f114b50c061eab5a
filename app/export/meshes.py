"""A mesh file for every hand in every frame: NAME_000012_hand0.ply, camera frame, metres."""

from __future__ import annotations

from pathlib import Path

import trimesh

from app.export.files import unwritable
from app.export.writers import Moment
from app.recorder import RecordingError
from models.hand_data import load_open_hand

FORMATS = ("ply", "obj")


class MeshFolderWriter:
    """Files go into a folder as they come."""

    def __init__(self, folder: Path, mesh_format: str = "ply") -> None:
        if mesh_format not in FORMATS:
            raise RecordingError(f"mesh format: expected one of {', '.join(FORMATS)}, got {mesh_format!r}")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = f"{folder} can't be made ({error.strerror}); choose another folder"
            raise RecordingError(reason) from error
        if any(folder.iterdir()):
            raise RecordingError(f"{folder} is not empty; choose a new folder for the meshes")
        self._folder, self._format = folder, mesh_format
        self._written: list[Path] = []

    def add(self, moment: Moment) -> None:
        hand_data = load_open_hand()
        for hand in moment.hands:
            faces = hand_data.faces if hand.side == "right" else hand_data.faces_left
            mesh = trimesh.Trimesh(hand.vertices_m, faces, process=False)
            path = self._folder / f"frame_{moment.index:06d}_hand{hand.track_id}.{self._format}"
            try:
                mesh.export(path, file_type=self._format)
            except OSError as error:
                raise unwritable(path, error) from error
            self._written.append(path)

    def save(self) -> None:
        return

    def discard(self) -> None:
        for path in self._written:
            path.unlink(missing_ok=True)
