"""`fit` against synthetic truth: hands made by the model itself, seen without and with noise."""

from dataclasses import replace

import numpy as np
import pytest

from models.geometry import camera_from_fov, rays, rotation_from_axis_angle
from models.hand.articulation import Articulation, State
from models.hand.hand_data import load_open_hand
from models.hand.skinning import pose_hand
from models.tracking.fitting import HandFit, HandFitter
from tests.models.measures import pa_mpjpe
from tests.paths import REAL

HAND = load_open_hand()
FITTER = HandFitter(HAND)


def random_state(rng: np.random.Generator) -> State:
    """A hand half a metre away, turned anyhow, every joint within its limits."""
    model = FITTER.articulation
    curl = rng.uniform(0.15, 0.75, (15, 3))
    angles = model.low + (model.high - model.low) * curl
    betas = np.append(0.0, rng.normal(0, 0.7, 9))
    R = rotation_from_axis_angle(rng.normal(0, 0.9, 3))
    return State(R, np.array([*rng.uniform(-0.08, 0.08, 2), rng.uniform(0.35, 0.7)]), angles, betas)


def test_joints_and_jacobian_are_those_of_the_skinned_mesh() -> None:
    rng = np.random.default_rng(0)
    model, s = FITTER.articulation, random_state(rng)
    kin = model(s)
    _, joints = pose_hand(HAND, kin.rotations, s.betas, s.t)
    np.testing.assert_allclose(kin.joints, joints, atol=2e-6)
    D = len(model.free)

    def moved(p: int, e: float) -> np.ndarray:
        if p < 3:
            return model(replace(s, t=s.t + e * np.eye(3)[p])).joints
        if p < 6:
            return model(replace(s, R=rotation_from_axis_angle(e * np.eye(3)[p - 3]) @ s.R)).joints
        if p < 6 + D:
            angles = s.angles.copy()
            angles[tuple(model.free[p - 6])] += e
            return model(replace(s, angles=angles)).joints
        return model(replace(s, betas=s.betas + e * np.eye(10)[p - 6 - D])).joints

    for p in range(16 + D):
        numeric = (moved(p, 1e-5) - moved(p, -1e-5)) / 2e-5
        np.testing.assert_allclose(kin.jacobian[:, :, p], numeric, atol=1e-8)


@pytest.mark.parametrize("handedness", ["right", "left"])
def test_recovers_hands_from_exact_landmarks(handedness: str) -> None:
    rng = np.random.default_rng(1)
    errors, depths = [], []
    for _ in range(40):
        truth = FITTER.articulation(random_state(rng)).joints
        if handedness == "left":
            truth = truth * [-1, 1, 1]
        u = truth[:, :2] / truth[:, 2:]
        world = (truth - truth.mean(0)) / [
            1,
            1,
            FITTER.config.depth_gain,
        ]  # depth exaggerated, as MediaPipe's
        fit = FITTER.fit(u, world, handedness)
        assert fit.handedness == handedness
        errors.append(pa_mpjpe(fit.joints_m, truth))
        depths.append(abs(fit.joints_m[0, 2] / truth[0, 2] - 1))
    assert np.median(errors) < 0.004
    assert np.median(depths) < 0.05


def test_a_left_hand_is_the_mirrored_right_hand() -> None:
    truth = FITTER.articulation(random_state(np.random.default_rng(2))).joints
    u, mirror = truth[:, :2] / truth[:, 2:], np.array([-1, 1, 1])
    right = FITTER.fit(u, truth, "right")
    left = FITTER.fit(u * [-1, 1], truth * mirror, "left")
    np.testing.assert_allclose(left.vertices_m, right.vertices_m * mirror, atol=1e-6)
    np.testing.assert_allclose(left.axis_angles, right.axis_angles, atol=1e-6)


def test_angles_stay_within_their_limits_whatever_the_landmarks() -> None:
    rng = np.random.default_rng(3)
    model: Articulation = FITTER.articulation
    for _ in range(20):
        fit = FITTER.fit(rng.normal(0, 0.2, (21, 2)), rng.normal(0, 0.05, (21, 3)), "right")
        assert (fit.state.angles >= model.low - 1e-9).all()
        assert (fit.state.angles <= model.high + 1e-9).all()
        assert np.isfinite(fit.vertices_m).all()
        assert fit.joints_m[0, 2] > 0


def test_the_shape_of_a_tracked_hand_settles() -> None:
    rng = np.random.default_rng(4)
    truth = FITTER.articulation(random_state(rng)).joints
    fit: HandFit | None = None
    betas = []
    for _ in range(60):
        noisy = truth + rng.normal(0, 0.002, truth.shape)
        fit = FITTER.fit(noisy[:, :2] / noisy[:, 2:], noisy, "right", fit)
        betas.append(fit.betas)
    steps = np.linalg.norm(np.diff(betas, axis=0), axis=1)
    assert steps[-10:].mean() < 0.2 * steps[:5].mean()
    assert steps[-10:].max() < 0.05


@pytest.mark.parametrize("bad", ["nan", "point", "shape"])
def test_bad_landmarks_are_refused_in_words(bad: str) -> None:
    u, world = np.random.default_rng(5).normal(0, 0.1, (21, 2)), np.zeros((21, 3))
    if bad == "nan":
        u[3] = np.nan
    elif bad == "point":
        u[:] = 0.1
    else:
        u = u[:20]
    with pytest.raises(ValueError, match="landmarks"):
        FITTER.fit(u, world, "right")


def test_real_crops_are_met_within_three_per_cent_of_the_box() -> None:
    if not (REAL / "train" / "labels.npz").is_file():
        pytest.skip("needs ../shared/real/train")
    labels = np.load(REAL / "train" / "labels.npz", allow_pickle=False)
    camera = camera_from_fov(224, 224, 35.0)
    errors, offsets = [], []
    for i in range(0, len(labels["image"]), 40):
        u = rays(labels["joints_2d"][i], camera)[:, :2]
        fit = FITTER.fit(u, labels["joints_world"][i], str(labels["side"][i]))
        off = fit.joints_m[:, :2] / fit.joints_m[:, 2:] - u
        errors.append(np.linalg.norm(off, axis=1).mean() / np.ptp(u, axis=0).max())
        offsets.append(fit.betas)
    assert np.mean(errors) < 0.02
    assert np.abs(np.mean(offsets, 0)).max() < 0.7  # the mean hand is the mean hand
