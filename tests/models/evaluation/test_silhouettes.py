"""Masks by hand, a drawn square, a drawn hand."""

from __future__ import annotations

import numpy as np
import pytest

from models.evaluation.silhouettes import PARTS, SIZE, draw_parts, hausdorff_95, iou, mean_iou
from models.geometry import project
from models.hand.hand_data import load_open_hand
from models.types import Camera

CAMERA = Camera(400, 400, (SIZE - 1) / 2, (SIZE - 1) / 2, SIZE, SIZE)


def box(x0: int, x1: int, y0: int = 2, y1: int = 6) -> np.ndarray:
    mask = np.zeros((20, 20), bool)
    mask[y0:y1, x0:x1] = True
    return mask


@pytest.mark.parametrize(
    ("a", "b", "overlap"),
    [
        (box(0, 4), box(0, 4), 1.0),
        (box(0, 4), box(4, 8), 0.0),
        (box(0, 4), box(2, 6), 8 / 24),
        (box(0, 4), box(0, 8), 0.5),
        (box(0, 0), box(0, 0), 1.0),
        (box(0, 0), box(0, 4), 0.0),
    ],
)
def test_overlap(a: np.ndarray, b: np.ndarray, overlap: float) -> None:
    assert iou(a, b) == pytest.approx(overlap)


def test_mean_overlap_is_over_the_labels_shown() -> None:
    a, b = np.array([[1, 1, 2, 0]]), np.array([[1, 2, 2, 0]])
    assert mean_iou(a, b, [1, 2, 3]) == pytest.approx(0.5)  # 1/2 and 1/2; 3 is nowhere
    assert mean_iou(a, b, [1, 2, 0]) == pytest.approx(2 / 3)
    assert np.isnan(mean_iou(a, b, [5]))


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [
        (box(2, 6), box(2, 6), 0.0),
        (box(2, 3, 2, 3), box(5, 6, 6, 7), 5.0),  # two pixels, 3 across and 4 down
        (box(2, 3), box(9, 10), 7.0),  # two bars
        (box(0, 0), box(0, 0), 0.0),
        (box(0, 0), box(2, 3), np.hypot(20, 20)),
    ],
)
def test_outline_distance(a: np.ndarray, b: np.ndarray, distance: float) -> None:
    assert hausdorff_95(a, b) == pytest.approx(distance)
    assert hausdorff_95(b, a) == pytest.approx(distance)


def test_outline_distance_forgives_one_pixel_in_a_hundred() -> None:
    a = np.zeros((60, 60), bool)
    a[10:50, 10:50] = True
    b = a.copy()
    b[0, 0] = True
    assert hausdorff_95(a, b) == 0


def test_a_square_is_drawn_where_the_camera_sees_it_and_the_nearer_one_wins() -> None:
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]) * 0.05
    vertices = np.concatenate([corners + np.array([0, 0, 0.5]), corners / 2 + np.array([0, 0, 0.4])])
    faces = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]], np.int32)
    drawn = draw_parts(vertices, faces, np.array([0] * 4 + [2] * 4, np.uint8), CAMERA)
    middle = (SIZE - 1) // 2
    assert drawn[middle, middle] == PARTS["index"]
    assert drawn[middle, middle + 32] == PARTS["palm"]
    assert drawn[middle, middle + 45] == 0
    assert (drawn > 0).sum() == pytest.approx((0.1 * 400 / 0.5) ** 2, rel=0.04)
    assert not draw_parts(vertices - [0, 0, 0.45], faces, np.zeros(8, np.uint8), CAMERA).any()


def test_a_hand_shows_all_its_parts() -> None:
    hand = load_open_hand()
    vertices = hand.template_m + np.array([0, 0.08, 0.5])
    drawn = draw_parts(vertices, hand.faces, hand.regions, CAMERA)
    assert set(np.unique(drawn)) == {0, *PARTS.values()}
    for name, tip in {"thumb": 4, "index": 8, "middle": 12, "ring": 16, "little": 20}.items():
        x, y = np.round(project(hand.regressor_21[tip] @ vertices, CAMERA)).astype(int)
        assert drawn[y, x] == PARTS[name]
