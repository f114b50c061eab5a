"""Cut stones: their facets, and what they show."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from app.render.gl.materials import MOST_FACETS, facets
from app.render.layer_scene import LayerScene
from app.render.scene import Gem, Geometry, Metal, Prop
from app.render.viewport import Viewport
from models.geometry import camera_from_fov
from tests.app.render.render_help import open_compositor

CAMERA = camera_from_fov(640, 480)
DIAMOND, RUBY = Gem((0.97, 0.97, 0.97), 2.42, 0.044), Gem((0.75, 0.04, 0.08), 1.77, 0.018)


def cut(points, copies=None) -> Geometry:
    """The convex stone of some corners, flat facets."""
    hull = ConvexHull(np.asarray(points, float))
    corners, normals = hull.points[hull.simplices], hull.equations[:, :3]
    inward = (np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]) * normals).sum(1) < 0
    corners[inward] = corners[inward][:, ::-1]
    faces = np.arange(3 * len(corners)).reshape(-1, 3).astype(np.int32)
    return Geometry(
        corners.reshape(-1, 3).astype(np.float32), np.repeat(normals, 3, 0).astype(np.float32), faces, copies
    )


def brilliant(copies=None) -> Geometry:
    """A simple round cut, 6 mm across, its table towards the camera (-z)."""
    turn = np.arange(8) * np.pi / 4
    rings = [(1.7, -1.0, 0.0), (3.0, 0.0, np.pi / 8), (0.02, 2.6, 0.0)]
    return cut(
        [[1e-3 * r * np.cos(a + o), 1e-3 * r * np.sin(a + o), 1e-3 * z] for r, z, o in rings for a in turn],
        copies,
    )


def at(z: float) -> np.ndarray:
    pose = np.eye(4)
    pose[2, 3] = z
    return pose


def draw(prop: Prop) -> np.ndarray:
    compositor = open_compositor()
    try:
        viewport = Viewport(250, 170, 140, 140, 3)
        return compositor.render(LayerScene([], [prop], CAMERA), viewport)[1].astype(float)
    finally:
        compositor.close()


def test_facets_are_the_planes_of_the_stone():
    cube = cut(1e-3 * (np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1).T))
    planes = facets(cube)
    assert len(planes) == 6
    np.testing.assert_allclose(np.abs(planes[:, :3]).sum(1), 1, atol=1e-6)
    np.testing.assert_allclose(planes[:, 3], 1e-3, atol=1e-8)
    ball = np.random.default_rng(0).normal(size=(300, 3))
    assert len(facets(cut(ball / np.linalg.norm(ball, axis=1, keepdims=True)))) == MOST_FACETS


def test_a_stone_sparkles_and_has_its_colour():
    diamond, ruby = (draw(Prop(brilliant(), at(0.06), gem)) for gem in (DIAMOND, RUBY))
    inside = diamond[..., 3] > 250
    assert inside.sum() > 500
    grey = diamond[inside][:, :3]
    assert grey.mean(1).std() > 20  # bright and dark facets side by side
    assert np.abs(grey.mean(0) - grey.mean()).max() < 0.15 * grey.mean()
    red = ruby[inside][:, :3].mean(0)
    assert red[0] > 1.8 * red[1:].max()


def test_dispersion_colours_the_light():
    spread = [draw(Prop(brilliant(), at(0.06), Gem((1, 1, 1), 2.42, d)))[..., :3] for d in (0.0, 0.2)]
    tint = [np.abs(np.diff(s, axis=-1)).mean() for s in spread]
    assert tint[1] > 1.2 * tint[0]


@pytest.mark.parametrize("material", [RUBY, Metal((0.9, 0.7, 0.4), 0.2)])
def test_copies_are_drawn_where_they_are(material):
    copies = np.stack([np.eye(4)] * 3).astype(np.float32)
    copies[:, 0, 3] = [-0.008, 0, 0.008]
    copies[:, :3, :3] *= 0.8
    three = draw(Prop(brilliant(copies), at(0.12), material))[..., 3] > 128
    one = draw(Prop(brilliant(copies[:1]), at(0.12), material))[..., 3] > 128
    assert three.sum() == pytest.approx(3 * one.sum(), rel=0.05)
    assert (three & one).sum() == one.sum()
    with pytest.raises(ValueError, match="copies must be"):
        brilliant(copies[0])
