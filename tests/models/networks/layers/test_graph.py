"""Graph convolution against a slow reference."""

import numpy as np
import pytest
import torch

from models.networks.layers.graph import GINBlock, GINConv, GINResBlock, neighbour_table

FACES = np.array([[0, 1, 2], [0, 2, 3], [0, 3, 1]])  # a cone: vertex 0 sees all, 4 is alone


def test_neighbours_of_a_small_mesh() -> None:
    table = neighbour_table(FACES, 5)
    assert [set(row.tolist()) - {5} for row in table] == [{0, 1, 2, 3}] * 4 + [{4}]
    assert table[:, 0].tolist() == [0, 1, 2, 3, 4]


def test_gin_is_an_mlp_of_the_neighbourhood_sum() -> None:
    torch.manual_seed(0)
    conv = GINConv(neighbour_table(FACES, 5), 6, 4, 3)
    torch.nn.init.normal_(conv.bias)
    x = torch.randn(2, 5, 6)
    adjacency = torch.eye(5)
    for a, b, c in FACES:
        for i, j in ((a, b), (b, c), (c, a)):
            adjacency[i, j] = adjacency[j, i] = 1
    hidden = torch.relu((adjacency @ x) @ conv.first.weight.T + conv.bias)
    assert torch.allclose(conv(x), hidden @ conv.second.weight.T + conv.second.bias, atol=1e-6)


def test_blocks_keep_the_mesh_and_learn() -> None:
    table = neighbour_table(FACES, 5)
    network = torch.nn.Sequential(GINBlock(table, 6, 8, 4), GINResBlock(table, 4))
    out = network(torch.randn(3, 5, 6))
    assert out.shape == (3, 5, 4)
    out.square().mean().backward()
    assert all(p.grad is not None for p in network.parameters())
    assert not network.state_dict().keys() & {"0.conv.neighbours"}  # it belongs to the hand, not the weights


@pytest.mark.parametrize("faces", [np.zeros((3, 4)), [[0, 1, 9]], [[-1, 0, 1]]])
def test_bad_faces_are_named(faces: object) -> None:
    with pytest.raises(ValueError, match="faces: expected"):
        neighbour_table(faces, 5)
