"""Figures that others report: per second at any rate, in camera space, with intervals, by view."""

from contextlib import closing
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from models.datasets.samples import Prediction, Sample
from models.datasets.video_file import frames_of
from models.evaluation.calibration import calibration_curve
from models.evaluation.camera_space import (
    at_known_size,
    at_unknown_focal,
    camera_space_figures,
    focal_error,
    root_depth_errors,
)
from models.evaluation.groups import OCCLUSIONS, VIEWS, by_group, occluded_joints, occlusions, views
from models.evaluation.jitter import (
    HandTrack,
    figures,
    rms_deviation,
    rms_sample_to_sample,
    static_sd,
    third_differences,
)
from models.evaluation.motion import motion_figures
from models.evaluation.report import markdown
from models.evaluation.uncertainty import mean_interval
from models.geometry import camera_from_fov, rotation_from_axis_angle
from models.hand.hand_data import load_open_hand
from models.hand.skinning import pose_hand
from models.manifest import ASSETS
from models.tracking.pipeline import DEFAULT_MODEL, Pipeline, PipelineConfig

STILL = pose_hand(load_open_hand(), np.tile(np.eye(3), (16, 1, 1)), np.zeros(10), [0, 0, 0.5])[1].astype(
    float
)


def trembling(fps: float, seconds: float = 6.0) -> HandTrack:
    """The same hand at any rate: each joint sways by a few waves of up to 3 Hz."""
    rng = np.random.default_rng(0)
    times = np.arange(0, seconds, 1 / fps)
    waves = np.zeros((len(times), 21, 3))
    for frequency in (0.7, 1.6, 3.0):
        phase, size = rng.uniform(0, 2 * np.pi, (21, 3)), rng.normal(0, 1e-3, (21, 3))
        waves += size * np.sin(2 * np.pi * frequency * times[:, None, None] + phase)
    joints = STILL + waves
    return HandTrack(times, joints[..., :2] * 1000, joints, None)


def test_thirty_and_sixty_frames_a_second_give_the_same_figures_per_second() -> None:
    slow, fast = figures(trembling(30)), figures(trembling(60))
    for name in ("joints_3d_mm", "root_mm", "joints_2d_px"):
        for measure in ("per_s2", "per_s3", "static_sd", "rms_deviation"):
            a, b = (np.asarray(f[f"{name}_{measure}"], float) for f in (slow, fast))
            assert a == pytest.approx(b, rel=0.06), (name, measure)
        frame2 = [float(np.mean(f[f"{name}_per_frame2"])) for f in (slow, fast)]  # type: ignore[arg-type]
        assert frame2[0] > 3 * frame2[1]  # which is why it says nothing across rates


def test_videos_of_hands_held_still_are_judged_per_second_and_by_their_deviation() -> None:
    """By `evaluate`, whose frames come at one rate; where joints are known, a hand need not be still."""
    tremble = {fps: trembling(fps) for fps in (30, 60)}
    blank = Sample("a", np.zeros((4, 4, 3), np.uint8), "right", None, None, None)
    found = {}
    for fps, track in tremble.items():
        answers = [
            Prediction(p.astype(np.float32), j.astype(np.float32))
            for p, j in zip(track.joints_2d_px, track.joints_m, strict=True)
        ]
        found[fps] = motion_figures([None, *answers], [blank] * (len(answers) + 1), fps)
        loose = motion_figures([replace(a, placed=False) for a in answers], [blank] * len(answers), fps)
        assert "still_root_z_sd_mm" not in loose
        known = replace(blank, joints_3d_m=STILL.astype(np.float32))
        of_known = motion_figures(answers, [known] * len(answers), fps)
        assert not any(name.startswith("still") for name in of_known)
        assert of_known["joints_error_mm_per_s2"] == pytest.approx(of_known["joints_mm_per_s2"], rel=1e-3)
    for name in (
        "joints_mm_per_s2",
        "joints_mm_per_s3",
        "still_joints_rms_deviation_mm",
        "still_root_z_sd_mm",
    ):
        assert found[30][name] == pytest.approx(found[60][name], rel=0.06), name
    own = figures(tremble[60])
    assert found[60]["joints_mm_per_s3"] == pytest.approx(own["joints_3d_mm_per_s3"], rel=1e-3)
    assert found[60]["still_root_z_sd_mm"] == pytest.approx(own["root_mm_static_sd"][2], rel=1e-3)  # type: ignore[index]


