"""A mesh file for every hand in every frame: NAME_000012_hand0.ply, camera frame, metres."""

from __future__ import annotations

from pathlib import Path

from app.export.entry import ExportFormat, ExportOption
from app.frame import FrameHands
from app.output import OutputError, unwritable
from models.hand.hand_data import load_open_hand

KINDS = ("ply", "obj")


class MeshFolderWriter:
    """Files go into FOLDER.partial as they come; at the end it gets its name."""

    def __init__(self, folder: Path, mesh_format: str = "ply") -> None:
        if mesh_format not in KINDS:
            raise OutputError(f"mesh format: expected one of {', '.join(KINDS)}, got {mesh_format!r}")
        self._folder, self._partial = folder, folder.with_name(f"{folder.name}.partial")
        self._format = mesh_format
        try:
            if folder.exists() and any(folder.iterdir()):
                raise OutputError(f"{folder} is not empty; choose a new folder for the meshes")
            self.discard()  # what a run that was killed left behind
            self._partial.mkdir(parents=True)
        except OSError as error:
            reason = f"{folder} can't be made ({error.strerror}); choose another folder"
            raise OutputError(reason) from error

    def add(self, frame: FrameHands) -> None:
        import trimesh  # here: commands that export no meshes start without it

        hand_data = load_open_hand()
        for hand in frame.hands:
            faces = hand_data.faces if hand.handedness == "right" else hand_data.faces_left
            mesh = trimesh.Trimesh(hand.vertices_m, faces, process=False)
            path = self._partial / f"frame_{frame.index:06d}_hand{hand.track_id}.{self._format}"
            try:
                mesh.export(path, file_type=self._format)
            except OSError as error:
                raise unwritable(path, error) from error

    def save(self) -> None:
        try:
            if self._folder.exists():
                self._folder.rmdir()  # empty, as it was found
            self._partial.rename(self._folder)
        except OSError as error:
            raise unwritable(self._folder, error) from error

    def discard(self) -> None:
        for path in self._partial.glob("frame_*_hand*.*"):
            path.unlink(missing_ok=True)
        if self._partial.exists():
            self._partial.rmdir()


FORMAT = ExportFormat(
    "meshes",
    "_meshes",
    "FOLDER",
    "a mesh file for every hand and frame",
    lambda path, options: MeshFolderWriter(path, options["mesh_format"]),
    (ExportOption("--mesh-format", {"choices": KINDS, "default": "ply", "help": "of --meshes"}),),
)
