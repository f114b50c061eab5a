"""Networks as models of the pipeline, with a network made of the landmark network and the fit."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from models.geometry import camera_from_fov, project, rotation_from_axis_angle
from models.hand.hand_data import load_open_hand
from models.hand.skinning import pose_hand
from models.inference import runtime
from models.inference.landmark_runtime import INPUT_SIZE, LandmarkRuntime
from models.manifest import Asset
from models.tracking import pipeline
from models.tracking.fitting import HandFitter
from models.tracking.pipeline import Pipeline, PipelineConfig
from models.tracking.reconstruction import FittedLandmarks, NetworkMesh
from models.tracking.whole_image import infer_whole
from models.types import Camera, CropPrediction, CropSight, Detection, Handedness
from tests.models.measures import pa_mpjpe
from tests.models.tracking.test_pipeline import demo, play

__all__ = ["demo"]  # a fixture

CAMERA = camera_from_fov(640, 480)
LEFT = np.array([-1.0, 1, 1])


class FittingNetwork:
    """Stands in for a trained network: it answers with a right hand fitted to its own landmarks.

    Crops are taken for a long lens's, so its mesh is a little off, as a network's is.
    """

    name, engine_name, input_size = "fake", "openvino", INPUT_SIZE
    lens = Camera(1200, 1200, 111.5, 111.5, 224, 224)

    def __init__(self) -> None:
        self._net, self._fitter = LandmarkRuntime(), HandFitter(load_open_hand())

    def __call__(self, crop_rgb: np.ndarray, focal: float = 1.0) -> CropPrediction:
        seen = self._net(crop_rgb)
        rays = (seen.joints_crop_px - 111.5) / 1200
        fit = self._fitter.fit(rays, seen.world_m, "right")
        root = fit.joints_m[0]
        return CropPrediction(
            seen.joints_crop_px, seen.presence, seen.right_score, fit.vertices_m - root, fit.joints_m - root
        )

    def sight(self, crop_rgb: np.ndarray, focal: float = 1.0) -> CropSight:
        seen = self._net(crop_rgb)
        return CropSight(seen.joints_crop_px, seen.presence, seen.right_score)


@pytest.fixture
def network_pipeline(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    monkeypatch.setattr(pipeline, "MODELS", ("fit", "fake"))
    monkeypatch.setattr(pipeline, "make_reconstruction", lambda *_: NetworkMesh(FittingNetwork()))
    made = Pipeline(PipelineConfig("fake", smoothing=None))
    yield made
    made.close()


def test_a_fitted_networks_joints_become_a_hand_of_the_model(
    demo: tuple[list[np.ndarray], dict[str, np.ndarray], Camera], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`mobrecon_lm`, with a stand-in: the mesh is the model's, not the network's."""
    frames, truth, camera = demo
    monkeypatch.setattr(pipeline, "MODELS", ("fit", "mobrecon_lm"))
    monkeypatch.setattr("models.inference.runtime.load", lambda name: FittingNetwork())
    made = Pipeline(PipelineConfig("mobrecon_lm", smoothing=None))
    assert made.stages[3] == "fit"
    for result, joints in zip(play(made, frames[:10], 15, camera), truth["joints_m"], strict=False):
        (hand,) = result.hands
        bones = [np.linalg.norm(j[6] - j[5]) for j in (hand.joints_m, joints)]
        assert pa_mpjpe(hand.joints_m, joints) < 0.015
        assert bones[0] == pytest.approx(bones[1], rel=0.12)
    made.close()


