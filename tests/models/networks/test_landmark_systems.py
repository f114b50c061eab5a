"""Systems on the landmark encoder: their decoders, untaught and taught by heart, and what ships of them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from safetensors import safe_open

from models.hand.hand_data import load_open_hand
from models.inference.engines import OpenVinoEngine
from models.inference.export import Deployed, example_crop
from models.manifest import ASSETS
from models.networks.declaration import MapTeaching
from models.networks.encoders.landmark_net import FEATURES
from models.networks.landmark_system import POOLED, LandmarkMaps, LandmarkSystem, pose_pooling
from models.networks.mesh_stage import project_uv
from models.networks.systems.hamr_lm import camera_of, root_of
from models.networks.zoo import build, declared, networks
from models.tracking.pipeline import MODELS
from models.tracking.reconstruction import NetworkMesh, make_reconstruction
from models.training.maps.batch import MapBatch
from models.training.maps.pose_pairs import PairSource
from models.training.maps.refine import RefineObjective
from models.weights import ENCODER, find_weights, shipped_networks

NAMES = ("m3dhmr_lm", "hamr_lm", "mobrecon_mesh_lm")
SHIPPED = [name for name in NAMES if name in shipped_networks()]
GRAPHS = [name for name in (*NAMES, "tang_lm") if name in shipped_networks()]


@cache
def untaught(name: str) -> LandmarkSystem:
    torch.manual_seed(0)
    made = build(name, trained=False)
    assert isinstance(made, LandmarkSystem)
    return made


def teaching(name: str) -> MapTeaching:
    found = declared(name).on_maps
    assert found is not None
    return found


def batch(network: LandmarkSystem, n: int) -> MapBatch:
    """Hands whose maps are noise."""
    p = PairSource(load_open_hand(), seed=1, bank=256).draw(n)
    with torch.no_grad():
        V, J = network.mesh_stage.skinning(p.R, p.betas)
    maps = LandmarkMaps(torch.rand(n, 24, 56, 56), torch.rand(n, 40, 28, 28), torch.rand(n, 112, 14, 14))
    said = p.joints_2d, p.joints_m, torch.zeros(n, FEATURES), p.focal
    return MapBatch(maps, *said, V, J, p.root_m, torch.zeros(n, 56, 56), torch.ones(n))


@pytest.mark.parametrize("name", NAMES)
def test_untaught_a_decoder_answers_the_rough_hand(name: str) -> None:
    network = untaught(name)
    d = batch(network, 2)
    with torch.no_grad():
        whole = network.decode(d.maps, d.joints_2d, d.joints_m, d.focal)
        some = network.decode(d.maps, d.joints_2d, d.joints_m, d.focal, vertices=torch.tensor([0, 333, 777]))
    assert whole.final.vertices.shape == (2, 778, 3)
    assert (whole.final.vertices - whole.rough.vertices).norm(dim=-1).max() < 0.02
    assert whole.final.joints[:, 0].abs().max() < 1e-6
    regressor = torch.from_numpy(load_open_hand().regressor_21.copy())
    assert (regressor @ whole.final.vertices - whole.final.joints).abs().max() < 1e-4
    assert (some.final.vertices - whole.final.vertices[:, [0, 333, 777]]).abs().max() < 1e-5


@pytest.mark.parametrize("name", NAMES)
def test_a_decoder_learns_a_few_hands_by_heart(name: str) -> None:
    """Its terms fall, the mesh comes nearer than the rough one, and what it doesn't teach stays."""
    torch.manual_seed(0)
    network = build(name, trained=False)
    assert isinstance(network, LandmarkSystem)
    d = batch(network, 3)
    objective = RefineObjective(network, load_open_hand(), replace(teaching(name), weights={"noise": 0.0}))
    network.train()
    kept = network.mesh_stage.out.weight.clone()
    optimiser = torch.optim.Adam(objective.learns(), 2e-3)
    for _ in range(50):
        loss = torch.stack(list(objective(d).values())).sum()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert torch.equal(kept, network.mesh_stage.out.weight)
    figures = objective.validate(d)
    assert figures["final_pa_mpvpe"] < 0.8 * figures["rough_pa_mpvpe"]
    assert figures["final_px"] < 0.8 * figures["rough_px"]