def test_jerk_of_a_cubic_path_is_exact_at_a_changing_rate() -> None:
    times = np.cumsum(np.random.default_rng(1).uniform(0.01, 0.05, 40))
    path = (times**3)[:, None, None] * np.ones((1, 2, 3))
    even = np.arange(40) / 30
    assert third_differences((even**3)[:, None], even) == pytest.approx(6.0)
    assert third_differences(path, times) == pytest.approx(6.0)


def test_deviations_of_white_noise() -> None:
    rng = np.random.default_rng(2)
    points = rng.normal(0, [1.0, 2.0, 3.0], (4000, 5, 3))
    assert static_sd(points) == pytest.approx(np.tile([1.0, 2.0, 3.0], (5, 1)), rel=0.05)
    assert rms_deviation(points) == pytest.approx(np.sqrt(14), rel=0.05)
    assert rms_sample_to_sample(points) == pytest.approx(np.sqrt(28), rel=0.05)
    points[7] = np.nan
    assert np.isfinite(static_sd(points)).all()


def test_camera_space_errors_with_and_without_a_known_size() -> None:
    truth = np.stack([STILL, STILL + np.array([0.1, 0, 0.2])])
    far = 1.1 * truth  # a hand taken for a tenth larger is a tenth further: its picture is the same
    found = camera_space_figures((far, truth), np.ones((2, 21)))
    assert found["root_depth_percent"] == pytest.approx(10)
    assert found["cs_mpjpe_mm"] == pytest.approx(100 * np.linalg.norm(truth, axis=-1).mean(1))
    assert found["cs_mpjpe_known_size_mm"] == pytest.approx(0, abs=1e-9)
    assert found["root_depth_known_size_percent"] == pytest.approx(0, abs=1e-9)
    halved = camera_space_figures((far, truth), np.ones((2, 21)), None, [1 / 1.1, 1 / 1.1])
    assert halved["root_depth_unknown_focal_percent"] == pytest.approx(0, abs=1e-9)
    assert halved["root_depth_known_size_unknown_focal_percent"] == pytest.approx(100 - 100 / 1.1)
    assert at_known_size(far, far, truth) == pytest.approx(truth)
    assert root_depth_errors(truth * [1, 1, 0.5], truth) == pytest.approx(0.5)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(3)
    held = 0
    for seed in range(200):
        low, high = mean_interval(rng.exponential(5.0, 100), seed=seed) or (0, 0)
        held += low <= 5.0 <= high
    assert 0.88 <= held / 200 <= 0.99


def test_frames_that_follow_each_other_are_drawn_in_blocks() -> None:
    slow = np.repeat(np.random.default_rng(4).normal(0, 1, 20), 30)
    alone, blocks = (np.ptp(mean_interval(slow, block) or (0, 0)) for block in (1, 30))
    assert blocks > 3 * alone
    assert mean_interval([1.0]) is None
    assert mean_interval([np.nan, 2.0, 2.0]) == (2.0, 2.0)
    with pytest.raises(ValueError, match="block"):
        mean_interval([1.0, 2.0], block=0)


