"""Readers on data sets that the tests write; files that are missing, malformed or hostile."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from models.datasets.real_crops import is_held_out, read_real_crops
from models.datasets.registry import data_sets, read_set
from models.datasets.samples import Sample, read_rgb
from models.datasets.sets.freihand import freihand
from models.datasets.sets.ho3d import ho3d
from models.datasets.sets.obman import obman
from models.datasets.sets.rhd import rhd
from models.datasets.sets.stb import stb
from models.datasets.sets.stereo import stereo
from models.evaluation.silhouettes import PARTS
from tests.app.clips import steady, write_clip
from tests.models.datasets.tiny_sets import (
    hand,
    write_crops,
    write_freihand,
    write_ho3d,
    write_json,
    write_multiview,
    write_obman,
    write_picture,
    write_rhd,
    write_stb,
)


def check(sample: Sample, joints: np.ndarray, handedness: str) -> None:
    """The sample's joints are these, in our order, and lie in its picture where its camera sees them."""
    assert sample.handedness == handedness
    assert sample.joints_3d_m is not None
    assert sample.joints_2d_px is not None
    np.testing.assert_allclose(sample.joints_3d_m, joints, atol=2e-6)
    assert sample.intrinsics is not None
    fx, fy, cx, cy = sample.intrinsics
    seen = joints[:, :2] / joints[:, 2:] * [fx, fy] + [cx, cy]
    np.testing.assert_allclose(sample.joints_2d_px, seen, atol=0.02)
    assert isinstance(sample.image, Path)
    assert read_rgb(sample.image).shape[2] == 3


def test_freihand(tmp_path: Path) -> None:
    samples = list(read_set("freihand", write_freihand(tmp_path, 3), 2).read())
    assert [sample.name for sample in samples] == ["00000000", "00000002"]
    check(samples[1], hand(2)[0], "right")
    np.testing.assert_allclose(samples[1].vertices_m, hand(2)[1], atol=1e-6)


def test_freihand_before_its_truth_was_published(tmp_path: Path) -> None:
    (sample, *_) = freihand(write_freihand(tmp_path, 2, truth=False)).read()
    assert sample.joints_3d_m is None
    assert sample.box_px is None


def test_freihand_training_with_masks(tmp_path: Path) -> None:
    write_picture(tmp_path / "training" / "rgb" / "00000000.jpg", 224)
    write_picture(tmp_path / "training" / "mask" / "00000000.jpg", 224, 255)
    write_json(tmp_path / "training_K.json", [np.eye(3).tolist()])
    write_json(tmp_path / "training_xyz.json", [hand()[0].tolist()])
    (sample,) = freihand(tmp_path, "training").read()
    check(sample, hand()[0], "right")
    assert sample.mask is not None
    assert sample.mask.all()


@pytest.mark.parametrize("split", ["train", "evaluation"])
def test_ho3d(tmp_path: Path, split: str) -> None:
    samples = list(ho3d(write_ho3d(tmp_path), "train" if split == "train" else "evaluation").read())
    assert [sample.name for sample in samples] == ["AB1/0000", "AB1/0001"]
    check(samples[1], hand(1)[0], "right")
    if split == "evaluation":
        np.testing.assert_allclose(samples[1].vertices_m, hand(1)[1], atol=1e-6)


def test_rhd_takes_the_hand_seen_best(tmp_path: Path) -> None:
    first, second = rhd(write_rhd(tmp_path)).read()
    check(first, hand()[0], "right")
    check(second, hand()[0] * [-1, 1, 1] - [0.02, 0, 0], "left")
    assert first.parts is not None
    assert second.parts is not None
    assert (first.parts[10, 100], first.parts[10, 110]) == (PARTS["thumb"], PARTS["palm"])
    assert first.parts[10, 10] == 0
    assert (second.parts[10, 10], second.parts[10, 20]) == (PARTS["index"], PARTS["palm"])
    assert second.mask is not None
    assert second.mask.sum() == 140


def test_stb_in_both_cameras(tmp_path: Path) -> None:
    samples = list(stb(write_stb(tmp_path)).read())
    assert [sample.name for sample in samples] == [
        "B1Counting/BB_left_0", "B1Counting/BB_left_1", "B1Random/SK_color_0", "B1Random/SK_color_1",
    ]  # fmt: skip
    for sample in samples:
        check(sample, hand()[0] * [-1, 1, 1], "left")