def test_features_are_pooled_at_the_joints_and_across_the_bones() -> None:
    """On maps whose value is their own x and y, what is pooled says where it was looked."""
    side = torch.arange(56) / 56 + 0.5 / 56
    place = torch.stack(torch.meshgrid(side, side, indexing="xy"))[None]
    f56 = place.repeat(1, 12, 1, 1)
    maps = LandmarkMaps(f56, torch.zeros(1, 40, 28, 28), torch.zeros(1, 112, 14, 14))
    uv = torch.rand(1, 21, 2) * 0.6 + 0.2
    uv[:, 5:9] = torch.tensor([[0.3, 0.7], [0.3, 0.6], [0.3, 0.5], [0.3, 0.4]])  # a finger that points up
    pooled = pose_pooling(maps, uv, beside_px=2.0)
    assert pooled.shape == (1, 21, POOLED)
    assert (pooled[..., :2] - uv).abs().max() < 1e-5
    one, other = pooled[0, 6, 176:178] - uv[0, 6], pooled[0, 6, 240:242] - uv[0, 6]
    assert sorted([round(float(one[0]) * 56, 3), round(float(other[0]) * 56, 3)]) == [-2.0, 2.0]
    assert max(abs(float(one[1])), abs(float(other[1]))) < 1e-5


def test_hamr_lms_camera_is_the_roots_place() -> None:
    root, focal = torch.tensor([[0.03, -0.02, 0.5], [-0.1, 0.05, 0.3]]), torch.tensor([2.3, 1.1])
    camera = camera_of(root, focal)
    assert (root_of(camera, focal) - root).abs().max() < 1e-6
    assert (camera[:, 1:] + 0.5 - project_uv(root[:, None], focal)[:, 0]).abs().max() < 1e-6


def test_a_weight_that_there_is_not_is_refused() -> None:
    wrong = MapTeaching(learns=("a",), level=2, weights={"geometri": 1.0})
    with pytest.raises(ValueError, match=r"expected names among .*geometry"):
        RefineObjective(untaught("hamr_lm"), load_open_hand(), wrong)


def test_what_a_declaration_teaches_there_is() -> None:
    taught = {name: network.on_maps for name, network in networks().items() if network.on_maps is not None}
    assert set(NAMES) < set(taught)
    for name in NAMES:
        parts = {key.split(".")[0] for key, _ in untaught(name).named_parameters()}
        frozen = parts - set(teaching(name).learns)
        assert frozen == {"encoder", "mesh_stage"} | ({"joint_fit"} if untaught(name).fit_rounds else set())


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_is_selected_by_name_and_keeps_no_encoder_of_its_own(name: str) -> None:
    assert name in MODELS
    assert isinstance(make_reconstruction(name), NetworkMesh)
    weights = find_weights(name)
    assert weights is not None
    with safe_open(weights.path, "pt") as file:
        assert not [key for key in file.keys() if key.startswith(ENCODER)]  # noqa: SIM118
    made, default = build(name), build("mobrecon_lm")
    for key, value in default.get_submodule("encoder").state_dict().items():
        assert torch.equal(made.get_submodule("encoder").state_dict()[key], value), key


@pytest.mark.parametrize("name", GRAPHS)
def test_the_shipped_graph_answers_as_torch_does(name: str) -> None:
    crop = example_crop(224)
    deployed = Deployed(build(name)).eval()
    with torch.no_grad():
        expected = deployed(torch.from_numpy(crop), torch.tensor([1.7]))
    found = OpenVinoEngine(ASSETS / f"weights/{name}.onnx")(crop, 1.7)
    for output, answer in zip(deployed.outputs, expected, strict=True):
        np.testing.assert_allclose(found[output], answer.numpy(), atol=1e-4, err_msg=output)
