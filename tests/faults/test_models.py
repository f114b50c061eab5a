"""Networks that fail and files that are damaged: the hand is lost and found again, or one line says why."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from app.capture import DEMO_CLIP, open_file
from app.cli import main
from app.render.light import environment
from models import manifest
from models.geometry import camera_from_fov, project
from models.hand import hand_data
from models.inference.landmark_runtime import LandmarkRuntime, Landmarks, in_frame
from models.inference.palm_runtime import PalmNet
from models.manifest import ChangedAsset
from models.tracking import pipeline
from models.tracking.pipeline import Pipeline, PipelineConfig
from models.tracking.reconstruction import NetworkMesh
from models.types import Camera, Crop, CropPrediction, Detection
from tests.app.render.render_help import posed_hand
from tests.waiting import PATIENCE_S

pytestmark = [pytest.mark.fault, pytest.mark.filterwarnings("ignore::RuntimeWarning")]

CAMERA = camera_from_fov(640, 480)
HAND = posed_hand(CAMERA)
FRAME = np.full((480, 640, 3), (190, 150, 130), np.uint8)


@dataclass
class Network:
    """Answers with the same true hand each time; `spoil` then does to the answer what a test asks."""

    name: str = "fake"
    input_size: int = 224
    spoil: Callable[[CropPrediction], CropPrediction] = field(default=lambda answer: answer)

    def __call__(self, crop_rgb: np.ndarray, focal: float = 1.0) -> CropPrediction:
        raise NotImplementedError

    def answer(self, crop: Crop) -> CropPrediction:
        joints, vertices = (HAND.joints_m @ crop.A.T, HAND.vertices_m @ crop.A.T)
        joints_px = project(joints, crop.camera).astype(np.float32)
        root = joints[0]
        return self.spoil(
            CropPrediction(joints_px, 0.9, 0.9, (vertices - root).astype("f4"), (joints - root).astype("f4"))
        )


class FakeMesh(NetworkMesh):
    """`NetworkMesh` whose network sees the crop's camera instead of its picture."""

    def infer(self, crop: Crop, camera: Camera) -> Detection:
        self._network = lambda crop_rgb, focal: network.answer(crop)  # type: ignore[assignment]
        return super().infer(crop, camera)

    def infer_pair(self, crops: Sequence[Crop], camera: Camera) -> list[Detection]:
        return [self.infer(crop, camera) for crop in crops]


network = Network()


class FakeDetector:
    """Always knows."""

    hands: list[Detection]
    hint = None

    def __init__(self, infer: object, input_size: int, max_hands: int) -> None:
        pass

    def detect_next(self, frame_rgb: np.ndarray) -> list[Detection]:
        return FakeDetector.hands

    def restart(self) -> None:
        pass


def detection(shift_px: float = 0.0) -> Detection:
    return Detection(HAND.joints_2d_px + np.float32(shift_px), "right", 0.9, 0.9, HAND.joints_m)


@pytest.fixture
def faked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """A pipeline on the fake network and a detector that always knows."""
    network.spoil = lambda answer: answer
    monkeypatch.setattr(pipeline, "make_reconstruction", lambda *_: FakeMesh(network))  # type: ignore[arg-type]
    FakeDetector.hands = [detection()]
    monkeypatch.setattr(pipeline, "HandDetector", FakeDetector)
    made = Pipeline(PipelineConfig(search_beside=False))
    yield made
    made.close()


def spoilt(**changes: float) -> Callable[[CropPrediction], CropPrediction]:
    def spoil(answer: CropPrediction) -> CropPrediction:
        values = vars(answer) | {
            name: getattr(answer, name) * np.float32(factor) for name, factor in changes.items()
        }
        return CropPrediction(**values)

    return spoil


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30], ids=str)
@pytest.mark.parametrize("output", ["joints_2d_px", "vertices_m", "joints_m", "presence", "right_score"])
def test_an_answer_that_is_no_number_loses_the_hand_for_that_frame(
    faked: Pipeline, output: str, value: float
) -> None:
    before = [faked.process(FRAME, k / 30).hands for k in range(5)][-1]
    network.spoil = spoilt(**{output: value})
    found = faked.process(FRAME, 5 / 30).hands
    assert not found or output in ("presence", "right_score")
    network.spoil = lambda answer: answer
    after = faked.process(FRAME, 6 / 30).hands
    assert len(before) == len(after) == 1
    assert before[0].track_id == after[0].track_id
    assert np.abs(after[0].vertices_m - before[0].vertices_m).max() < 0.02


def test_senseless_answers_never_raise(faked: Pipeline) -> None:
    rng = np.random.default_rng(0)

    def senseless(answer: CropPrediction) -> CropPrediction:
        scale = 10 ** rng.uniform(-6, 6, 3)
        return CropPrediction(
            rng.normal(112, 40 * scale[0], (21, 2)).astype("f4"),
            float(rng.uniform()),
            float(rng.uniform()),
            rng.normal(0, 0.1 * scale[1], (778, 3)).astype("f4"),
            rng.normal(0, 0.1 * scale[2], (21, 3)).astype("f4"),
        )

    network.spoil = senseless
    for k in range(300):
        for hand in faked.process(FRAME, k / 30).hands:
            assert np.isfinite(hand.vertices_m).all()