def test_obman_sides_and_masks(tmp_path: Path) -> None:
    right, left = obman(write_obman(tmp_path)).read()
    check(right, hand()[0], "right")
    check(left, hand(1)[0] * [-1, 1, 1], "left")
    for sample in (right, left):
        assert sample.mask is not None
        assert sample.joints_2d_px is not None
        x, y = np.round(sample.joints_2d_px).astype(int).T
        assert sample.mask[y, x].all()
        assert not sample.mask[:, :10].any()


def test_crops_that_are_held_out(tmp_path: Path) -> None:
    samples = list(read_set("crops", write_crops(tmp_path, 200)).read())
    labels = read_real_crops(tmp_path)
    assert [sample.name for sample in samples] == labels.image[labels.held_out].tolist()
    assert 8 < len(samples) < 36
    assert {sample.handedness for sample in samples} == {"right", "left"}
    assert all(sample.joints_3d_m is None and sample.intrinsics is None for sample in samples)


def test_twins_fall_on_one_side_and_the_split_never_changes() -> None:
    kept = [is_held_out("asl", f"train/{k}_jpg.rf.abc.jpg") for k in range(40)]
    assert kept == [is_held_out("asl", f"train/{k}_jpg.rf.def.jpg") for k in range(40)]
    assert [k for k, held in enumerate(kept) if held] == [33, 38]
    assert kept != [is_held_out("other", f"train/{k}_jpg.rf.abc.jpg") for k in range(40)]


def test_a_video_falls_on_one_side() -> None:
    for session, held in (("46", True), ("3_1528499009.07", True), ("3", False), ("3_1528505750.77", False)):
        sides = {is_held_out("subhi", f"images/{session}_pic{k:05d}.jpg") for k in range(50)}
        assert sides == {held}


def write_stereo(folder: Path) -> Path:
    write_clip(folder / "cam0.mp4", steady(6))
    doubt = np.zeros((4, 21))
    doubt[1, 3], doubt[2, :15] = 9, 9
    np.savez(
        folder / "reference.npz", frame=[1, 2, 4, 5], joints_3d=np.repeat(hand()[0][None], 4, 0),
        reprojection_px=doubt, K0=np.eye(3) * 100,
    )  # fmt: skip
    return folder


def test_stereo_clip(tmp_path: Path) -> None:
    clip = stereo(write_stereo(tmp_path))
    samples = list(clip.read())
    assert [sample.name for sample in samples] == ["00001", "00002", "00004", "00005"]
    assert clip.fps is not None
    assert samples[2].time_s == pytest.approx(4 / clip.fps)
    assert [int(s.joints_counted.sum()) for s in samples if s.joints_counted is not None] == [21, 20, 0, 21]
    assert [sample.name for sample in stereo(tmp_path, every=2).read()] == ["00002", "00004"]


def test_a_part_of_a_still_clip(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", steady(30))
    whole = read_set("still", tmp_path / "clip.mp4")
    assert (whole.count, whole.name) == (30, "still")
    assert whole.fps is not None
    part = read_set("still", tmp_path / f"clip.mp4:{10 / whole.fps:.5f}-{20 / whole.fps:.5f}", 2)
    samples = list(part.read())
    assert [sample.name for sample in samples] == ["00010", "00012", "00014", "00016", "00018"]
    assert (part.count, part.fps) == (5, whole.fps / 2)
    assert samples[1].time_s == pytest.approx(12 / whole.fps)
    assert samples[0].joints_2d_px is None
    assert samples[0].intrinsics is not None
    assert read_set("still", tmp_path / f"clip.mp4:{27 / whole.fps:.5f}-").count == 3
    for file, said in (
        ("none.mp4", "is not a file"),
        ("clip.mp4:900-", "0 frames there"),
        ("", "not a file"),
    ):
        with pytest.raises(ValueError, match=said):
            read_set("still", tmp_path / file)


class Hostile:
    """Unpickled as Python would, it makes a folder."""

    def __init__(self, made: Path) -> None:
        self.made = made

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return os.mkdir, (str(self.made),)


def test_pickles_that_do_more_than_hold_arrays_are_refused(tmp_path: Path) -> None:
    made = tmp_path / "made"
    write_ho3d(tmp_path / "ho3d")
    write_rhd(tmp_path / "rhd")
    for name, file in (
        ("ho3d", "evaluation/AB1/meta/0000.pkl"),
        ("rhd", "evaluation/anno_evaluation.pickle"),
    ):
        (tmp_path / name / file).write_bytes(pickle.dumps({"camMat": Hostile(made)}))
        with pytest.raises(ValueError, match="refused"):
            list(read_set(name, tmp_path / name).read())
    assert not made.exists()


@pytest.mark.parametrize("name", [name for name in data_sets() if name != "still"])
def test_an_empty_folder_is_told_what_should_be_in_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"give (the|a|STB's|ObMan's) folder") as caught:
        read_set(name, tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="is not a folder"):
        read_set(name, tmp_path / "nowhere")


