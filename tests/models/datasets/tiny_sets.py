"""Data sets of a few samples in the layouts of the published ones, made of the open hand."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy.io import savemat

from models.hand.hand_data import load_open_hand

FINGERS = ("thumb", "index", "middle", "ring", "little")
OURS = ["wrist"] + [f"{f} {k}" for f in FINGERS for k in (1, 2, 3, 4)]
RHD_ORDER = ["wrist"] + [f"{f} {k}" for f in FINGERS for k in (4, 3, 2, 1)]
STB_ORDER = ["palm"] + [f"{f} {k}" for f in FINGERS[::-1] for k in (1, 2, 3, 4)]
MANO_ORDER = [
    "wrist",
    *(f"{f} {k}" for f in ("index", "middle", "little", "ring", "thumb") for k in (1, 2, 3)),
    *(f"{f} 4" for f in FINGERS),
]
K = np.array([[480.0, 0, 112], [0, 480, 110], [0, 0, 1]])


def hand(k: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(21, 3) joints and (778, 3) vertices of a right hand before a camera, the k-th a little further."""
    data = load_open_hand()
    vertices = data.template_m + np.array([0.01 * k, 0.06, 0.55 + 0.02 * k])
    return data.regressor_21 @ vertices, vertices


def reordered(joints: np.ndarray, names: list[str]) -> np.ndarray:
    """(21, 3) our joints in another data set's order."""
    return joints[[OURS.index(name) for name in names]]


def write_picture(path: Path, size: int | tuple[int, int], value: int = 90) -> None:
    """A plain picture; size: width and height, or both."""
    width, height = (size, size) if isinstance(size, int) else size
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, np.full((height, width, 3), value, np.uint8))[1].tobytes())


def write_freihand(folder: Path, count: int = 3, truth: bool = True) -> Path:
    """The evaluation split."""
    for k in range(count):
        write_picture(folder / "evaluation" / "rgb" / f"{k:08d}.jpg", 224)
    write_json(folder / "evaluation_K.json", [K.tolist()] * count)
    if truth:
        write_json(folder / "evaluation_xyz.json", [hand(k)[0].tolist() for k in range(count)])
        write_json(folder / "evaluation_verts.json", [hand(k)[1].tolist() for k in range(count)])
    return folder


def write_ho3d(folder: Path, count: int = 2) -> Path:
    """Both splits: one sequence each."""
    gl = np.array([1.0, -1, -1])
    for split in ("train", "evaluation"):
        names = [f"AB1/{k:04d}" for k in range(count)]
        (folder / split / "AB1" / "meta").mkdir(parents=True)
        (folder / f"{split}.txt").write_text("\n".join(names) + "\n")
        for k in range(count):
            joints = reordered(hand(k)[0], MANO_ORDER) * gl
            meta: dict[str, Any] = {"camMat": K, "objName": "mug", "handPose": None}
            meta["handJoints3D"] = joints if split == "train" else joints[0]
            (folder / split / "AB1" / "meta" / f"{k:04d}.pkl").write_bytes(pickle.dumps(meta, 2))
            write_picture(folder / split / "AB1" / "rgb" / f"{k:04d}.png", (640, 480))
    write_json(folder / "evaluation_xyz.json",
               [(reordered(hand(k)[0], MANO_ORDER) * gl).tolist() for k in range(count)])  # fmt: skip
    write_json(folder / "evaluation_verts.json", [(hand(k)[1] * gl).tolist() for k in range(count)])
    return folder


def write_rhd(folder: Path) -> Path:
    """Two samples: in the first the right hand is the larger one, in the second the left."""
    base, notes = folder / "evaluation", {}
    for number in (0, 1):
        right = reordered(hand()[0], RHD_ORDER)
        both = np.concatenate([right * [-1, 1, 1] - [0.02, 0, 0], right])
        pixels = both @ K.T
        notes[number] = {
            "K": K, "xyz": both, "uv_vis": np.column_stack([pixels[:, :2] / pixels[:, 2:], np.ones(42)]),
        }  # fmt: skip
        mask = np.zeros((320, 320), np.uint8)
        mask[100:140, 20:60] = 1  # a person
        mask[10:20, 10:20], mask[10:20, 20:24] = 2 + 4, 2 + 15  # left: index, palm
        high = 30 if number == 0 else 15
        mask[10:high, 100:110], mask[10:high, 110:112] = 18 + 0, 18 + 15  # right: thumb tip, palm
        write_picture(base / "color" / f"{number:05d}.png", 320)
        (base / "mask").mkdir(exist_ok=True)
        (base / "mask" / f"{number:05d}.png").write_bytes(cv2.imencode(".png", mask)[1].tobytes())
    (base / "anno_evaluation.pickle").write_bytes(pickle.dumps(notes))
    return folder


