"""While a hand holds still the network's last answer stands; noise isn't motion, half a pixel is."""

import cv2
import numpy as np
import pytest

from models.tracking.crop_inference import CropInference
from models.tracking.saver import MOST_REUSES, Saver
from models.tracking.stages import StageTimes
from models.types import Camera, Crop, Detection
from tests.models.tracking.world import CAMERA

SIZE = 224
VIRTUAL = Camera(500.0, 500.0, 111.5, 111.5, SIZE, SIZE)


def scene() -> np.ndarray:
    """(SIZE, SIZE, 3) edges of middling contrast, as fingers before a room have."""
    rng = np.random.default_rng(5)
    image = np.full((SIZE, SIZE, 3), 90, np.uint8)
    for x in (40, 85, 130, 175):
        cv2.rectangle(image, (x, 30), (x + 22, 190), rng.integers(140, 200, 3).tolist(), -1)
    return image


def crop(image: np.ndarray, yaw: float = 0.0, mirrored: bool = False) -> Crop:
    c, s = np.cos(yaw), np.sin(yaw)
    return Crop(image, VIRTUAL, np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]]), mirrored)


def shifted(image: np.ndarray, px: float) -> np.ndarray:
    move = np.array([[1.0, 0, px], [0, 1, 0]])
    return cv2.warpAffine(image, move, (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def noisy(image: np.ndarray, seed: int, sd: float = 8.0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, sd, image.shape)
    return (image + noise).clip(0, 255).astype(np.uint8)


def detection(x: float = 0.0) -> Detection:
    return Detection(np.full((21, 2), x, np.float32), "right", 1.0, 1.0, np.zeros((21, 3), np.float32))


def test_noise_is_not_motion() -> None:
    saver, answer = Saver(), detection()
    saver.remember(crop(noisy(scene(), 1)), answer)
    assert all(saver.recall(crop(noisy(scene(), seed))) is answer for seed in range(2, 12))


@pytest.mark.parametrize("px", [-1.0, -0.5, 0.5, 1.0])
def test_half_a_pixel_is_motion(px: float) -> None:
    saver = Saver()
    saver.remember(crop(noisy(scene(), 1)), detection())
    assert saver.recall(crop(noisy(shifted(scene(), px), 2))) is None


def test_slow_motion_adds_up() -> None:
    """Each frame is compared with what the network was shown, not with the frame before."""
    saver = Saver()
    saver.remember(crop(scene()), detection())
    reused = [saver.recall(crop(shifted(scene(), 0.06 * i))) is not None for i in range(1, 12)]
    assert reused[0]
    assert not reused[-1]


def test_the_network_is_asked_now_and_then_all_the_same() -> None:
    saver = Saver()
    saver.remember(crop(scene()), detection())
    reused = [saver.recall(crop(scene())) is not None for _ in range(MOST_REUSES + 1)]
    assert reused == [True] * MOST_REUSES + [False]


def test_hands_are_kept_apart() -> None:
    """By where they are in the frame and by handedness, though their crops show the same."""
    saver, here, there = Saver(), detection(1), detection(2)
    saver.remember(crop(scene()), here)
    saver.remember(crop(scene(), yaw=0.4), there)
    assert saver.recall(crop(scene())) is here
    assert saver.recall(crop(scene(), yaw=0.4)) is there
    assert saver.recall(crop(scene(), mirrored=True)) is None


def test_a_still_frame_is_inferred_once() -> None:
    class Counting:
        input_size, stage = SIZE, "fit"
        calls = 0

        def infer(self, crop: Crop, camera: Camera) -> Detection:
            self.calls += 1
            return detection()

    method, frame = Counting(), np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)
    joints = np.random.default_rng(1).uniform(200, 300, (21, 2)).astype(np.float32)
    times = StageTimes(("crop", "network"))
    saving = CropInference(method, times, Saver())  # type: ignore[arg-type]
    for _ in range(5):
        saving(frame, CAMERA, [(joints, "right")])
    assert method.calls == 1
    every = CropInference(method, times)  # type: ignore[arg-type]
    for _ in range(5):
        every(frame, CAMERA, [(joints, "right")])
    assert method.calls == 6