def a_hand(random: np.random.Generator, handedness: Handedness) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and joints of a random hand in front of the camera."""
    pose = random.normal(0, 0.2, (16, 3))
    pose[0] = random.uniform(-1, 1, 3)
    R = rotation_from_axis_angle(pose)
    place = [*random.uniform(-0.1, 0.1, 2), random.uniform(0.3, 0.8)]
    vertices, joints = pose_hand(load_open_hand(), R, random.normal(0, 0.5, 10), place)
    return (vertices, joints) if handedness == "right" else (vertices * LEFT, joints * LEFT)


def seen_as(vertices: np.ndarray, joints: np.ndarray, handedness: Handedness, size: float = 1.0) -> Detection:
    """What a network that knows the hand says of it; it takes the hand for `size` times as large."""
    relative = [(size * (p - joints[0])).astype(np.float32) for p in (joints, vertices)]
    return Detection(
        project(joints, CAMERA).astype(np.float32), handedness, 1.0, 1.0, relative[0], relative[1]
    )


@pytest.mark.parametrize("handedness", ["right", "left"])
def test_a_true_mesh_and_true_2d_give_the_true_place(handedness: Handedness) -> None:
    random, method = np.random.default_rng(0), NetworkMesh(FittingNetwork())
    for _ in range(5):
        vertices, joints = a_hand(random, handedness)
        lifted = method.lift(seen_as(vertices, joints, handedness), handedness, CAMERA)
        assert lifted.handedness == handedness
        assert np.abs(lifted.vertices_m - vertices).max() < 1e-4
        assert np.abs(lifted.joints_m - joints).max() < 1e-4


def test_a_shaking_size_does_not_shake_the_depth() -> None:
    random, method = np.random.default_rng(1), NetworkMesh(FittingNetwork())
    vertices, joints = a_hand(random, "right")
    sizes, lifted, depth = random.normal(1, 0.05, 100), None, []
    for size in sizes:
        lifted = method.lift(seen_as(vertices, joints, "right", size), "right", CAMERA, lifted)
        depth.append(lifted.joints_m[0, 2] / joints[0, 2])
        assert np.abs(project(lifted.joints_m, CAMERA) - project(joints, CAMERA)).max() < 0.05
    assert np.std(np.diff(depth[20:])) < 0.1 * np.std(np.diff(sizes[20:]))
    assert depth[-1] == pytest.approx(sizes.mean(), abs=0.002)
    other = method.lift(seen_as(vertices * LEFT, joints * LEFT, "left", 1.2), "left", CAMERA, lifted)
    assert other.joints_m[0, 2] / joints[0, 2] == pytest.approx(1.2, abs=0.001), "another side, another hand"


def test_a_network_follows_the_demo_as_the_fit_does(
    network_pipeline: Pipeline, demo: tuple[list[np.ndarray], dict[str, np.ndarray], Camera]
) -> None:
    frames, truth, camera = demo
    frames = frames[:25]
    fit = Pipeline(PipelineConfig("fit", smoothing=None))
    ours, fits = play(network_pipeline, frames, 15, camera), play(fit, frames, 15, camera)
    fit.close()
    assert list(ours[0].stages_ms) == ["detect", "crop", "network", "root", "smooth"]
    assert sum(r.stages_ms["detect"] > 0 for r in ours) <= sum(r.stages_ms["detect"] > 0 for r in fits)
    for a, b, joints in zip(ours, fits, truth["joints_m"], strict=False):
        (hand,), (other,) = a.hands, b.hands
        assert (hand.handedness, hand.track_id) == ("right", 0)
        assert np.abs(hand.joints_2d_px - other.joints_2d_px).max() < 0.5
        box = np.ptp(hand.joints_2d_px, axis=0).max()
        off = np.linalg.norm(project(hand.joints_m, camera) - hand.joints_2d_px, axis=1).mean()
        assert off < 0.04 * box
        assert pa_mpjpe(hand.joints_m, joints) < 0.015
        assert abs(hand.joints_m[9, 2] / other.joints_m[9, 2] - 1) < 0.1


def test_a_mirrored_video_gives_the_mirrored_hand(
    network_pipeline: Pipeline, demo: tuple[list[np.ndarray], dict[str, np.ndarray], Camera]
) -> None:
    frames, _, camera = demo
    w = camera.width
    across = Camera(camera.fx, camera.fy, w - 1 - camera.cx, camera.cy, w, camera.height)
    mirrored = [np.ascontiguousarray(f[:, ::-1]) for f in frames[:8]]
    rights = play(network_pipeline, frames[:8], 15, camera)
    lefts = play(network_pipeline, mirrored, 15, across)
    for r, m in zip(rights, lefts, strict=True):
        (a,), (b,) = r.hands, m.hands
        assert b.handedness == "left"
        assert np.linalg.norm(b.vertices_m * LEFT - a.vertices_m, axis=1).mean() < 0.01


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("known", [False, True])
def test_a_whole_picture_is_a_crop(
    network_pipeline: Pipeline,
    demo: tuple[list[np.ndarray], dict[str, np.ndarray], Camera],
    mirror: bool,
    known: bool,
) -> None:
    frames, _, camera = demo
    px = play(network_pipeline, frames[:1], 15, camera)[0].hands[0].joints_2d_px
    middle, half = px.mean(0).astype(int), int(0.8 * np.ptp(px, axis=0).max())
    x, y = (middle - half).clip(0)
    picture, px = frames[0][y : y + 2 * half, x : x + 2 * half], px - [x, y]
    handedness: Handedness = "left" if mirror else "right"
    if mirror:
        picture, px = np.ascontiguousarray(picture[:, ::-1]), [picture.shape[1] - 1, 0] + px * [-1, 1]
    hand = network_pipeline.predict_crop(picture, handedness=handedness if known else "auto")
    assert hand.handedness == handedness
    assert np.linalg.norm(hand.joints_2d_px - px, axis=1).mean() < 0.03 * np.ptp(px, axis=0).max()
    projected = project(hand.joints_m, camera_from_fov(*picture.shape[1::-1]))
    assert np.linalg.norm(projected - px, axis=1).mean() < 0.05 * np.ptp(px, axis=0).max()


def test_a_damaged_graph_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a user starts it, with a network whose shipped graph is not the one of the manifest."""
    from app import cli
    from app.commands import process

    graph = tmp_path / "mobrecon_lm.onnx"
    graph.write_bytes(b"half a file")
    listed = {
        f"weights/mobrecon_lm.{kind}": Asset(graph, "0" * 64, "Apache-2.0", "a test")
        for kind in ("onnx", "safetensors")
    }
    monkeypatch.setattr("models.weights.read_manifest", lambda *_: listed)
    monkeypatch.setattr("models.inference.runtime.read_manifest", lambda *_: listed)
    monkeypatch.setattr("models.inference.runtime.cache_dir", lambda: tmp_path)
    monkeypatch.setattr(process, "run", lambda _: NetworkMesh(runtime.load("mobrecon_lm")))
    assert cli.main(["process", "demo", "--out", str(tmp_path / "out.mp4")]) == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "restore the file with git" in said


def test_only_ways_that_see_both_sides_are_shown_the_mirror_image() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    for method in (FittedLandmarks(LandmarkRuntime()), NetworkMesh(FittingNetwork())):
        mirrored = []
        infer = method.infer

        def spy(crop, camera, infer=infer, mirrored=mirrored) -> Detection:
            mirrored.append(crop.mirrored)
            return infer(crop, camera)

        method.infer = spy  # type: ignore[method-assign]
        infer_whole(method, picture, camera_from_fov(64, 64), "left")
        assert (not all(mirrored)) == method.mirror_invariant