def write_stb(folder: Path, count: int = 2) -> Path:
    """Left hands, in the stereo camera and in the depth camera, which stands beside the colour camera."""
    joints = {"palm": np.zeros(3), **dict(zip(OURS, 1000 * hand()[0] * [-1, 1, 1], strict=True))}
    joints["palm"] = (joints["wrist"] + joints["ring 1"]) / 2
    mm = np.repeat(np.array([joints[name] for name in STB_ORDER]).T[:, :, None], count, 2)
    (folder / "labels").mkdir(parents=True)
    savemat(folder / "labels" / "B1Counting_BB.mat", {"handPara": mm})
    turn = cv2.Rodrigues(np.array([0.00531, -0.01196, 0.00301]))[0]
    depth = np.einsum("ij,jkn->ikn", turn, mm) + np.array([-24.0381, -0.4563, -1.2326])[:, None, None]
    savemat(folder / "labels" / "B1Random_SK.mat", {"handPara": depth})
    for k in range(count):
        write_picture(folder / "images" / "B1Counting" / f"BB_left_{k}.png", (640, 480))
        write_picture(folder / "images" / "B1Random" / f"SK_color_{k}.png", (640, 480))
    return folder


def write_obman(folder: Path, count: int = 2, split: str = "test") -> Path:
    """A right hand, then a left one, and so on, before ObMan's camera."""
    base = folder / split
    (base / "meta").mkdir(parents=True)
    (base / "segm").mkdir()
    for k in range(count):
        side = ("right", "left")[k % 2]
        joints = hand(k)[0] * ([1, 1, 1] if side == "right" else [-1, 1, 1])
        pixels = 480 * joints[:, :2] / joints[:, 2:] + 128
        meta = {"coords_3d": joints * [1, -1, -1], "coords_2d": pixels, "side": side, "sh_coeffs": None}
        (base / "meta" / f"{k:08d}.pkl").write_bytes(pickle.dumps(meta, 2))
        write_picture(base / "rgb" / f"{k:08d}.jpg", 256)
        segments = np.zeros((256, 256, 3), np.uint8)
        x0, y0, x1, y1 = *np.floor(pixels.min(0)).astype(int), *np.ceil(pixels.max(0)).astype(int)
        segments[y0 : y1 + 1, x0 : x1 + 1, 0] = 22 if side == "right" else 21  # OpenCV's first is blue
        segments[:, :10] = 100  # the object
        (base / "segm" / f"{k:08d}.png").write_bytes(cv2.imencode(".png", segments)[1].tobytes())
    return folder


def write_crops(folder: Path, count: int = 60) -> Path:
    """Crops with two augmented twins for every origin."""
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(count):
        write_picture(folder / f"{k:05d}.jpg", 224)
    joints = hand()[0]
    pixels = joints @ K.T
    np.savez(
        folder / "labels.npz",
        image=np.array([f"{k:05d}.jpg" for k in range(count)]),
        source=np.array([("one", "two")[k % 2] for k in range(count)]),
        origin=np.array([f"a/{k // 2}_jpg.rf.{k}.jpg" for k in range(count)]),
        side=np.array([("right", "left")[k % 2] for k in range(count)]),
        joints_2d=np.repeat((pixels[:, :2] / pixels[:, 2:])[None], count, 0).astype(np.float32),
        joints_world=np.repeat(joints[None], count, 0).astype(np.float32),
    )
    return folder


def write_json(path: Path, content: object) -> None:
    """A JSON file."""
    path.write_text(json.dumps(content))


def write_multiview(folder: Path) -> tuple[Path, np.ndarray]:
    """Two instants of a left hand before two cameras, the second on its side; its joints in the world."""
    joints = np.stack([hand(0)[0] * [-1, 1, 1], hand(1)[0] * [-1, 1, 1]])
    joints[1, 8] = np.nan  # one is unknown
    aside = np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]])  # one turn clockwise mends it
    flat = {"K": K.tolist(), "D": [0.0] * 5, "t": [0.0, 0, 0]}
    cameras = [flat | {"R": np.eye(3).tolist(), "turn": 0}, flat | {"R": aside.tolist(), "turn": 1}]
    write_json(folder / "cameras.json", {"desk": {"size": [224, 220], "cameras": cameras}})
    np.savez(
        folder / "reference.npz",
        session=np.array(["desk", "desk"]),
        instant=np.array([0, 2], np.int32),
        side=np.array(["left", "left"]),
        joints_m=joints.astype(np.float32),
        reprojection_px=np.ones((2, 21), np.float32),
        views=np.ones((2, 2), bool),
    )
    return folder, joints
