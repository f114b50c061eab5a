"""tang_lm: three stages in one pass, from a crop and its focal length to an aligned mesh."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from models.hand.hand_data import load_open_hand
from models.hand.skinning import pose_hand
from models.inference.engines import POSE_OUTPUTS, OnnxEngine
from models.inference.export import example_crop, export_onnx
from models.manifest import ASSETS
from models.networks.declaration import MapTeaching
from models.networks.joint_fit import joints_of
from models.networks.landmark_system import LandmarkMaps
from models.networks.layers.anatomy import Anatomy
from models.networks.mesh.levels import kept, upsampling_matrix, vertices_at
from models.networks.mesh.topology import pyramid_of
from models.networks.mesh_stage import project_uv
from models.networks.systems.tang_lm import TangLm, TangLmConfig
from models.networks.zoo import declared
from models.training.maps.batch import MapBatch
from models.training.maps.pose_pairs import PairSource
from models.training.maps.refine import RefineObjective


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
    said = p.joints_2d, p.joints_m, torch.zeros(n, 1152), p.focal
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
    answers = OnnxEngine(ASSETS / "weights/tang_lm.onnx")(example_crop(224))
    vertices, rotations, betas, wrist = (answers[name][0] for name in ("vertices_m", *POSE_OUTPUTS))
    model, _ = pose_hand(load_open_hand(), rotations, betas, wrist)
    off = vertices - model
    assert np.linalg.norm(off, axis=1).mean() < 0.006  # even of a crop that shows no hand
    assert np.abs(off.mean(0)).max() < 1e-4
    anatomy = Anatomy(load_open_hand())
    assert float(anatomy.unlike(torch.tensor(rotations[None, 1:])).mean()) < 0.15


def test_joints_in_the_picture_are_moved_as_taught(network: TangLm) -> None:
    crops = torch.from_numpy(example_crop(224)).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        before = network(crops)
        network.joint_step.bias.fill_(0.01)
        after = network(crops)
        network.joint_step.bias.zero_()
    assert (after.joints_2d - before.joints_2d - 0.01).abs().max() < 1e-6
    assert torch.equal(after.vertices_m, before.vertices_m)
