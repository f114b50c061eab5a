"""The rebuilt landmark network against the original's graph, run by OpenVINO."""

import openvino as ov
import pytest
import torch
from safetensors import safe_open

from app.bench.networks import FIT_MULT_ADDS_M
from models.inference.landmark_scores import CHANNELS
from models.networks.complexity import count_mult_adds, count_parameters
from models.networks.encoders.landmark_net import (
    FEATURE_CHANNELS,
    FEATURES,
    HIDDEN,
    PUBLISHED_FEATURES,
    PUBLISHED_HIDDEN,
    LandmarkNet,
)
from models.training.student.idle import without_idle
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


def test_shipped_weights_are_the_published_ones_less_idle_channels(graph: ov.Model, net: LandmarkNet) -> None:
    asset = find_weights("landmark_net")
    assert asset is not None
    with safe_open(asset.path, "pt") as file:
        kept = [int(k) for k in file.metadata()[CHANNELS].split(",")]
    state, built = net.state_dict(), read_weights(graph)
    assert built.keys() == state.keys()
    for name in ("stem.conv.weight", "blocks.3.expand.conv.weight", "blocks.9.project.conv.bias"):
        assert torch.equal(state[name], torch.from_numpy(built[name]).float()), name
    assert torch.equal(
        state["expand.conv.weight"], torch.from_numpy(built["expand.conv.weight"][kept]).float()
    )
    heads = torch.from_numpy(built["head_joints.weight"][:, kept]).float()
    assert torch.equal(state["head_joints.weight"], heads)
    mine, theirs = (w["blocks.14.expand.conv.weight"] for w in (state, built))
    published = {row.tobytes() for row in theirs.astype("float32")}
    assert all(row.numpy().tobytes() in published for row in mine)


def test_idle_channels_are_left_out_at_no_cost_and_others_are_refused() -> None:
    hidden = (*HIDDEN[:1], *(2 * c for c in HIDDEN[1:4]), *HIDDEN[4:])
    torch.manual_seed(0)
    whole = LandmarkNet(64, hidden, 2 * FEATURES).eval()
    idle = slice(1, None, 2)  # always at its highest, or always zero
    with torch.no_grad():
        for block in whole.blocks[1:4]:
            block.depthwise.conv.bias[idle], block.depthwise.conv.weight[idle] = 7.0, 0.0
        whole.depthwise.conv.bias[idle] = -99.0
        whole.depthwise.conv.bias[::2] = 1.0
    crops = [torch.rand(4, 3, 64, 64), torch.zeros(2, 3, 64, 64)]
    thin, kept = without_idle(whole, crops, HIDDEN, FEATURES)
    assert kept.tolist() == list(range(0, 2 * FEATURES, 2))
    assert count_parameters(thin) == count_parameters(LandmarkNet(64))
    unseen = torch.rand(3, 3, 64, 64)
    with torch.no_grad():
        for mine, theirs in zip(thin(unseen)[:4], whole(unseen)[:4], strict=True):
            assert torch.allclose(mine, theirs, atol=1e-4 * float(theirs.abs().max()))
    with pytest.raises(ValueError, match=r"block 2: .* channels answer; 16 are too few"):
        without_idle(whole, crops, (*HIDDEN[:2], 16, *HIDDEN[3:]), FEATURES)
    with pytest.raises(ValueError, match="last map"):
        without_idle(whole, crops, HIDDEN, FEATURES // 2)


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
    assert count_mult_adds(net, images(1)) == pytest.approx(284.8e6, rel=2e-4), "the heads, too"
    published = LandmarkNet(hidden=PUBLISHED_HIDDEN, features=PUBLISHED_FEATURES)
    assert count_mult_adds(published, images(1)) == pytest.approx(1e6 * FIT_MULT_ADDS_M, rel=1e-3)
    assert count_parameters(net) == 1_722_400


def test_refuses_another_size(net: LandmarkNet) -> None:
    with pytest.raises(ValueError, match=r"expected .*224"):
        net(torch.zeros(1, 3, 128, 128))
