"""Each spiral convolution against a slow reference written from its equation."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.networks.layers.spiral import DSConv, DynamicSpiralConv, SpiralConv, SpiralConvPP

V, S, C_IN, C_OUT = 7, 4, 6, 5
LAYERS = {
    "SpiralConv": SpiralConv,
    "SpiralConv++": SpiralConvPP,
    "DSConv": DSConv,
    "dynamic": partial(DynamicSpiralConv, K=3),
}


def table() -> np.ndarray:
    """(V, S) random neighbours, each row beginning with its own vertex."""
    rows = np.random.default_rng(0).integers(0, V, (V, S))
    rows[:, 0] = np.arange(V)
    return rows


def make(name: str) -> nn.Module:
    torch.manual_seed(1)
    layer = LAYERS[name](C_IN, C_OUT, table())
    if isinstance(layer, DynamicSpiralConv):  # whose attention starts even
        nn.init.normal_(layer.f2.weight)
    return layer


def features(batch: int = 2) -> Tensor:
    return torch.randn(batch, V, C_IN, generator=torch.Generator().manual_seed(2))


@torch.no_grad()
def test_spiral_conv_pp_is_equation_6() -> None:
    layer, f, rows = make("SpiralConv++"), features(), table()
    out = layer(f)
    for v in range(V):
        gathered = torch.cat([f[1, w] for w in rows[v]])
        assert torch.allclose(out[1, v], layer.W.weight @ gathered + layer.W.bias, atol=1e-5)


@torch.no_grad()
def test_ds_conv_is_equations_7_and_8() -> None:
    layer, f, rows = make("DSConv"), features(), table()
    out = layer(f)
    for v in range(V):
        f_d = torch.stack([layer.W_d[:, i] @ f[1, rows[v], i] for i in range(C_IN)])
        assert torch.allclose(out[1, v], layer.W_p.weight @ f_d + layer.W_p.bias, atol=1e-5)


@torch.no_grad()
def test_spiral_conv_walks_the_spiral_in_order() -> None:
    layer, f, rows = make("SpiralConv"), features(), table()
    states, _ = layer.lstm(f[1, rows[3]][None])
    assert torch.allclose(layer(f)[1, 3], states[0, -1], atol=1e-6)


@torch.no_grad()
def test_dynamic_is_equations_4_to_6() -> None:
    """With the mixed matrices built for one vertex, as the paper writes it."""
    layer, f, rows = make("dynamic"), features(), table()
    out = layer(f)
    for v in range(V):
        pi = torch.softmax(layer.f2(torch.relu(layer.f1(f[1, v]))), 0)
        mixed = [
            (
                torch.einsum("k,kij->ij", pi, W.weight.unflatten(0, (3, C_OUT))),
                pi @ W.bias.unflatten(0, (3, C_OUT)),
            )
            for W in (layer.W_1, layer.W_2)
        ]
        (W_1, b_1), (W_2, b_2) = mixed
        gathered = torch.cat([f[1, w] for w in rows[v]])
        assert torch.allclose(out[1, v], W_2 @ (W_1 @ gathered + b_1) + b_2, atol=1e-5)


@torch.no_grad()
def test_attention_is_a_share_for_each_kernel_and_differs_over_vertices() -> None:
    pi = make("dynamic").attention(features())
    assert pi.shape == (2, V, 3)
    assert (pi > 0).all()
    assert torch.allclose(pi.sum(-1), torch.ones(2, V))
    assert pi.std(1).min() > 1e-3


@torch.no_grad()
@pytest.mark.parametrize("K", [2, 16])
def test_dynamic_keeps_the_size_of_features_at_the_start(K: int) -> None:
    torch.manual_seed(0)
    rows = torch.randint(0, 200, (200, 9))
    layer = DynamicSpiralConv(64, 64, rows, K)
    size = torch.relu(layer(torch.relu(torch.randn(1, 200, 64)))).square().mean()
    assert 0.3 < size / 0.5 < 3


@torch.no_grad()
def test_dynamic_with_equal_kernels_is_spiral_conv_pp() -> None:
    """Whatever the attention: K copies of one kernel, W_2 the identity."""
    plain, dynamic, f = make("SpiralConv++"), make("dynamic"), features()
    dynamic.W_1.weight.copy_(plain.W.weight.repeat(3, 1))
    dynamic.W_1.bias.copy_(plain.W.bias.repeat(3))
    dynamic.W_2.weight.copy_(torch.eye(C_OUT).repeat(3, 1))
    dynamic.W_2.bias.zero_()
    assert torch.allclose(dynamic(f), plain(f), atol=1e-5)


@pytest.mark.parametrize("name", LAYERS)
def test_shapes_batches_and_gradients(name: str) -> None:
    layer, f = make(name), features(3).requires_grad_()
    out = layer(f)
    assert out.shape == (3, V, C_OUT)
    assert torch.allclose(layer(f[1:2]), out[1:2], atol=1e-6)
    out.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in layer.parameters())
    assert f.grad is not None
    assert (f.grad.abs().sum((0, 2)) > 0).all()


@pytest.mark.parametrize("name", LAYERS)
def test_the_table_travels_with_the_weights(name: str) -> None:
    assert torch.equal(make(name).state_dict()["spiral"], torch.from_numpy(table()))


def test_no_kernels_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one kernel"):
        DynamicSpiralConv(4, 4, table(), K=0)
