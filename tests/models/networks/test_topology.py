"""The mesh pyramid: sizes, surfaces that stay surfaces, up-sampling that keeps what is linear."""

import numpy as np
import pytest

from models.hand.hand_data import load_open_hand
from models.networks.mesh.decimation import barycentric_upsampling, decimate, rim_edges
from models.networks.mesh.topology import LEVEL_SIZES, MeshPyramid, build_pyramid


@pytest.fixture(scope="module")
def pyramid() -> MeshPyramid:
    hand = load_open_hand()
    return build_pyramid(hand.template_m, hand.faces, hand.regions)


def grid(n: int) -> tuple[np.ndarray, np.ndarray]:
    """A flat square of n x n vertices."""
    y, x = np.mgrid[:n, :n]
    vertices = np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], 1) / (n - 1.0)
    a = (y[:-1, :-1] * n + x[:-1, :-1]).ravel()
    return vertices, np.concatenate([np.stack([a, a + 1, a + n], 1), np.stack([a + 1, a + n + 1, a + n], 1)])


def test_sizes_are_the_papers(pyramid: MeshPyramid) -> None:
    assert pyramid.sizes == LEVEL_SIZES == (778, 389, 195, 98, 49)


def test_every_level_is_a_hand_shaped_surface(pyramid: MeshPyramid) -> None:
    """A disc (one rim), no edge with three faces, faces outward, every region there."""
    for level in pyramid.levels:
        edges = np.sort(level.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
        unique, count = np.unique(edges, axis=0, return_counts=True)
        assert count.max() == 2
        assert len(level.vertices_m) - len(unique) + len(level.faces) == 1
        assert len(np.unique(rim_edges(level.faces)[:, 0])) == (count == 1).sum() >= 3
        assert set(level.regions.tolist()) == set(range(6))
        a, b, c = (level.vertices_m[level.faces[:, i]] for i in range(3))
        volume = np.einsum("fk,fk->f", a, np.cross(b, c)).sum() / 6
        assert volume > 0.5 * 2e-4  # about 0.2 litres enclosed, and positive: outward


def test_coarse_vertices_are_fine_ones_and_come_back_in_place(pyramid: MeshPyramid) -> None:
    for fine, coarse, up in zip(pyramid.levels, pyramid.levels[1:], pyramid.upsamplings, strict=False):
        back = np.einsum("vkx,vk->vx", coarse.vertices_m[up.index], up.weight)
        error = np.linalg.norm(back - fine.vertices_m, axis=1)
        assert (error < 1e-6).sum() >= 0.9 * len(coarse.vertices_m)
        assert error.mean() < 0.0025
        assert (up.weight >= 0).all()
        assert np.allclose(up.weight.sum(1), 1, atol=1e-6)


def test_upsampling_never_mixes_two_fingers(pyramid: MeshPyramid) -> None:
    for fine, coarse, up in zip(pyramid.levels, pyramid.levels[1:], pyramid.upsamplings, strict=False):
        source = coarse.regions[up.index]
        assert not ((source != fine.regions[:, None]) & (source > 0) & (fine.regions[:, None] > 0)).any()


def test_upsampling_reproduces_linear_functions() -> None:
    vertices, faces = grid(12)
    kept, coarse_faces = decimate(vertices, faces, 30)
    assert len(kept) == 30
    index, weight = barycentric_upsampling(vertices, vertices[kept], coarse_faces)
    linear = 3 * vertices[:, 0] - 2 * vertices[:, 1] + 0.7
    assert np.allclose((linear[kept][index] * weight).sum(1), linear, atol=1e-6)


def test_a_flat_square_keeps_its_corners_and_its_area() -> None:
    vertices, faces = grid(12)
    kept, coarse_faces = decimate(vertices, faces, 20)
    assert {0, 11, 132, 143} <= set(kept.tolist())
    a, b, c = (vertices[kept][coarse_faces[:, i]] for i in range(3))
    assert np.isclose(np.cross(b - a, c - a)[:, 2].sum() / 2, 1, atol=1e-9)


def test_upsampling_off_the_surface_gives_the_nearest_point() -> None:
    triangle = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], float)
    points = np.array([[0.2, 0.3, 5], [-1, -1, 0], [0.5, -3, 0], [2, 2, 1]])
    index, weight = barycentric_upsampling(points, triangle, np.array([[0, 1, 2]], np.int32))
    nearest = [[0.2, 0.3, 0], [0, 0, 0], [0.5, 0, 0], [0.5, 0.5, 0]]
    assert np.allclose(np.einsum("vkx,vk->vx", triangle[index], weight), nearest, atol=1e-6)


def test_the_same_mesh_gives_the_same_pyramid(pyramid: MeshPyramid) -> None:
    hand = load_open_hand()
    again = build_pyramid(hand.template_m, hand.faces, hand.regions)
    for first, second in zip(pyramid.levels, again.levels, strict=True):
        assert np.array_equal(first.faces, second.faces)


def test_another_size_is_refused() -> None:
    vertices, faces = grid(5)
    with pytest.raises(ValueError, match=r"expected 778 vertices.*got 25"):
        build_pyramid(vertices, faces, np.zeros(25))


def test_impossible_decimation_is_refused() -> None:
    tetrahedron = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]], np.int32)
    with pytest.raises(ValueError, match="stuck at 4"):
        decimate(np.vstack([np.zeros(3), np.eye(3)]), tetrahedron, 3)
