"""The tool that builds the folder of real crops, on a small repository of rendered hands."""

import subprocess
from pathlib import Path
from types import SimpleNamespace

import av
import cv2
import numpy as np
import pytest

from models.datasets.real_crops import read_real_crops
from models.types import Detection
from tests.paths import CLIPS
from tools.build.hand_crops import disagreement, without_faces
from tools.build.real_crops import SOURCES, Source, main

DEMO = CLIPS / "demo.mp4"
FRAMES = (40, 120, 160)


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """Three photographs of hands, one of them twice, one of none, and what is no photograph."""
    folder = tmp_path_factory.mktemp("origin") / "Hands"
    photos = folder / "photos"
    photos.mkdir(parents=True)
    with av.open(str(DEMO)) as clip:
        for k, frame in enumerate(clip.decode(video=0)):
            if k in FRAMES:
                cv2.imwrite(str(photos / f"{k:03d}.jpg"), frame.to_ndarray(format="bgr24"))
    (photos / "twin.jpg").write_bytes((photos / "040.jpg").read_bytes())
    cv2.imwrite(str(photos / "wall.jpg"), np.full((300, 400, 3), 120, np.uint8))
    (photos / "broken.jpg").write_bytes(b"no picture")
    (folder / "readme.txt").write_text("words")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "photographs")
    commit = git(folder, "rev-parse", "HEAD")[:12]
    (photos / "040.jpg").unlink()
    git(folder, "commit", "-q", "-a", "-m", "one gone")  # a later commit changes nothing
    return Source("rendered", str(folder), commit, r"photos/.*\.jpg", "ours")


def test_the_folder_is_built_from_a_clone(
    source: Source, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--clone", str(tmp_path / "clones"), "--out", str(tmp_path / "out"), "--keep-faces"]
    assert main(arguments, (source,)) == 0
    assert capsys.readouterr().out == "rendered: 3 crops (ours)\n"
    crops = read_real_crops(tmp_path / "out")
    assert crops.origin.tolist() == [f"photos/{k:03d}.jpg" for k in FRAMES]
    assert set(crops.handedness) == {"right"}
    boxes = np.ptp(crops.joints_2d_px, axis=1).max(1)
    np.testing.assert_allclose(boxes, 224 / 1.8, rtol=1e-4)
    middle = (crops.joints_2d_px.max(1) + crops.joints_2d_px.min(1)) / 2
    np.testing.assert_allclose(middle, 111.5, atol=0.01)
    with np.load(tmp_path / "out" / "labels.npz") as labels:
        assert (labels["consistency"] <= 0.05).all()
    picture = cv2.imread(str(tmp_path / "out" / crops.image[0]))
    assert picture is not None
    assert picture.shape == (224, 224, 3)
    assert main(arguments, (source,)) == 2  # the folder is full
    assert "is not empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "option", "says"),
    [
        ({"url": "/nowhere/Hands"}, "--clone", "can't be cloned"),
        ({"url": "/nowhere/Hands"}, "--from", "is missing"),
        ({"commit": "0123456789ab"}, "--clone", "lacks the commit"),
    ],
)
def test_what_can_t_be_had_is_said_in_one_line(
    source: Source,
    change: dict[str, str],
    option: str,
    says: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    wanted = Source(**{**vars(source), **change})
    assert main([option, str(tmp_path / "c"), "--out", str(tmp_path / "o"), "--keep-faces"], (wanted,)) == 2
    error = capsys.readouterr().err
    assert says in error
    assert len(error.strip().splitlines()) == 1


def test_missing_face_finders_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--from", str(tmp_path), "--out", str(tmp_path / "o"), "--cascades", str(tmp_path)]) == 2
    assert "--keep-faces" in capsys.readouterr().err


def test_faces_are_blurred_and_hands_are_not() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    joints = np.random.default_rng(1).uniform([60, 60], [100, 100], (21, 2)).astype(np.float32)
    hand = Detection(joints, "right", 1.0, 1.0, np.zeros((21, 3), np.float32))
    finder = SimpleNamespace(detectMultiScale=lambda *a, **k: np.array([[50, 50, 120, 120]]))
    found = without_faces(photo, [hand], [finder])  # type: ignore[list-item]
    assert (found[75:85, 75:85] == photo[75:85, 75:85]).all()
    assert found[140:160, 140:160].std() < 0.3 * photo[140:160, 140:160].std()
    assert (found[:20] == photo[:20]).all()
    assert without_faces(photo, [hand], []) is photo


def test_only_the_other_side_s_hand_agrees_with_a_mirrored_one() -> None:
    joints = np.random.default_rng(1).uniform(50, 150, (21, 2)).astype(np.float32)
    world = np.zeros((21, 3), np.float32)
    hand = Detection(joints, "right", 1.0, 1.0, world)
    mirrored = (joints * [-1, 1] + [319, 0]).astype(np.float32)
    assert disagreement(hand, [Detection(mirrored, "left", 1.0, 1.0, world)], 320) < 1e-6
    assert disagreement(hand, [Detection(mirrored, "right", 1.0, 1.0, world)], 320) == float("inf")


def test_every_source_is_named_with_commit_and_licence() -> None:
    assert [source.name for source in SOURCES] == ["subhi", "asl_letters", "gesture14", "digits"]
    assert all(len(source.commit) == 12 and source.licence for source in SOURCES)
    assert len({source.folder for source in SOURCES}) == 4
