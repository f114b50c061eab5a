"""Export, the three engines, the choice between them, and the way from the crop to the camera."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import torch
from torch import nn

from models.geometry import camera_from_fov, crop_camera, warp_crop
from models.hand.hand_data import HandData
from models.inference import autotune, export, runtime
from models.inference.engines import OUTPUTS, SIGHT_OUTPUTS, OnnxEngine, OpenVinoEngine, TorchEngine
from models.inference.export import export_onnx
from models.inference.runtime import HandRuntime
from models.networks import zoo
from models.networks.declaration import Network, NetworkSize
from models.networks.network import JointsOutput, NetworkOutput
from models.types import Camera, Crop, CropPrediction
from models.weights import shipped_networks
from tests.paths import ROOT


@dataclass(frozen=True)
class TinyConfig:
    size: int = 16


class Tiny(nn.Module):
    """A network too small to be of use: a linear map of the picture."""

    def __init__(self, config: TinyConfig, hand: HandData) -> None:
        super().__init__()
        self.input_size = config.size
        self.linear = nn.Linear(3 * config.size**2, 10)
        self.mesh = nn.Linear(10, 778 * 3)

    def forward(self, crops: torch.Tensor) -> NetworkOutput:
        f = torch.tanh(self.linear(crops.flatten(1)))
        vertices = 0.1 * self.mesh(f).unflatten(1, (778, 3))
        joints = vertices[:, :21]
        return NetworkOutput(joints[..., :2], vertices, joints, f[:, 0], f[:, 1])


@pytest.fixture(scope="module", autouse=True)
def tiny_zoo() -> object:
    with pytest.MonkeyPatch.context() as patch:
        torch.manual_seed(0)
        made = Tiny(TinyConfig(), None).eval()  # type: ignore[arg-type]
        tiny = Network("tiny", lambda config, hand: made, TinyConfig(), NetworkSize(16, 0.0, 0.0), (), ())
        known = zoo.networks()
        patch.setattr(zoo, "networks", lambda: known | {"tiny": tiny})
        yield


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    runtime.graph_path("tiny", folder)  # the slow step, once
    return folder


CROP = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)


def load(cache: Path, engine: runtime.EngineName | None = None) -> HandRuntime:
    return runtime.load("tiny", engine, cache=cache, untrained=True)


def test_a_sight_is_the_same_without_a_mesh(cache: Path) -> None:
    part = OpenVinoEngine(runtime.graph_path("tiny", cache), wanted=SIGHT_OUTPUTS)
    assert set(part(CROP[None])) == set(SIGHT_OUTPUTS)
    whole = load(cache, "openvino")
    for runs in (whole, HandRuntime("tiny", "openvino", whole._engine, part)):
        sight, answer = runs.sight(CROP), whole(CROP)
        np.testing.assert_allclose(sight.joints_2d_px, answer.joints_2d_px, rtol=0, atol=1e-6)
        assert sight.presence == pytest.approx(answer.presence, abs=1e-6)
        assert sight.right_score == pytest.approx(answer.right_score, abs=1e-6)


def test_engines_agree(cache: Path) -> None:
    answers = [load(cache, engine)(CROP) for engine in runtime.engines_for("tiny")]
    for answer in answers[:-1]:
        for field in ("joints_2d_px", "vertices_m", "joints_m", "presence", "right_score"):
            a, b = getattr(answer, field), getattr(answers[-1], field)
            assert np.allclose(a, b, atol=1e-4), field
    assert answers[0].vertices_m.shape == (778, 3)
    assert answers[0].vertices_m.dtype == np.float32
    assert 0 < answers[0].presence < 1


class TinyJoints(Tiny):
    """The same, and the hand model is fitted to its joints."""

    def joints_only(self, crops: torch.Tensor) -> JointsOutput:
        output = self(crops)
        return JointsOutput(
            output.joints_2d, 2 * output.joints_m, output.presence_logit, output.handedness_logit
        )


def test_where_joints_are_all_that_is_asked_no_mesh_is_computed(cache: Path, tmp_path: Path) -> None:
    made = TinyJoints(TinyConfig(), None).eval()  # type: ignore[arg-type]
    export_onnx(made, tmp_path / "joints.onnx")
    names = [output.name for output in onnx.load(tmp_path / "joints.onnx").graph.output]
    assert names == ["joints_2d", "joints_m", "presence", "handedness"]
    engines = (
        OpenVinoEngine(tmp_path / "joints.onnx"),
        OnnxEngine(tmp_path / "joints.onnx"),
        TorchEngine(export.Deployed(made)),
    )
    with torch.no_grad():
        expected = 2 * made(torch.from_numpy(CROP).permute(2, 0, 1)[None].float() / 255).joints_m[0]
    for engine in engines:
        answer = HandRuntime("x", "torch", engine)(CROP)
        assert answer.vertices_m is None
        assert np.allclose(answer.joints_m, expected, atol=1e-5)
        with pytest.raises(ValueError, match="a network that sees a mesh"):
            answer.in_camera_axes(crop_of(JOINTS_PX, False))


@pytest.mark.parametrize("engine", runtime.engines_for("tiny"))
def test_an_answer_outlives_the_next_call(cache: Path, engine: runtime.EngineName) -> None:
    network = load(cache, engine)
    first = network(CROP)
    before = first.vertices_m.copy()
    network(255 - CROP)
    assert np.array_equal(first.vertices_m, before)


def test_the_fastest_is_measured_once_and_remembered(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = []

    def medians_ms(ways: dict[str, object]) -> dict[str, float]:
        measured.append(set(ways))
        return {name: 2.0 - (name == "onnxruntime/2") for name in ways}

    def fastest(**given: object) -> tuple[str, int]:
        return runtime.fastest("tiny", cache=cache, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(autotune, "medians_ms", medians_ms)
    monkeypatch.setattr(autotune, "cores", lambda: 4)
    assert fastest() == fastest() == ("onnxruntime", 2)
    assert measured == [{"openvino/1", "openvino/2", "onnxruntime/1", "onnxruntime/2"}]
    assert fastest(engine="torch", threads=3) == ("torch", 3), "nothing to choose, nothing to measure"
    assert len(measured) == 1
    memory = cache / "autotune.json"
    for damage in ("{", "[]", json.dumps(dict.fromkeys(json.loads(memory.read_text()), "x"))):
        memory.write_text(damage)
        assert fastest() == ("onnxruntime", 2)
    assert len(measured) == 4
    monkeypatch.setattr(autotune, "cores", lambda: 2)
    fastest()
    assert measured[-1] == {"openvino/1", "onnxruntime/1"}, "the other core is for drawing"
    assert load(cache).engine_name in ("openvino", "onnxruntime")


@pytest.mark.parametrize(
    ("cores", "choices"), [(1, (1,)), (2, (1,)), (4, (1, 2)), (8, (1, 2, 4)), (64, (1, 2, 4))]
)
def test_networks_leave_half_the_cores_to_others(
    cores: int, choices: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autotune, "cores", lambda: cores)
    assert autotune.thread_choices() == choices


def test_measure_times_every_engine(cache: Path) -> None:
    times = runtime.measure("tiny", cache=cache)
    assert set(times) == set(runtime.engines_for("tiny"))
    assert all(0 < ms < 1000 for ms in times.values())


def test_a_new_graph_replaces_the_old_one(cache: Path) -> None:
    current = runtime.graph_path("tiny", cache)
    old = cache / "tiny-0123456789abcdef.onnx"
    old.write_bytes(b"old")
    current.unlink()
    assert runtime.graph_path("tiny", cache) == current
    assert not old.exists()
    assert not list(cache.glob("*.partial*"))


def test_an_export_that_differs_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "OnnxEngine", lambda _: lambda crop: dict.fromkeys(OUTPUTS, np.ones(1)))
    with pytest.raises(RuntimeError, match="differs from torch"):
        export_onnx(zoo.build("tiny"), tmp_path / "tiny.onnx")
    assert list(tmp_path.iterdir()) == []


def test_bad_input_is_named(cache: Path) -> None:
    network = load(cache, "onnxruntime")
    with pytest.raises(ValueError, match=r"expected uint8 \(16, 16, 3\), got float64"):
        network(CROP / 255)
    with pytest.raises(ValueError, match=r"got uint8 \(8, 8, 3\)"):
        network(CROP[:8, :8])
    with pytest.raises(ValueError, match="engine: expected one of"):
        runtime.load("tiny", "tensorflow", cache=cache)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="model: expected one of"):
        runtime.load("huge", "torch", cache=cache)
    with pytest.raises(ValueError, match="tiny has no weights yet"):
        runtime.load("tiny", cache=cache)


def test_live_start_leaves_torch_alone(tmp_path: Path) -> None:
    """A network whose graph ships is chosen an engine for, and started, without importing torch."""
    (name, *_) = shipped_networks()
    code = (
        "import sys; from pathlib import Path; from models.inference import runtime\n"
        f"runtime.load({name!r}, cache=Path({str(tmp_path)!r}))\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# From the crop to the camera


class LooksUp:
    """A network that knows the true hand: it answers with what the crop's camera would see."""

    input_size = 224

    def __init__(self, vertices_m: np.ndarray, crop: Crop) -> None:
        self.seen = (vertices_m @ crop.A.T)[None].astype(np.float32)

    def __call__(self, crops_rgb: np.ndarray, focal: float = 1.0) -> dict[str, np.ndarray]:
        answers = np.zeros((1, 21, 2), np.float32), self.seen, self.seen[:, :21]
        return dict(zip(OUTPUTS, (*answers, *[np.ones(1, np.float32)] * 2), strict=True))