def test_an_unknown_set() -> None:
    with pytest.raises(ValueError, match="expected one of closeups, crops, filled, freihand"):
        read_set("imagenet", Path())


MALFORMED: dict[str, tuple[str, Callable[[Path], Path], str, bytes]] = {
    "json": ("freihand", write_freihand, "evaluation_xyz.json", b"[[1, 2"),
    "another shape": ("freihand", write_freihand, "evaluation_xyz.json", b"[[1, 2]]"),
    "no list": ("freihand", write_freihand, "evaluation_K.json", b"{}"),
    "too few": ("freihand", write_freihand, "evaluation_xyz.json", json.dumps([[[0.0] * 3] * 21]).encode()),
    "too few labels": ("ho3d", write_ho3d, "evaluation.txt", b"AB1/0000\n"),
    "no pickle": ("ho3d", write_ho3d, "evaluation/AB1/meta/0000.pkl", b"text"),
    "empty pickle": ("ho3d", write_ho3d, "evaluation/AB1/meta/0000.pkl", pickle.dumps({})),
    "another pickle": ("rhd", write_rhd, "evaluation/anno_evaluation.pickle", pickle.dumps([1])),
    "no arrays": ("rhd", write_rhd, "evaluation/anno_evaluation.pickle", pickle.dumps({0: {"K": 1}})),
    "no mask": ("rhd", write_rhd, "evaluation/mask/00000.png", b""),
    "no obman": ("obman", write_obman, "test/meta/00000000.pkl", pickle.dumps({"side": "right"})),
    "no side": (
        "obman", write_obman, "test/meta/00000001.pkl",
        pickle.dumps({"side": "up", "coords_2d": np.zeros((21, 2)), "coords_3d": np.zeros((21, 3))}),
    ),
    "no mat": ("stb", write_stb, "labels/B1Counting_BB.mat", b"text"),
    "no npz": ("crops", write_crops, "labels.npz", b"text"),
    "no reference": ("stereo", write_stereo, "reference.npz", b"text"),
    "no truth": ("synthetic", lambda folder: folder, "truth.npz", b"text"),
    "no clip": ("stereo", write_stereo, "cam0.mp4", b"text"),
}  # fmt: skip


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_files_are_named_in_one_line(tmp_path: Path, case: str) -> None:
    name, write, file, content = MALFORMED[case]
    write(tmp_path)
    (tmp_path / file).write_bytes(content)
    with pytest.raises(ValueError, match=r".+") as caught:
        list(read_set(name, tmp_path).read())
    message = str(caught.value)
    assert "\n" not in message
    assert Path(file).stem in message


def test_multiview(tmp_path: Path) -> None:
    folder, joints = write_multiview(tmp_path)
    for number in range(2):
        (folder / "desk").mkdir(exist_ok=True)
        write_clip(folder / "desk" / f"cam_{number}.mp4", [0, 200, 400], (224, 220))
    samples = list(read_set("multiview", folder).read())
    assert [sample.name for sample in samples] == ["0000-0", "0001-0", "0000-1", "0001-1"]
    for sample in (samples[0], samples[2]):  # the camera that lay on its side sees the same, stood upright
        assert sample.handedness == "left"
        assert sample.joints_3d_m is not None
        np.testing.assert_allclose(sample.joints_3d_m, joints[0], atol=1e-5)
    shapes = [np.shape(sample.image) for sample in samples]
    assert shapes == 2 * [(220, 224, 3)] + 2 * [(224, 220, 3)]
    assert samples[1].joints_counted is not None
    assert samples[1].joints_counted.sum() == 20


def test_multiview_without_its_cameras(tmp_path: Path) -> None:
    folder, _ = write_multiview(tmp_path)
    with pytest.raises(ValueError, match=r"cam_0\.mp4 is missing"):
        read_set("multiview", folder)
    write_json(folder / "cameras.json", {"desk": {"size": [224, 220], "cameras": [{"K": 3}]}})
    with pytest.raises(ValueError, match=r"cameras\.json can't be used"):
        read_set("multiview", folder)
