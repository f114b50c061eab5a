"""Root recovery against synthetic truth: the open hand's own joints, and ellipsoids' silhouettes."""

import numpy as np
import pytest

from models.geometry import camera_from_fov, project, rotation_from_axis_angle
from models.tracking.registration import FAR_M, NEAR_M, recover_root, root_from_joints, root_from_silhouette
from tests.waiting import least_cpu_s

CAMERA = camera_from_fov(640, 480)


def hands(
    n: int, seed: int, depth_m: tuple[float, float] = (0.3, 0.9)
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Root-relative joints (21, 3) of crude open hands, turned at will, with their roots in view."""
    rng = np.random.default_rng(seed)
    spread = np.radians([-40, -12, 0, 12, 25])
    base = [[0.0, 0.0, 0.0]]
    for finger, angle in enumerate(spread):
        reach = [0.03, 0.06, 0.09, 0.115] if finger == 0 else [0.09, 0.13, 0.155, 0.175]
        base += [[r * np.sin(angle), -r * np.cos(angle), 0.15 * r] for r in reach]
    out = []
    for _ in range(n):
        X = np.array(base) * rng.uniform(0.85, 1.1) * [rng.choice([-1, 1]), 1, 1]
        X[1:] += rng.normal(0, 0.008, (20, 3))
        X = X @ rotation_from_axis_angle(rng.normal(0, 0.7, 3)).T
        z = rng.uniform(*depth_m)
        out.append((X, np.array([rng.uniform(-0.35, 0.35) * z, rng.uniform(-0.25, 0.25) * z, z])))
    return out


def test_exact_joints_give_the_exact_root() -> None:
    for X, root in hands(50, 0):
        found = root_from_joints(X, project(X + root, CAMERA), CAMERA)
        assert np.linalg.norm(found - root) < 1e-4


@pytest.mark.parametrize(("noise_px", "limit"), [(1.0, 0.015), (2.0, 0.03)])
def test_noise_costs_little_depth(noise_px: float, limit: float) -> None:
    rng = np.random.default_rng(1)
    off, lateral = [], []
    for X, root in hands(200, 2):
        px = project(X + root, CAMERA) + rng.normal(0, noise_px, (21, 2))
        found = root_from_joints(X, px, CAMERA)
        off.append(found[2] / root[2] - 1)
        lateral.append(np.linalg.norm(found[:2] / found[2] - root[:2] / root[2]) * CAMERA.fx)
    assert np.median(np.abs(off)) < limit
    assert abs(np.median(off)) < limit / 5, "depth must not be biased"
    assert np.median(lateral) < 2 * noise_px


def test_outliers_are_dropped() -> None:
    rng = np.random.default_rng(3)
    off = []
    for X, root in hands(100, 4):
        px = project(X + root, CAMERA) + rng.normal(0, 0.5, (21, 2))
        wrong = rng.choice(21, 6, replace=False)
        px[wrong] += rng.choice([-1, 1], (6, 2)) * rng.uniform(30, 120, (6, 2))
        off.append(np.linalg.norm(root_from_joints(X, px, CAMERA) - root))
    assert np.median(off) < 0.008


def test_weights_choose_the_joints() -> None:
    X, root = hands(1, 5)[0]
    px = project(X + root, CAMERA)
    px[8:] += 40
    weights = np.r_[np.ones(8), np.zeros(13)]
    np.testing.assert_allclose(root_from_joints(X, px, CAMERA, weights), root, atol=1e-4)


@pytest.mark.parametrize("factor", [0.02, 10.0])
def test_depth_stays_within_reach(factor: float) -> None:
    X, root = hands(1, 6)[0]
    px = project(X + root, CAMERA)
    px = (px - px.mean(0)) / factor + px.mean(0)
    found = root_from_joints(X, px, CAMERA)
    assert np.isfinite(found).all()
    assert NEAR_M <= found[2] <= FAR_M


def test_one_point_and_nonsense() -> None:
    X = hands(1, 7)[0][0]
    assert np.isfinite(root_from_joints(X, np.full((21, 2), 100.0), CAMERA)).all()
    with pytest.raises(ValueError, match="as many 3D as 2D"):
        root_from_joints(X[:20], np.zeros((21, 2)), CAMERA)
    with pytest.raises(ValueError, match="finite"):
        root_from_joints(X * np.nan, np.zeros((21, 2)), CAMERA)
    with pytest.raises(ValueError, match="not all zero"):
        root_from_joints(X, np.zeros((21, 2)), CAMERA, np.zeros(21))


def egg(root: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A lopsided ellipsoid's surface (2000, 3) about `root`, and its exact silhouette (480, 640)."""
    v = np.random.default_rng(8).normal(size=(2000, 3))
    Q = rotation_from_axis_angle([0.3, 0.5, 0.9]) @ np.diag([0.09, 0.05, 0.03])
    surface = v / np.linalg.norm(v, axis=1, keepdims=True) @ Q.T
    # A ray d meets the ellipsoid where |Q^-1 (s d - c)| <= 1 has a solution in s.
    y, x = np.mgrid[:480, :640]
    d = np.stack([(x - CAMERA.cx) / CAMERA.fx, (y - CAMERA.cy) / CAMERA.fy, np.ones(x.shape)], -1)
    D, c = d @ np.linalg.inv(Q).T, np.linalg.inv(Q) @ root
    return surface, (D @ c) ** 2 >= (D**2).sum(-1) * (c @ c - 1)


@pytest.mark.parametrize("root", [[0.02, -0.03, 0.5], [-0.12, 0.05, 0.4], [0.25, 0.1, 0.8]])
def test_the_silhouette_alone_gives_the_root(root: list[float]) -> None:
    surface, mask = egg(np.array(root))
    start = np.array(root) * 1.25 + [0.03, 0.02, 0]
    found = root_from_silhouette(surface, mask, CAMERA, start)
    assert np.linalg.norm(found - root) < 0.01 * root[2]


def test_a_silhouette_cut_by_the_frame_still_serves() -> None:
    root = np.array([-0.27, 0.0, 0.5])
    surface, mask = egg(root)
    assert mask[:, 0].any()
    found = root_from_silhouette(surface, mask, CAMERA, root + np.array([0.02, 0.01, 0.06]))
    assert np.linalg.norm(found - root) < 0.02


def test_the_silhouette_takes_over_as_the_joints_go_astray() -> None:
    root = np.array([0.02, -0.03, 0.5])
    surface, mask = egg(root)
    joints = surface[:21]
    for stretch, trusts in ((1.0, "joints"), (1.25, "silhouette")):
        px = project(joints + root * stretch, CAMERA)
        by_joints = root_from_joints(joints, px, CAMERA)
        found = recover_root(joints, px, CAMERA, vertices_rel_m=surface, mask=mask)
        if trusts == "joints":
            np.testing.assert_allclose(found, by_joints)
        else:
            assert np.linalg.norm(by_joints - root) > 0.06
            assert np.linalg.norm(found - root) < 0.01
    empty = np.zeros_like(mask)
    np.testing.assert_allclose(recover_root(joints, px, CAMERA, None, surface, empty), by_joints)
    with pytest.raises(ValueError, match="mask"):
        recover_root(joints, px, CAMERA, None, surface, mask[:300])


def test_it_is_fast() -> None:
    X, root = hands(1, 9)[0]
    px = project(X + root, CAMERA) + np.random.default_rng(0).normal(0, 2, (21, 2))
    assert least_cpu_s(lambda: root_from_joints(X, px, CAMERA)) < 2e-3  # about 0.4 ms