FRAME = camera_from_fov(640, 480)
HAND = np.random.default_rng(1).normal(0, 0.05, (778, 3))


def crop_of(joints_px: np.ndarray, mirrored: bool, frame: np.ndarray | None = None) -> Crop:
    virtual, R = crop_camera(FRAME, joints_px, 224, 1.5)
    picture = np.zeros((480, 640, 3), np.uint8) if frame is None else frame
    return warp_crop(picture, FRAME, virtual, R, mirrored)


JOINTS_PX = np.random.default_rng(2).uniform((100, 100), (300, 350), (21, 2))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("shift", [(0, 0), (250, 90), (-60, -80)])
def test_camera_space_does_not_depend_on_the_crop(mirrored: bool, shift: tuple[int, int]) -> None:
    crop = crop_of(JOINTS_PX + shift, mirrored)
    answer = HandRuntime("x", "torch", LooksUp(HAND, crop))(crop.image_rgb)
    vertices, joints = answer.in_camera_axes(crop)
    assert np.allclose(vertices, HAND, atol=1e-6)
    assert np.allclose(joints, HAND[:21], atol=1e-6)


def test_turning_the_virtual_camera_turns_the_answer() -> None:
    answer = CropPrediction(
        np.zeros((21, 2)), 1.0, 1.0, HAND.astype(np.float32), HAND[:21].astype(np.float32)
    )
    crop = crop_of(JOINTS_PX, False)
    Q = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    Q *= np.linalg.det(Q)
    turned = Crop(crop.image_rgb, crop.camera, crop.R_crop_cam @ Q.T, False)
    before, after = answer.in_camera_axes(crop)[0], answer.in_camera_axes(turned)[0]
    assert np.allclose(after, before @ Q.T, atol=1e-6)


def test_a_mirrored_picture_gives_the_mirrored_hand(cache: Path) -> None:
    """A frame and its mirror image, one cropped as a right hand, the other as a left one."""
    centred = Camera(500, 500, 319.5, 239.5, 640, 480)
    coarse = np.random.default_rng(4).integers(0, 256, (6, 8, 3), np.uint8)
    frame = cv2.resize(coarse, (640, 480), interpolation=cv2.INTER_LINEAR)
    network = load(cache, "openvino")
    hands = []
    for mirrored in (False, True):
        picture = frame[:, ::-1] if mirrored else frame
        joints = JOINTS_PX + np.array([100, 15])  # all of the crop inside the frame
        joints = joints * [-1, 1] + [639, 0] if mirrored else joints
        virtual, R = crop_camera(centred, joints, 16, 1.5)
        crop = warp_crop(picture, centred, virtual, R, mirrored)
        hands.append(network(crop.image_rgb).in_camera_axes(crop)[0])
    assert np.abs(hands[0]).max() > 0.05
    assert np.allclose(hands[1], hands[0] * [-1, 1, 1], atol=0.02 * np.abs(hands[0]).max())
