"""Tang, HAMR and mobrecon_lm: shapes, batches, what may be cut, what holds between their outputs."""

from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.geometry import rotation_from_axis_angle
from models.hand.hand_data import load_open_hand
from models.hand.joint_limits import anatomical_frames
from models.networks.complexity import count_by_part
from models.networks.layers.lifting import grid_pooling
from models.networks.network import NetworkOutput
from models.networks.systems.hamr import Hamr, HamrConfig, synergies
from models.networks.systems.mobrecon_lm import MobReconLm, MobReconLmConfig
from models.networks.systems.tang import Tang, TangConfig, metres_to_uv, uvz_to_metres
from models.networks.zoo import build, count_size, declared, networks
from models.weights import find_weights, load_weights
from tests.models.measures import rotations_to_angles

SMALL = {  # small enough for a test, built as the zoo's are
    "mobrecon_lm": (MobReconLm, MobReconLmConfig(C_e=64, D=(64, 32, 32, 16))),
    "tang": (Tang, TangConfig(depth=18, width=32)),
    "hamr": (Hamr, HamrConfig(channels=32, fc=64)),
    "hamr-full": (Hamr, HamrConfig(channels=32, fc=64, full_pose=True)),
}


@cache
def network(name: str) -> nn.Module:
    torch.manual_seed(0)
    kind, config = SMALL[name]
    made = kind(config, load_open_hand())
    if name == "mobrecon_lm":
        load_weights(made.encoder, find_weights("landmark_net"))
        torch.nn.init.normal_(made.pvl.M_l)  # away from the even start: there all vertices are the same
    for module in made.modules():  # statistics of real activations, so that the pictures are told apart
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.momentum = None
    with torch.no_grad():
        made.train()(crops(4, made.input_size))
    return made.eval()


