"""A person's hand: its shape found again from meshes and kept by the pipeline; its size from a length."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from app.capture import DEMO_CLIP, open_file
from app.measure.depth_error import MEASURED_SIZE, UNKNOWN_FOCAL, UNKNOWN_SIZE, DepthError
from models.evaluation.filter_lag import TRUTH, moving_hands
from models.geometry import camera_from_fov, project
from models.hand.hand_data import load_open_hand
from models.hand.known_length import CARD_M, JOINTS_BEHIND_M, fit_card, scale_from_card
from models.hand.profile import HandProfile, estimate_betas, palm_breadth_m, personal_hand, with_breadth
from models.hand.skinning import pose_hand
from models.tracking.pipeline import Pipeline, PipelineConfig
from models.types import HandMesh

HAND = load_open_hand()
BETAS = (1.0, -0.5, 0.3, 0.0, 0.6, 0.0, 0.0, -0.4, 0.0, 0.0)
ANNA = HandProfile("Anna", BETAS)
CAMERA = camera_from_fov(640, 480)


def meshes(count: int, left: bool = False) -> list[HandMesh]:
    """Anna's hand in poses of the demo."""
    blank = moving_hands(30.0)[0][0]
    with np.load(TRUTH) as truth:
        pose, place = truth["pose"], truth["translation_m"]
    result = []
    for k in range(count):
        R = Rotation.from_rotvec(pose[7 * k]).as_matrix()
        vertices, joints = pose_hand(HAND, R, np.array(BETAS, np.float32), place[7 * k])
        mirror = np.array([-1, 1, 1], np.float32) if left else np.float32(1)
        handedness = "left" if left else "right"
        result.append(
            replace(blank, handedness=handedness, vertices_m=vertices * mirror, joints_m=joints * mirror)
        )
    return result


@pytest.mark.parametrize("left", [False, True])
def test_a_shape_is_found_again_from_meshes(left: bool) -> None:
    betas, spread = estimate_betas(HAND, meshes(20, left))
    np.testing.assert_allclose(betas, BETAS, atol=0.1)
    assert spread.max() < 0.1


def test_too_few_meshes_say_so() -> None:
    with pytest.raises(ValueError, match="too few"):
        estimate_betas(HAND, meshes(3))


def test_a_palm_by_the_ruler_gives_the_scale() -> None:
    anna = with_breadth(HAND, ANNA, 0.078)
    assert palm_breadth_m(personal_hand(HAND, anna)) == pytest.approx(0.078, rel=1e-4)
    assert anna.measured
    assert 0.075 < palm_breadth_m(HAND) < 0.095  # of the mean hand: adults' are 75 to 95 mm
    for breadth_m in (0.02, 0.3):
        with pytest.raises(ValueError, match="no hand's"):
            with_breadth(HAND, ANNA, breadth_m)


@pytest.mark.parametrize("bad", [{"betas": (1.0,)}, {"betas": (9.0,) * 10}, {"scale": 3.0}])
def test_no_profile_without_a_hand(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected"):
        replace(ANNA, **bad)  # type: ignore[arg-type]


def test_the_pipeline_keeps_a_profiles_size_and_places_the_hand_by_it() -> None:
    frames = list(islice(open_file(DEMO_CLIP).frames(), 12))
    depth, palm = {}, {}
    for scale in (1.0, 1.2):
        pipeline = Pipeline(PipelineConfig("fit", max_hands=1, profile=replace(ANNA, scale=scale)))
        hands = [pipeline.process(frame.image_rgb, frame.time_s).hands[0] for frame in frames]
        pipeline.close()
        depth[scale] = np.mean([hand.root_m[2] for hand in hands])
        palm[scale] = [np.linalg.norm(hand.joints_m[9] - hand.joints_m[0]) for hand in hands]
        rest = personal_hand(HAND, replace(ANNA, scale=scale))
        joints = rest.regressor_21 @ rest.template_m
        assert np.mean(palm[scale]) == pytest.approx(np.linalg.norm(joints[9] - joints[0]), rel=0.02)
        assert np.std(palm[scale]) < 0.01 * np.mean(palm[scale])
    assert depth[1.2] == pytest.approx(1.2 * depth[1.0], rel=0.03)


def test_a_card_on_the_palm_gives_the_scale() -> None:
    rng = np.random.default_rng(4)
    rest = (HAND.regressor_21 @ HAND.template_m).astype(np.float64)
    for scale in (0.85, 1.0, 1.15):
        R = Rotation.from_euler("xyz", rng.uniform(-0.3, 0.3, 3)).as_matrix()
        joints = scale * (rest - rest[[5, 17]].mean(0)) @ R.T + [0.02, -0.01, 0.4]
        # The card's plane holds the line of the knuckles' joints, moved towards the camera.
        normal = R[:, 2] * np.sign(R[2, 2])
        across = joints[17] - joints[5]
        x = across - (across @ normal) * normal
        x /= np.linalg.norm(x)
        y = np.cross(normal, x)
        middle = joints[[5, 17]].mean(0) - JOINTS_BEHIND_M * normal
        corners = [
            middle + a * CARD_M[0] / 2 * x + b * CARD_M[1] / 2 * y
            for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        ]
        clicked = project(np.array(corners), CAMERA) + rng.normal(0, 0.3, (4, 2))
        card = fit_card(clicked[rng.permutation(4)], CAMERA)
        assert card.middle_m[2] == pytest.approx(middle[2], rel=0.02)
        assert scale_from_card(card, project(joints, CAMERA), CAMERA, HAND) == pytest.approx(scale, rel=0.03)


@pytest.mark.parametrize(
    ("corners", "said"),
    [
        ([[100, 100], [300, 100], [300, 300], [100, 300]], "no bank card"),
        ([[100, 100], [105, 100], [105, 103], [100, 103]], "too near"),
        ([[100, 100], [300, 100], [300, 220]], "expected four"),
    ],
)
def test_points_that_are_no_card_say_so(corners: list[list[float]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        fit_card(corners, CAMERA)


def test_the_depth_error_adds_in_quadrature() -> None:
    assert DepthError(0.03, 0.04).total == pytest.approx(0.05)
    assert DepthError(0.003, MEASURED_SIZE).total < DepthError(UNKNOWN_FOCAL, UNKNOWN_SIZE).total / 8
    assert "± 21 %" in DepthError(UNKNOWN_FOCAL, UNKNOWN_SIZE).text()