@pytest.mark.parametrize(
    ("turn", "expected"),
    [([0, 0, 0], "palm"), ([0, np.pi, 0], "back"), ([0, np.pi / 2, 0], "edge"),
     ([np.pi / 2, 0, 0], "along the fingers"), ([0, 0, 2.0], "palm")],
)  # fmt: skip
def test_views(turn: list[float], expected: str) -> None:
    joints = (STILL - STILL[0]) @ rotation_from_axis_angle(turn).T + [0, 0, 0.5]
    mirrored = joints * [-1, 1, 1]
    assert views(np.stack([joints, mirrored]), ["right", "left"]) == [expected, expected]
    assert expected in VIEWS


def test_a_flat_hand_hides_nothing_and_one_seen_from_its_edge_hides_fingers() -> None:
    edge = (STILL - STILL[0]) @ rotation_from_axis_angle([0, np.pi / 2, 0]).T + [0, 0, 0.5]
    counts = occluded_joints(np.stack([STILL, edge])).sum(1)
    assert counts[0] == 0
    assert counts[1] >= 3
    names = occlusions(np.stack([STILL, edge]))
    assert names[0] == OCCLUSIONS[0]
    assert by_group([1.0, 3.0], names, OCCLUSIONS)[names[1]] == {
        "mean": 3.0,
        "ci95": None,
        "samples": 1,
    }


def test_calibration() -> None:
    rng = np.random.default_rng(5)
    presence = rng.uniform(0, 1, 20000)
    good = calibration_curve(presence, rng.uniform(0, 1, 20000) < presence)
    assert good["ece"] < 0.02
    assert len(good["curve"]) == 10
    sure = calibration_curve(np.ones(100), np.arange(100) < 60)
    assert sure["ece"] == pytest.approx(0.4)
    with pytest.raises(ValueError, match="0 to 1"):
        calibration_curve([1.5], [True])
    assert calibration_curve([], [])["ece"] is None


def test_an_unknown_focal_length_moves_the_hand_as_it_is_computed_to() -> None:
    """The model, told a longer focal length than the true one, against what `at_unknown_focal` says."""
    demo_frames = [frame for _, frame in islice(frames_of(ASSETS / "clips" / "demo.mp4"), 6)]
    true, told = camera_from_fov(640, 480, 65.0), camera_from_fov(640, 480, 50.0)
    ratio, found = told.fx / true.fx, {}
    for name, camera in (("true", true), ("told", told)):
        with closing(Pipeline(PipelineConfig(DEFAULT_MODEL, max_hands=1, smoothing=None))) as pipeline:
            for k, frame in enumerate(demo_frames):
                hands = pipeline.process(frame, k / 30, camera).hands
            found[name] = hands[0].joints_m.astype(np.float64)[None]
    said = at_unknown_focal(found["true"], found["true"], [ratio])
    assert said[0, 0, 2] == pytest.approx(found["told"][0, 0, 2], rel=0.04)
    assert ratio > 1.3
    assert np.abs(said[0, 0, :2] - found["told"][0, 0, :2]).max() < 0.01
    assert focal_error((true.fx, true.fy, true.cx, true.cy)) == pytest.approx(1, abs=1e-3)


def test_the_report_has_tables_by_camera_and_of_presence() -> None:
    groups = {"desk/cam_0": {"mean": 9.1, "ci95": [8.0, 10.2], "samples": 12}}
    curve = [{"presence": 0.93, "right": 0.9, "samples": 10}, {"presence": 0.4, "right": 0.5, "samples": 2}]
    models = {
        "a": {"missed": 0, "pa_mpjpe_by_camera_mm": groups, "presence": {"curve": curve, "ece": 0.05}},
        "b": {"missed": 1},
    }
    text = markdown({"set": {"samples": 12, "judged": 12, "models": models}})
    assert "| PA-MPJPE, mm: camera | samples | a | b |" in text
    assert "| desk/cam_0 | 12 | 9.10 (8.0 … 10.2) | – |" in text
    assert "| 0.9 … 1.0 | 90 % of 10 | – |" in text
    assert "| 0.4 … 0.5 | 50 % of 2 | – |" in text