def crops(n: int, size: int) -> Tensor:
    coarse = torch.rand(n, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    return torch.nn.functional.interpolate(coarse, size=(size, size), mode="bilinear")


def run(name: str, n: int = 2) -> NetworkOutput:
    made = network(name)
    with torch.no_grad():
        return made(crops(n, made.input_size))


@pytest.mark.parametrize("name", SMALL)
def test_shapes_and_root(name: str) -> None:
    output = run(name)
    assert output.joints_2d.shape == (2, 21, 2)
    assert output.vertices_m.shape == (2, 778, 3)
    assert output.joints_m.shape == (2, 21, 3)
    assert output.presence_logit.shape == output.handedness_logit.shape == (2,)
    assert all(torch.isfinite(value).all() for value in output.named().values())
    assert output.joints_m[:, 0].abs().max() < 1e-6
    regressor = torch.from_numpy(load_open_hand().regressor_21.copy())
    assert torch.allclose(regressor @ output.vertices_m, output.joints_m, atol=1e-5)


@pytest.mark.parametrize("name", SMALL)
def test_batch_of_one_equals_the_batch(name: str) -> None:
    made, images = network(name), crops(3, network(name).input_size)
    with torch.no_grad():
        together, alone = made(images).named(), made(images[1:2]).named()
    assert together.keys() == alone.keys()
    for key, value in alone.items():
        assert torch.allclose(together[key][1:2], value, atol=1e-4), key
    assert (together["vertices_m"][0] - together["vertices_m"][1]).abs().max() > 1e-7, "blind to its input"


@pytest.mark.parametrize("name", SMALL)
def test_refuses_another_size(name: str) -> None:
    with pytest.raises(ValueError, match=r"expected .*got"):
        network(name)(torch.zeros(1, 3, 100, 100))


@pytest.mark.parametrize("name", SMALL)
def test_every_weight_is_reached_by_the_gradient(name: str) -> None:
    kind, config = SMALL[name]
    made = kind(config, load_open_hand()).train()
    sum(value.square().mean() for value in made(crops(2, made.input_size)).named().values()).backward()
    dead = [key for key, p in made.named_parameters() if p.grad is None]
    assert not dead


def test_tang_cuts_its_branches_and_answers_the_same() -> None:
    made = network("tang")
    image = crops(1, 256)
    whole = Tang(TangConfig(depth=18, width=32, cut=False), load_open_hand()).eval()
    whole.load_state_dict(made.state_dict())
    with torch.no_grad():
        cut, full = made(image), whole(image)
    assert cut.silhouette_logit is None
    assert cut.joints_uvz is None
    assert full.silhouette_logit is not None
    assert full.joints_uvz is not None
    assert full.silhouette_logit.shape == (1, 1, 128, 128)
    assert full.joints_uvz.shape == (1, 21, 3)
    assert torch.allclose(cut.vertices_m, full.vertices_m)


def test_tang_image_and_metres_agree() -> None:
    random = torch.Generator().manual_seed(0)
    uvz = torch.rand(2, 50, 3, generator=random) * torch.tensor([1, 1, 0.1])
    view = torch.tensor([[0.3, 2.0], [0.2, 0.5]])
    assert torch.allclose(metres_to_uv(uvz_to_metres(uvz, view), view), uvz[..., :2], atol=1e-6)


@pytest.mark.parametrize("z", [-0.25, -0.3, -5.0])
def test_tang_takes_nothing_for_behind_the_camera(z: float) -> None:
    """1 + k z would be 0 or less: early in training, joints came out as no number, or mirrored."""
    uvz, view = torch.tensor([[[0.7, 0.2, z]]]), torch.tensor([[0.3, 4.0]])
    points = uvz_to_metres(uvz, view)
    assert points[0, 0, 0] > 0 > points[0, 0, 1]
    assert torch.allclose(metres_to_uv(points, view), uvz[..., :2], atol=1e-5)


def test_tang_view_is_a_pinhole_camera() -> None:
    """s = depth of the wrist / focal length in crop widths, k = 1 / depth: exact perspective."""
    focal, depth = 1.7, 0.45
    point = torch.tensor([[[0.03, -0.05, 0.08]]])
    uv = focal * point[..., :2] / (depth + point[..., 2:]) + 0.5
    view = torch.tensor([[depth / focal, 1 / depth]])
    assert torch.allclose(metres_to_uv(point, view), uv)


@pytest.mark.parametrize(("name", "outputs"), [("hamr", 22), ("hamr-full", 61)])
def test_hamr_outputs(name: str, outputs: int) -> None:
    made, output = network(name), run(name)
    assert made.regressor.last.out_features == outputs
    assert output.heatmaps is not None
    assert output.heatmaps.shape == (2, 21, 64, 64)
    assert output.pose is not None
    assert output.pose.shape == (2, 16, 3)
    assert output.camera is not None
    projected = output.camera[:, None, :1] * (output.joints_m[..., :2] + output.camera[:, None, 1:])
    assert torch.allclose(output.joints_2d, projected, atol=1e-6)


def test_synergies_flex_and_spread() -> None:
    hand = load_open_hand()
    basis = synergies(hand).numpy().reshape(6, 15, 3)
    frames = anatomical_frames(hand)
    for finger in range(5):
        angles = rotations_to_angles(rotation_from_axis_angle(0.5 * basis[finger]), frames)
        own = slice(3 * finger, 3 * finger + 3)
        assert (angles[own, 0] > 0.2).all()
        assert np.abs(np.delete(angles, own, 0)).max() < 1e-9
        assert np.abs(angles[:, 1:]).max() < 1e-6
    spread = rotations_to_angles(rotation_from_axis_angle(basis[5]), frames)[3::3, 1]
    assert (np.diff(spread) < 0).all()  # index towards the thumb, little away from it


def test_untrained_mobrecon_lm_has_mediapipes_landmarks() -> None:
    made, reference = build("mobrecon_lm"), build("mobrecon_lm").encoder
    image = crops(1, 224)
    with torch.no_grad():
        output, landmarks = made(image), reference(image)
    assert torch.equal(output.presence_logit, landmarks.presence_logit)
    assert (output.joints_2d * 224 - landmarks.joints_px[..., :2]).abs().max() < 0.5


def test_mobrecon_lm_of_a_smaller_crop_reads_its_maps_in_the_same_places() -> None:
    """Maps that say where in the picture their cells lie, by the padding of strided convolutions."""

    def seen(size: int, made: MobReconLm) -> torch.Tensor:
        def places(stride: int) -> torch.Tensor:
            n = size // stride
            x = (stride * torch.arange(n) + stride - 0.5) / size
            return x.expand(1, 1, n, n)

        return torch.stack([grid_pooling(places(s), at + made.encoder.aside(s))[0, :, 0] for s in (16, 32)])

    at = torch.linspace(0.3, 0.8, 21)[None, :, None].expand(1, 21, 2)
    makes = {size: MobReconLm(MobReconLmConfig(input_size=size), load_open_hand()) for size in (224, 192)}
    assert torch.allclose(seen(224, makes[224]), seen(192, makes[192]), atol=1e-5)
    small = makes[192].eval()
    small.encoder.load_state_dict(makes[224].encoder.state_dict())
    with torch.no_grad():
        answers = small.joints_only(crops(1, 192)), small(crops(1, 192))
    assert torch.equal(answers[0].joints_2d, answers[1].joints_2d)
    with pytest.raises(ValueError, match=r"expected \(B, 3, 192, 192\)"):
        small.joints_only(crops(1, 224))
    with pytest.raises(ValueError, match="a multiple of 32"):
        MobReconLm(MobReconLmConfig(input_size=200), load_open_hand())


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(ValueError, match=r"expected one of .*mobrecon_lm"):
        build("mobrecon_ml")
    assert "mobrecon_lm" in networks()


QUICK = ("mobrecon-ghost", "mobrecon_lm", "hamr")  # to build


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in networks()]
)
def test_listed_sizes_are_the_built_networks(name: str) -> None:
    listed, counted = declared(name).size, count_size(name)
    assert counted.input_size == listed.input_size
    assert counted.mult_adds_m == pytest.approx(listed.mult_adds_m, abs=0.051)
    assert counted.parameters_m == pytest.approx(listed.parameters_m, abs=0.0051)


@pytest.mark.parametrize(("name", "small"), [("tang-50", "tang"), ("hamr", "hamr")])
def test_declared_encoders_are_most_of_the_work(name: str, small: str) -> None:
    made = network(small)
    parts = count_by_part(made, crops(1, made.input_size))
    assert sum(parts[encoder] for encoder in declared(name).encoders) > 0.5 * parts[""]
