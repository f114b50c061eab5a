"""Silhouettes guessed from a fitted mesh: the hand is cut out, and poor guesses are not believed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.hand.hand_data import load_open_hand
from models.training.real.silhouettes import SIDE, drawn_mask, silhouette_of

HAND = load_open_hand()


def placed(scale: float = 5.0, shift: tuple[float, float] = (0.0, 0.0)) -> tuple[np.ndarray, np.ndarray]:
    """The hand at rest, flat before the camera: vertices and joints, 0..1 of the crop."""
    joints = HAND.regressor_21 @ HAND.template_m
    flat = [0, 1] if np.ptp(joints[:, 1]) > np.ptp(joints[:, 2]) else [0, 2]
    middle = 0.5 * (joints.max(0) + joints.min(0))
    vertices, joints = (
        (x - middle)[:, flat] * scale + 0.5 + np.array(shift) for x in (HAND.template_m, joints)
    )
    return vertices, joints


def picture(vertices: np.ndarray) -> np.ndarray:
    """A hand of one colour, noisy, before a darker ground."""
    rng = np.random.default_rng(0)
    mask = cv2.resize(drawn_mask(vertices, HAND.faces, 448), (224, 224), interpolation=cv2.INTER_AREA)
    image = np.where(mask[..., None] > 0, [200.0, 150, 130], [60.0, 70, 90])
    return np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)


def test_a_hand_is_cut_out_though_the_mesh_is_a_little_off() -> None:
    vertices, joints = placed()
    image = picture(vertices)
    found = silhouette_of(image, vertices + 0.008, HAND.faces, joints)
    assert found is not None
    assert found.believed()
    true = drawn_mask(vertices, HAND.faces) > 0
    inside = found.hand & found.beyond
    assert (inside & true).sum() / (inside | (true & found.beyond)).sum() > 0.93
    distance = cv2.distanceTransform((~true).astype(np.uint8), cv2.DIST_L2, 5)
    x, y = (found.outline * SIDE).astype(int).T
    assert distance[y, x].mean() < 1.5


@pytest.mark.parametrize("shift", [(0.12, 0.0), (0.0, 0.2)])
def test_a_mesh_beside_the_hand_is_not_believed(shift: tuple[float, float]) -> None:
    vertices, joints = placed()
    found = silhouette_of(picture(vertices), vertices + shift, HAND.faces, joints + shift)
    assert found is None or not found.believed()


def test_a_hand_before_its_own_colour_is_not_believed() -> None:
    vertices, joints = placed()
    image = np.full((224, 224, 3), 150, np.uint8)
    image += np.random.default_rng(1).integers(0, 8, image.shape, dtype=np.uint8)
    found = silhouette_of(image, vertices, HAND.faces, joints)
    assert found is None or not found.believed()


def test_outside_the_crop_there_is_nothing_to_cut_out() -> None:
    vertices, joints = placed(shift=(3.0, 0.0))
    assert silhouette_of(picture(vertices), vertices, HAND.faces, joints) is None
