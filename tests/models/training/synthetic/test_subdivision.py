import numpy as np
import pytest

from models.hand.hand_data import load_open_hand
from models.training.synthetic.arm import Arm, boundary_loop
from models.training.synthetic.subdivision import refine

OCTAHEDRON = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], float)
OCTAHEDRON_FACES = np.array(
    [[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]]
)


def signed_volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    a, b, c = vertices[faces].transpose(1, 0, 2)
    return float((np.cross(a, b) * c).sum() / 6)


def test_counts_rows_and_winding() -> None:
    fine = refine(OCTAHEDRON_FACES, 6, 2)
    assert fine.matrix.shape == (66, 6)
    assert len(fine.faces) == 8 * 16
    np.testing.assert_allclose(np.asarray(fine.matrix.sum(1)).ravel(), 1, atol=1e-12)
    assert signed_volume(fine.matrix @ OCTAHEDRON, fine.faces) > 0


def test_known_loop_weights() -> None:
    fine = refine(OCTAHEDRON_FACES, 6, 1, keep_size=False)
    vertices = fine.matrix @ OCTAHEDRON
    # Valence 4: beta 3/32, so a corner keeps 5/8 of itself; its neighbours cancel.
    np.testing.assert_allclose(vertices[0], [0.625, 0, 0], atol=1e-12)
    # An edge: 3/8 of its ends, 1/8 of the corners opposite, which cancel here.
    middle = vertices[6:]
    np.testing.assert_allclose(np.sort(np.abs(middle), 1), np.tile([0, 0.375, 0.375], (12, 1)), atol=1e-12)


def test_a_flat_open_mesh_stays_flat_and_keeps_its_outline() -> None:
    u, v = np.meshgrid(np.arange(4.0), np.arange(4.0))
    vertices = np.stack([u.ravel(), v.ravel(), np.zeros(16)], 1)
    corner = (np.arange(3)[:, None] * 4 + np.arange(3)).ravel()
    faces = np.concatenate(
        [np.stack([corner, corner + 1, corner + 5], 1), np.stack([corner, corner + 5, corner + 4], 1)]
    )
    fine = refine(faces, 16, 1, keep_size=False)
    moved = fine.matrix @ vertices
    assert np.abs(moved[:, 2]).max() < 1e-12
    on_edge = (moved[:, 1] < 1e-9) & (moved[:, 0] > 0.6) & (moved[:, 0] < 2.4)
    assert on_edge.sum() >= 3  # the straight border is still straight


def test_the_hand_keeps_its_thickness() -> None:
    hand = load_open_hand()
    inner = np.asarray(np.setdiff1d(np.arange(778), boundary_loop(hand.faces)))
    fine = refine(hand.faces, 778, 2)
    moved = np.linalg.norm((fine.matrix @ hand.template_m)[:778] - hand.template_m, axis=1)[inner]
    assert np.median(moved) < 0.0003
    assert moved.max() < 0.002


def test_more_than_two_faces_at_an_edge_are_refused() -> None:
    with pytest.raises(ValueError, match="manifold"):
        refine(np.array([[0, 1, 2], [1, 0, 3], [0, 1, 4]]), 5, 1)


def test_the_arm_goes_on_from_the_wrist_without_a_gap() -> None:
    arm = Arm(load_open_hand())
    sides = np.sort(
        np.concatenate([arm.skin_faces[:, [0, 1]], arm.skin_faces[:, [1, 2]], arm.skin_faces[:, [2, 0]]]), 1
    )
    _, count = np.unique(sides, axis=0, return_counts=True)
    assert count.max() == 2
    assert (count == 1).sum() == len(arm.loop)  # open only at the elbow


def test_the_arm_runs_to_the_elbow_and_never_twists_shut() -> None:
    hand = load_open_hand()
    arm = Arm(hand)
    elbow = np.array([0.25, 0.1, 0.05])  # the wrist bent by about 70 degrees
    skin = arm.pose(hand.template_m, np.eye(3), elbow).skin[778:].reshape(-1, 16, 3)
    centres = skin.mean(1)
    towards = elbow - hand.template_m[arm.loop].mean(0)
    last = centres[-1] - centres[-2]
    assert last @ towards / np.linalg.norm(last) / np.linalg.norm(towards) > 0.98
    radii = np.linalg.norm(skin - centres[:, None], axis=-1)
    assert radii.min() > 0.016  # a candy wrapper's waist would be far thinner
    assert (np.linalg.norm(skin[1:] - skin[:-1], axis=-1) < 0.065).all()
