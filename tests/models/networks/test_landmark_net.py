"""The rebuilt landmark network against the original's graph, run by OpenVINO."""

import openvino as ov
import pytest
import torch

from models.networks.complexity import count_mult_adds, count_parameters
from models.networks.encoders.landmark_net import FEATURE_CHANNELS, LandmarkNet
from models.weights import find_weights, load_weights
from tools.build.landmark_net import BUNDLE, HEADS, read_graph, read_weights


@pytest.fixture(scope="module")
def graph() -> ov.Model:
    return read_graph(BUNDLE)


@pytest.fixture(scope="module")
def net() -> LandmarkNet:
    network = LandmarkNet().eval()
    weights = find_weights("landmark_net")
    if weights is None:
        pytest.fail("weights/landmark_net.safetensors is not in assets/manifest.json")
    load_weights(network, weights)
    return network


def images(n: int) -> torch.Tensor:
    """(n, 3, 224, 224) smooth coloured blobs with some noise, 0..1."""
    random = torch.Generator().manual_seed(3)
    coarse = torch.rand(n, 3, 7, 7, generator=random)
    smooth = torch.nn.functional.interpolate(coarse, size=(224, 224), mode="bicubic")
    return (smooth + 0.05 * torch.randn(n, 3, 224, 224, generator=random)).clamp(0, 1)


def test_equals_the_original(graph: ov.Model, net: LandmarkNet) -> None:
    original = ov.compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    for image in images(3).split(1):
        expected = original(image.permute(0, 2, 3, 1).numpy())
        with torch.no_grad():
            output = net(image)
        chances = output.presence_logit.sigmoid(), output.handedness_logit.sigmoid()
        ours = (output.joints_px, *chances, output.joints_world_m)
        for name, mine in zip(HEADS, ours, strict=True):
            theirs = torch.from_numpy(expected[name]).reshape(mine.shape)
            assert (mine - theirs).abs().max() < 1e-3 * theirs.abs().max(), name


def test_shipped_weights_are_what_the_tool_builds(graph: ov.Model, net: LandmarkNet) -> None:
    state = net.state_dict()
    built = read_weights(graph)
    assert built.keys() == state.keys()
    assert all(torch.equal(state[k], torch.from_numpy(v).float()) for k, v in built.items())


def test_feature_maps_and_batches(net: LandmarkNet) -> None:
    batch = images(3)
    with torch.no_grad():
        all_at_once, alone = net(batch), net(batch[1:2])
    sizes = [(c, s, s) for c, s in zip(FEATURE_CHANNELS, (28, 14, 7), strict=True)]
    assert [tuple(f.shape[1:]) for f in all_at_once.features] == sizes
    assert torch.allclose(all_at_once.joints_px[1:2], alone.joints_px, atol=1e-3)
    assert torch.allclose(all_at_once.joints_world_m[1:2], alone.joints_world_m, atol=1e-6)


def test_every_weight_can_be_trained(net: LandmarkNet) -> None:
    output = net(images(1))
    sum(o.square().mean() for o in output[:4]).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())
    net.zero_grad(set_to_none=True)


def test_size(net: LandmarkNet) -> None:
    assert count_mult_adds(net, images(1)) == pytest.approx(331e6, rel=1e-3)
    assert count_parameters(net) == 2_715_680


def test_refuses_another_size(net: LandmarkNet) -> None:
    with pytest.raises(ValueError, match=r"expected .*224"):
        net(torch.zeros(1, 3, 128, 128))
