"""Views of a frame for the palm network: what is drawn where, and back."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.inference.palm_runtime import INPUT_SIZE, Palms, anchors, merged, overlaps
from models.tracking.palm_views import (
    FIRST_END,
    LAST_END,
    SHRUNK,
    TURNED,
    WHOLE,
    Halvings,
    Palm,
    View,
    distinct,
    draw_view,
    in_frame,
    view_matrix,
    windows,
)


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (1920, 1080), (100, 90), (224, 224)])
@pytest.mark.parametrize("view", [WHOLE, SHRUNK, View(0.5), FIRST_END, LAST_END, *TURNED, View(0.6, 0.7)])
def test_a_spot_is_drawn_where_the_matrix_says_and_found_where_it_was(
    size: tuple[int, int], view: View
) -> None:
    width, height = size
    matrix = view_matrix(width, height, view)
    middle = (np.array([(INPUT_SIZE - 1) / 2] * 2) - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    spot = np.round(middle + np.array([0.1, -0.07]) * height).astype(int)
    frame = np.zeros((height, width, 3), np.uint8)
    radius = max(round(0.02 * height), 2)
    cv2.circle(frame, (int(spot[0]), int(spot[1])), radius, (255, 255, 255), -1)
    picture = draw_view(Halvings(frame), matrix)
    rows, columns = np.nonzero(picture[..., 0] > 20)
    weights = picture[rows, columns, 0].astype(float)
    drawn = np.array([np.average(columns, weights=weights), np.average(rows, weights=weights)])
    np.testing.assert_allclose(drawn, matrix[:, :2] @ spot + matrix[:, 2], atol=0.6)
    unit = ((drawn + 0.5) / INPUT_SIZE).astype(np.float32)
    keypoints = np.tile(unit, (1, 7, 1))
    keypoints[0, 2] += [0, -0.1]
    (palm,) = in_frame(Palms(unit[None], np.full((1, 2), 0.1, np.float32), keypoints, np.ones(1)), matrix)
    np.testing.assert_allclose(palm.centre_px, spot, atol=1.0 / np.hypot(*matrix[:, 0]))
    assert palm.size_px == pytest.approx(0.1 * INPUT_SIZE / np.hypot(*matrix[:, 0]), rel=1e-4)
    assert np.cos(palm.roll_rad + view.turn_rad) == pytest.approx(1, abs=1e-3), "up in the view"


def test_fine_stripes_become_grey_and_not_other_stripes() -> None:
    """Sampled at every seventh pixel they would be as strong as they were: what MediaPipe's graph does."""
    stripes = np.zeros((1344, 1344, 3), np.uint8)
    stripes[:, ::3] = 255
    picture = draw_view(Halvings(stripes), view_matrix(1344, 1344, WHOLE))
    sampled = cv2.warpAffine(stripes, view_matrix(1344, 1344, WHOLE), (INPUT_SIZE, INPUT_SIZE))
    assert sampled[8:-8, 8:-8].std() > 60
    assert picture[8:-8, 8:-8].std() < 0.3 * sampled[8:-8, 8:-8].std()


def test_the_ends_cover_the_frame() -> None:
    for width, height in ((640, 360), (360, 640)):
        for view, corner in ((FIRST_END, (0, 0)), (LAST_END, (width - 1, height - 1))):
            matrix = view_matrix(width, height, view)
            at = matrix[:, :2] @ corner + matrix[:, 2]
            assert (np.abs(at - np.array([-0.5, INPUT_SIZE - 0.5])[[int(corner[0] > 0)] * 2]) < 1).all()


def test_anchors_lie_on_two_grids() -> None:
    a = anchors()
    assert a.shape == (2016, 2)
    np.testing.assert_allclose(a[0], a[1])
    np.testing.assert_allclose(a[2] - a[0], [1 / 24, 0], atol=1e-6)
    np.testing.assert_allclose(a[24 * 24 * 2], [1 / 24, 1 / 24], atol=1e-6)
    assert a.min() > 0
    assert a.max() < 1


def test_answers_of_one_palm_are_averaged_by_their_scores() -> None:
    palm = np.zeros((9, 2), np.float32)
    palm[0], palm[1] = 0.5, 0.2
    beside = palm.copy()
    beside[0, 0] = 0.52
    far = palm.copy()
    far[0] = 0.1
    found = merged(np.stack([beside, far, palm]), np.array([0.3, 0.6, 0.9], np.float32))
    assert len(found) == 2
    np.testing.assert_allclose(found.scores, [0.9, 0.6])
    np.testing.assert_allclose(found.centres[0], [0.505, 0.5], atol=1e-6)
    assert len(merged(np.zeros((0, 9, 2), np.float32), np.zeros(0, np.float32))) == 0


def test_overlaps() -> None:
    box = np.array([[0.5, 0.5], [0.2, 0.2]], np.float32)
    others = np.array([box, [[0.6, 0.5], [0.2, 0.2]], [[0.9, 0.9], [0.1, 0.1]]], np.float32)
    np.testing.assert_allclose(overlaps(box, others), [1, 1 / 3, 0], atol=1e-6)


def test_one_palm_seen_by_several_views_is_one() -> None:
    def palm(x: float, size: float = 50, roll: float = 0.0, score: float = 0.5) -> Palm:
        return Palm(np.array([x, 100.0]), size, roll, score)

    same = [palm(100), palm(110, 60, 0.2, 0.9), palm(105, 45, 2 * np.pi)]
    assert [p.score for p in distinct(same)] == [0.9]
    assert len(distinct([palm(100), palm(200), palm(100, 200), palm(100, 50, np.pi)])) == 4


@pytest.mark.parametrize(("width", "height"), [(640, 480), (480, 640), (1280, 720)])
def test_windows_cover_the_frame_and_enlarge_it(width: int, height: int) -> None:
    covered = np.zeros((height, width), bool)
    for view in windows(width, height):
        matrix = view_matrix(width, height, view)
        assert matrix[0, 0] > 1.7 * view_matrix(width, height, WHOLE)[0, 0]
        low, high = (
            np.linalg.solve(matrix[:, :2], at - matrix[:, 2])
            for at in (np.zeros(2), np.full(2, INPUT_SIZE - 1))
        )
        assert (low > -1).all()
        assert (high < [width, height]).all()
        x0, y0, x1, y1 = np.round([*low, *high]).astype(int)
        covered[max(y0 - 1, 0) : y1 + 2, max(x0 - 1, 0) : x1 + 2] = True
    assert covered.all()
