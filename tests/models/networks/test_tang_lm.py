"""tang_lm: three stages in one pass, from a crop and its focal length to an aligned mesh."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from models.geometry import project
from models.hand.hand_data import load_open_hand
from models.hand.skinning import pose_hand
from models.inference.engines import POSE_OUTPUTS, OnnxEngine, OpenVinoEngine
from models.inference.export import Deployed, example_crop, export_onnx
from models.inference.landmark_runtime import crop_hand
from models.manifest import ASSETS
from models.networks.declaration import MapTeaching
from models.networks.encoders.landmark_net import FEATURES
from models.networks.joint_fit import joints_of
from models.networks.landmark_system import STRIDES, LandmarkMaps
from models.networks.layers.anatomy import Anatomy
from models.networks.mesh.levels import kept, upsampling_matrix, vertices_at
from models.networks.mesh.topology import pyramid_of
from models.networks.mesh_stage import project_uv
from models.networks.systems.tang_lm import TangLm, TangLmConfig
from models.networks.zoo import build, declared
from models.tracking.pipeline import MODELS, Pipeline, PipelineConfig
from models.tracking.reconstruction import NetworkMesh, make_reconstruction
from models.training.maps.batch import MapBatch
from models.training.maps.pose_pairs import PairSource
from models.training.maps.refine import RefineObjective
from models.types import Camera
from models.weights import ENCODER, find_weights
from tests.models.measures import pa_mpjpe
from tests.paths import CLIPS


@pytest.fixture(scope="module")
def network() -> TangLm:
    torch.manual_seed(0)
    return TangLm(TangLmConfig(), load_open_hand()).eval()


def batch(network: TangLm, n: int) -> MapBatch:
    """Hands whose maps are noise."""
    hand = load_open_hand()
    p = PairSource(hand, seed=1, bank=256).draw(n)
    with torch.no_grad():
        V, J = network.mesh_stage.skinning(p.R, p.betas)
    maps = LandmarkMaps(torch.rand(n, 24, 56, 56), torch.rand(n, 40, 28, 28), torch.rand(n, 112, 14, 14))
    said = p.joints_2d, p.joints_m, torch.zeros(n, FEATURES), p.focal
    return MapBatch(maps, *said, V, J, p.root_m, torch.zeros(n, 56, 56), torch.ones(n))


def teaching() -> MapTeaching:
    found = declared("tang_lm").on_maps
    assert found is not None
    return found


def test_levels_agree_with_the_pyramid() -> None:
    hand = load_open_hand()
    pyramid = pyramid_of(hand)
    np.testing.assert_array_equal(hand.template_m[vertices_at(hand, 2)], pyramid.levels[2].vertices_m)
    fine = pyramid.levels[2].vertices_m
    np.testing.assert_array_equal(fine[kept(pyramid, 2, 3)], pyramid.levels[3].vertices_m)
    up = upsampling_matrix(pyramid, 2)
    assert (up.sum(1) - 1).abs().max() < 1e-5
    assert np.abs(up.numpy() @ pyramid.levels[3].vertices_m - fine).max() < 0.01


def test_untaught_the_final_mesh_is_the_rough_one(network: TangLm) -> None:
    d = batch(network, 2)
    with torch.no_grad():
        stages = network.decode(d.maps, d.joints_2d, d.joints_m, d.focal)
    assert stages.final.vertices.shape == (2, 778, 3)
    assert (stages.final.vertices - stages.rough.vertices).norm(dim=-1).max() < 0.02
    assert stages.final.joints[:, 0].abs().max() < 1e-6
    regressed = torch.tensor(load_open_hand().regressor_21) @ stages.final.vertices
    assert (regressed - stages.final.joints).abs().max() < 1e-4


def test_a_hand_found_by_its_joints_is_placed_on_their_rays(network: TangLm) -> None:
    d = batch(network, 4)
    with torch.no_grad():
        final = network.decode(d.maps, d.joints_2d, d.joints_m, d.focal).final
    off = project_uv(final.joints + final.root[:, None], d.focal) - d.joints_2d
    assert off.mean(1).abs().max() < 0.05  # placed in the middle of what was seen


def test_joints_of_the_heads_have_a_palm_of_the_given_length() -> None:
    px, world = torch.rand(3, 21, 3) * 200, torch.rand(3, 21, 3) * 0.1
    uv, J = joints_of(px, world, 0.09)
    assert uv.shape == (3, 21, 2)
    flat = px.clone()
    flat[..., 2] = 0
    _, J = joints_of(flat, torch.zeros(3, 21, 3), 0.09)
    assert (J[:, 9].norm(dim=-1) - 0.09).abs().max() < 1e-6


def test_the_refine_stage_learns_from_maps(network: TangLm) -> None:
    """On one batch its terms fall, and neither encoder nor mesh stage moves."""
    objective = RefineObjective(network, load_open_hand(), teaching())
    d = batch(network, 4)
    network.train()
    optimiser = torch.optim.Adam(objective.learns(), 1e-3)
    before = network.mesh_stage.out.weight.clone()
    lost = []
    for _ in range(12):
        torch.manual_seed(5)
        loss = torch.stack(list(objective(d).values())).sum()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        lost.append(loss.item())
    network.eval()
    assert lost[-1] < 0.95 * lost[0]
    assert torch.equal(before, network.mesh_stage.out.weight)
    assert set(objective.validate(d)) >= {"rough_pa_mpvpe", "final_pa_mpvpe", "pa_mpjpe"}


@pytest.mark.slow
def test_the_exported_graph_answers_as_torch_does(network: TangLm, tmp_path: Path) -> None:
    assert export_onnx(network, tmp_path / "tang_lm.onnx") < 1e-4


def test_the_shipped_graph_takes_the_crops_focal_length() -> None:
    engine, crop = OnnxEngine(ASSETS / "weights/tang_lm.onnx"), example_crop(224)
    near, far = engine(crop, 1.0), engine(crop, 4.0)
    assert np.abs(near["vertices_m"] - far["vertices_m"]).max() > 1e-5  # perspective matters
    np.testing.assert_allclose(
        near["joints_2d"], far["joints_2d"], atol=1e-6
    )  # joints in the picture don't depend on it


def test_the_shipped_graph_answers_the_hand_model_that_its_mesh_lies_about() -> None:
    with av.open(str(CLIPS / "demo.mp4")) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    with closing(Pipeline(PipelineConfig(max_hands=1, smoothing=None))) as pipeline:
        found = pipeline.process(frame, 0.0)
    hand = found.hands[0]
    crop = crop_hand(frame, found.camera, hand.joints_2d_px, hand.handedness)
    answers = OnnxEngine(ASSETS / "weights/tang_lm.onnx")(crop.image_rgb[None], crop.camera.fx / 224)
    vertices, rotations, betas, wrist = (answers[name][0] for name in ("vertices_m", *POSE_OUTPUTS))
    model, _ = pose_hand(load_open_hand(), rotations, betas, wrist)
    off = vertices - model
    assert np.linalg.norm(off, axis=1).mean() < 0.004
    assert np.abs(off.mean(0)).max() < 1e-4
    anatomy = Anatomy(load_open_hand())
    assert float(anatomy.unlike(torch.tensor(rotations[None, 1:])).mean()) < 0.05


def test_smaller_crops_are_looked_at_in_the_same_places(network: TangLm) -> None:
    """Maps that say where in the picture their cells lie, by the padding of strided convolutions."""
    small = TangLm(TangLmConfig(input_size=192), load_open_hand())

    def seen(made: TangLm) -> tuple[torch.Tensor, ...]:
        maps = []
        for stride in STRIDES:
            n = made.input_size // stride
            place = (stride * torch.arange(n) + stride - 0.5) / made.input_size
            maps.append(torch.stack(torch.meshgrid(place, place, indexing="xy"))[None])
        return made.look(LandmarkMaps(*maps), uv, normals)

    uv = torch.rand(1, 2, 195) * 0.6 + 0.2
    normals = torch.nn.functional.normalize(torch.randn(1, 3, 195), dim=1)
    for here, there in zip(seen(network), seen(small), strict=True):
        torch.testing.assert_close(here, there, atol=1e-5, rtol=0)


needs_small = pytest.mark.skipif("tang_lm_192" not in MODELS, reason="its graph doesn't ship here")


@needs_small
def test_the_small_graph_is_of_the_weights_that_ship() -> None:
    """tang_lm's on mobrecon_lm_192's encoder, without a file of its own; `tools.build.weights` makes it."""
    assert find_weights("tang_lm_192") is None
    made, parts = build("tang_lm_192"), {n: build(n).state_dict() for n in ("tang_lm", "mobrecon_lm_192")}
    for key, value in made.state_dict().items():
        assert torch.equal(value, parts["mobrecon_lm_192" if key.startswith(ENCODER) else "tang_lm"][key]), (
            key
        )
    crop, deployed = example_crop(192), Deployed(made).eval()
    with torch.no_grad():
        expected = deployed(torch.from_numpy(crop), torch.tensor([1.7]))
    found = OpenVinoEngine(ASSETS / "weights/tang_lm_192.onnx")(crop, 1.7)
    for output, answer in zip(deployed.outputs, expected, strict=True):
        np.testing.assert_allclose(found[output], answer.numpy(), atol=3e-4, err_msg=output)


@needs_small
def test_the_small_network_sees_on_the_demo_what_the_large_one_does() -> None:
    with av.open(str(CLIPS / "demo.mp4")) as container:
        frame = next(iter(container.decode(video=0))).to_ndarray(format="rgb24")
    with np.load(CLIPS / "demo_truth.npz") as truth:
        camera = Camera(*map(float, truth["intrinsics"]), frame.shape[1], frame.shape[0])
        joints_px = project(truth["joints_m"][0], camera)
    seen = []
    for name in ("tang_lm", "tang_lm_192"):
        method = make_reconstruction(name)
        assert isinstance(method, NetworkMesh)
        crop = crop_hand(frame, camera, joints_px, "right", method.input_size)
        seen.append(method.infer(crop, camera))
    large, small = seen
    box_px = np.ptp(large.joints_2d_px, axis=0).max()
    assert np.linalg.norm(large.joints_2d_px - small.joints_2d_px, axis=1).mean() < 0.03 * box_px
    assert large.vertices_m is not None
    assert small.vertices_m is not None
    assert pa_mpjpe(small.vertices_m, large.vertices_m) < 4.0


def test_joints_in_the_picture_are_moved_as_taught(network: TangLm) -> None:
    crops = torch.from_numpy(example_crop(224)).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        before = network(crops)
        network.joint_step.bias.fill_(0.01)
        after = network(crops)
        network.joint_step.bias.zero_()
    assert (after.joints_2d - before.joints_2d - 0.01).abs().max() < 1e-6
    assert torch.equal(after.vertices_m, before.vertices_m)