def test_landmarks_that_are_no_numbers_are_no_hand() -> None:
    crop = Crop(np.zeros((224, 224, 3), np.uint8), camera_from_fov(224, 224), np.eye(3), False)
    seen = in_frame(Landmarks(np.full((21, 2), np.nan), np.zeros((21, 3)), 1.0, 1.0), crop, CAMERA)
    assert seen.presence == 0


@pytest.mark.parametrize("many", [2, 8])
def test_thirty_hands_are_bounded(faked: Pipeline, monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    grid = [(x, y) for x in range(6) for y in range(5)]
    small = (HAND.joints_2d_px - HAND.joints_2d_px.mean(0)) * 0.3

    places = [np.array([60 + 100 * x, 50 + 90 * y]) for x, y in grid]
    everywhere = [Detection((small + p).astype("f4"), "right", 0.9, 0.9, HAND.joints_m) for p in places]

    def stay(
        frame_rgb: np.ndarray, camera: Camera, hands: Sequence[tuple[np.ndarray, str]]
    ) -> list[Detection]:
        return [Detection(px, "right", 0.9, 0.9, HAND.joints_m, HAND.vertices_m) for px, _ in hands]

    monkeypatch.setattr(FakeDetector, "hands", everywhere)
    monkeypatch.setattr(faked._tracker, "_infer_hands", stay)
    faked._tracker.config = pipeline.TrackerConfig(max_hands=many)
    for k in range(20):
        assert len(faked.process(FRAME, k / 30).hands) == many


# The models that ship


@pytest.fixture(scope="module")
def real() -> Iterator[Pipeline]:
    made = Pipeline(PipelineConfig(max_hands=4))
    yield made
    made.close()


@pytest.mark.parametrize("level", [0, 255])
def test_black_and_white_frames_hold_no_hand(real: Pipeline, level: int) -> None:
    real.reset()
    for k in range(3):
        assert real.process(np.full((480, 640, 3), level, np.uint8), k / 30).hands == ()


def test_noise_and_odd_frames_are_survived(real: Pipeline) -> None:
    rng = np.random.default_rng(0)
    for k, (height, width) in enumerate([(480, 640), (1, 1), (3, 700), (700, 3), (120, 160), (2, 2)]):
        result = real.process(rng.integers(0, 256, (height, width, 3), np.uint8), k / 30)
        assert len(result.hands) <= 4


@pytest.mark.skipif(not DEMO_CLIP.exists(), reason="needs the demo clip")
def test_a_frame_of_thirty_real_hands(real: Pipeline) -> None:
    frame_rgb = next(iter(open_file(DEMO_CLIP).frames())).image_rgb
    crowd = np.tile(frame_rgb[::3, ::3], (5, 6, 1))
    real.reset()
    real.process(crowd, 0.0)
    started_s = time.monotonic()
    counts = [len(real.process(crowd, k / 30).hands) for k in range(1, 6)]
    assert max(counts) <= 4
    assert time.monotonic() - started_s < PATIENCE_S  # some 0.05 s on an idle machine


# Files


def copy_of_assets(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files that ship, where they may be damaged."""
    assets = folder / "assets"
    shutil.copytree(manifest.ASSETS, assets, ignore=shutil.ignore_patterns("weights", "pictures", "clips"))
    monkeypatch.setattr(manifest, "ASSETS", assets)
    monkeypatch.setattr(hand_data, "OPEN_HAND", assets / "hand" / "open_hand.npz")
    monkeypatch.setattr(environment, "ENV_DIR", assets / "env")
    return assets


def missing(path: Path) -> None:
    path.unlink()


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def changed(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


READERS: dict[str, Callable[[Path], object]] = {
    "detector/hand_landmarker.task": lambda path: LandmarkRuntime(path),
    "detector/hand_landmarker.task ": lambda path: PalmNet(bundle=path),
    "hand/open_hand.npz": lambda path: hand_data.load_open_hand.__wrapped__(),
    "env/interior.npz": lambda path: environment.load_environment("interior"),
}


@pytest.mark.parametrize("damage", [missing, truncated, changed])
@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file_that_ships_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, damage: Callable[[Path], None]
) -> None:
    path = copy_of_assets(tmp_path, monkeypatch) / name.strip()
    if name.startswith("env") and damage is missing:
        pytest.skip("one of the others is taken then")
    damage(path)
    with pytest.raises((FileNotFoundError, ChangedAsset)) as failure:
        READERS[name](path)
    assert str(path) in str(failure.value)


def test_a_file_of_another_shape_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where somebody has put its checksum into the manifest."""
    assets = copy_of_assets(tmp_path, monkeypatch)
    path = assets / "hand" / "open_hand.npz"
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **(arrays | {"template_m": arrays["template_m"][:700]}))
    listed = json.loads((assets / "manifest.json").read_text())
    del listed["files"]["hand/open_hand.npz"]
    (assets / "manifest.json").write_text(json.dumps(listed))
    with pytest.raises(ValueError, match=r"template_m: expected float32 \(778, 3\)"):
        hand_data.load_open_hand.__wrapped__()


def test_the_program_says_it_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(manifest, "_sha256", lambda *_: "0" * 64)
    assert main(["process", "demo", "--effect", "none", "--out", str(tmp_path / "a.mp4")]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert said[-1].startswith("palmistry: ")
    assert "restore the file with git" in said[-1]
    assert list(tmp_path.iterdir()) == []
