"""Every kind of file that comes from outside: a good one, how it is read, and what reading may raise."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from app.capture import check_file
from tests.app.clips import numbered_picture
from tests.fuzz.format import Format
from tests.fuzz.media import media_formats, picture
from tests.fuzz.rings import ring_formats


def _mano(path: Path) -> None:
    from tests.models.hand.fake_mano import mano_arrays, mano_pickle

    path.write_bytes(mano_pickle(mano_arrays()))


def _read_mano(path: Path) -> None:
    from models.hand.hand_data import load_mano

    load_mano(path)


def _net() -> Any:
    from torch import nn

    return nn.Sequential(nn.Linear(30, 20), nn.Linear(20, 5))


def _weights(path: Path) -> None:
    from safetensors.torch import save_file

    save_file(_net().state_dict(), path)


def _read_weights(path: Path) -> None:
    from models.weights import load_weights

    load_weights(_net(), path)


def _checkpoint(path: Path) -> None:
    from models.training.checkpoint import Checkpoint, Position, write_checkpoint

    write_checkpoint(path, Checkpoint("a", "b", Position(3), _net().state_dict()))


def _read_checkpoint(path: Path) -> None:
    from models.training.checkpoint import read_checkpoint

    read_checkpoint(path, "a", "b")


def _crops(path: Path) -> None:
    np.savez(
        path,
        image=np.array(["a.jpg", "b.jpg"]),
        source=np.array(["x", "y"]),
        origin=np.array(["1", "2"]),
        side=np.array(["right", "left"]),
        joints_2d=np.ones((2, 21, 2), "f4"),
        joints_world=np.ones((2, 21, 3), "f4"),
    )


def _read_crops(path: Path) -> None:
    from models.datasets.real_crops import read_real_crops

    read_real_crops(path.parent)


def _calibration(path: Path) -> None:
    from app.measure.camera_files import save_calibration
    from app.measure.chessboard import Board, Calibration
    from models.geometry import camera_from_fov

    save_calibration(
        path, "a", Calibration(camera_from_fov(640, 480), (0.1, 0.0), 0.3, 0.01, 12, Board(9, 6))
    )


def _read_calibration(path: Path) -> None:
    from app.measure.camera_files import load_calibration

    load_calibration(path)


def _profile(path: Path) -> None:
    from app.measure.profiles import save_profile
    from models.hand.profile import HandProfile

    os.environ["PALMISTRY_HOME"] = str(path.parent)
    saved = save_profile(HandProfile("a", (0.1,) * 10, 1.0))
    path.write_bytes(saved.read_bytes())


def _read_profile(path: Path) -> None:
    from app.folders import user_folder
    from app.measure.profiles import load_profile

    os.environ["PALMISTRY_HOME"] = str(path.parent)
    (user_folder("hands") / "a.json").write_bytes(path.read_bytes())
    load_profile("a")


def _placements(path: Path) -> None:
    from app.effects.ring.memory import remember
    from app.effects.ring.settings import Placement

    os.environ["PALMISTRY_HOME"] = str(path.parent)
    remember("a", Placement(), "mm")
    path.write_bytes((path.parent / "rings" / "placements.json").read_bytes())


def _read_placements(path: Path) -> None:
    from app.effects.ring.memory import recall

    os.environ["PALMISTRY_HOME"] = str(path.parent)
    (path.parent / "rings" / "placements.json").write_bytes(path.read_bytes())
    recall("a")


class _Store:
    """Stands for QSettings."""

    def __init__(self) -> None:
        self.text = "{}"

    def value(self, key: str, default: object = None) -> str:
        return self.text

    def setValue(self, key: str, value: str) -> None:
        self.text = value


def _settings(path: Path) -> None:
    from app.ui.preferences import Preferences, save_preferences

    store = _Store()
    save_preferences(store, Preferences())  # type: ignore[arg-type]
    path.write_text(store.text)


def _read_settings(path: Path) -> None:
    from app.ui.preferences import load_preferences

    store = _Store()
    store.text = path.read_text("utf-8", errors="replace")
    load_preferences(store, ("fit",))  # type: ignore[arg-type]


def _sidecar(path: Path) -> None:
    from app.export.formats.sidecar import SidecarWriter
    from tests.app.fakes import fake_picture

    writer = SidecarWriter(path)
    for k in range(2):
        writer.add(fake_picture(numbered_picture(0, 64, 48), k / 30).hands_as(k, k / 30))
    writer.save()


def _read_sidecar(path: Path) -> None:
    from app.export.formats.sidecar import read_sidecar

    list(read_sidecar(path))


def _list(path: Path) -> None:
    picture(".png")(path.with_name("a.png"))
    lines = [{"image": "a.png", "intrinsics": [500.0, 500, 32, 24], "side": "left", "crop": "full"}] * 3
    path.write_text("\n".join(json.dumps(line) for line in lines))


def _read_list(path: Path) -> None:
    from app.commands import predict

    base = predict._Task("", Path(), "auto", "auto", None)
    for task in predict._tasks(str(path), base):
        check_file(task.path)


def _videos(path: Path) -> None:
    path.write_text("# mine\na.mp4\nb/c.mov\n../d.mkv\n")


def _read_videos(path: Path) -> None:
    from app.offline.batch import plan

    plan(path, path.parent / "out", ("hands",), {})


def formats() -> dict[str, Format]:
    """All of them."""
    found = {
        **media_formats(),
        **ring_formats(),
        "mano.pkl": Format(_mano, _read_mano, "mano.pkl", (ValueError,)),
        "weights": Format(_weights, _read_weights, "a.safetensors", (ValueError,)),
        "checkpoint": Format(_checkpoint, _read_checkpoint, "a.pt", (ValueError,)),
        "labels.npz": Format(_crops, _read_crops, "labels.npz", (ValueError,)),
        "calibration": Format(_calibration, _read_calibration, "camera.json"),
        "profile": Format(_profile, _read_profile, "hand.json"),
        "placements": Format(_placements, _read_placements, "p.json", ()),
        "settings": Format(_settings, _read_settings, "s.json", ()),
        "sidecar": Format(_sidecar, _read_sidecar, "a.jsonl"),
        "images.jsonl": Format(_list, _read_list, "list.jsonl"),
        "videos.txt": Format(_videos, _read_videos, "videos.txt"),
    }
    return found
