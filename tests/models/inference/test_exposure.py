"""Dark pictures, brightened for the networks; others are left alone."""

from contextlib import closing

import numpy as np

from models.geometry import camera_from_fov
from models.inference.exposure import exposed, exposure_gain
from models.inference.landmark_runtime import LandmarkRuntime, crop_hand, in_frame
from models.inference.mediapipe.detector import MediaPipeDetector
from tests.models.clips import read_clip

PICTURE = np.random.default_rng(4).integers(0, 256, (192, 192, 3), np.uint8)


def test_only_dark_pictures_are_brightened() -> None:
    assert exposure_gain(PICTURE) == 1
    dark = PICTURE // 10
    assert exposure_gain(dark) > 4
    barred = np.zeros_like(dark)
    barred[60:130] = dark[60:130]
    assert abs(exposure_gain(barred) / exposure_gain(dark) - 1) < 0.2, "what lies outside the frame is black"
    assert exposure_gain(np.zeros_like(PICTURE)) == 1


def test_crops_are_brightened_without_a_step() -> None:
    assert exposed(PICTURE) is PICTURE
    nothing = np.zeros_like(PICTURE)
    assert exposed(nothing) is nothing
    dims = [(PICTURE * factor).astype(np.uint8) for factor in np.linspace(0.1, 1, 99)]
    means = np.array([float(exposed(dim).mean()) for dim in dims])
    assert np.abs(np.diff(means)).max() < 3, "a hand that is followed must not flicker"
    brightness = [float(dim.mean()) for dim in dims]
    assert (means >= brightness).all()
    assert means[0] > 3 * brightness[0]


def test_a_hand_in_the_dark_is_seen_and_its_side_known() -> None:
    net, camera = LandmarkRuntime(), camera_from_fov(544, 960)
    (frame,) = read_clip("counting.mp4", [180])
    with closing(MediaPipeDetector()) as detector:
        (seen,) = detector.detect(frame)
    noise = np.random.default_rng(0).normal(0, 2, frame.shape)
    dark = np.clip(0.05 * frame + noise, 0, 255).astype(np.uint8)
    crop = crop_hand(dark, camera, seen.joints_2d_px, "right")
    in_the_dark = in_frame(net(crop.image_rgb), crop, camera)
    assert in_the_dark.presence > 0.9
    assert in_the_dark.handedness == "right"
    off_px = np.linalg.norm(in_the_dark.joints_2d_px - seen.joints_2d_px, axis=1).mean()
    assert off_px < 0.05 * np.ptp(seen.joints_2d_px, axis=0).max()
