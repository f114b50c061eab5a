"""Spirals on meshes small enough to count by hand."""

import numpy as np
import pytest

from models.hand.hand_data import load_open_hand
from models.networks.mesh.spirals import ordered_neighbours, spirals


def hexagons() -> tuple[np.ndarray, np.ndarray]:
    """Two rings of a hexagonal lattice in the plane z = 0, seen from +z; vertex 0 in the middle.

    1..6 are the inner ring, counter-clockwise from +x; 7..18 the outer one, from +x too.
    """
    angles = np.arange(6) * np.pi / 3
    inner = np.stack([np.cos(angles), np.sin(angles), 0 * angles], 1)
    corners = 2 * inner
    outer = np.stack([corners, (corners + np.roll(corners, -1, 0)) / 2], 1).reshape(-1, 3)
    vertices = np.concatenate([[[0, 0, 0]], inner, outer])
    faces = []
    for i in range(6):
        a, b = 1 + i, 1 + (i + 1) % 6
        corner, edge, following = 7 + 2 * i, 8 + 2 * i, 7 + (2 * i + 2) % 12
        faces += [(0, a, b), (a, corner, edge), (a, edge, b), (b, edge, following)]
    return vertices, np.array(faces, np.int32)


def is_rotation(found: list[int], expected: list[int]) -> bool:
    i = found.index(expected[0])
    return found[i:] + found[:i] == expected


def test_neighbours_turn_counter_clockwise() -> None:
    _, faces = hexagons()
    fans = ordered_neighbours(faces, 19)
    assert is_rotation(fans[0], [1, 2, 3, 4, 5, 6])
    assert is_rotation(fans[1], [0, 6, 18, 7, 8, 2])
    assert fans[7] == [8, 1, 18]  # on the rim: from one end to the other, the surface on the left


def test_rings_follow_each_other_in_turning_order() -> None:
    vertices, faces = hexagons()
    row = spirals(vertices, faces, 19)[0].tolist()
    assert row[0] == 0
    assert is_rotation(row[1:7], [1, 2, 3, 4, 5, 6])
    assert is_rotation(row[7:], list(range(7, 19)))
    # The second ring goes on where the first began.
    assert {row[7], row[8]} & {5 + 2 * row[1], 6 + 2 * row[1]}


def test_too_few_vertices_are_padded_with_the_centre() -> None:
    vertices, faces = hexagons()
    rows = spirals(vertices, faces, 25)
    assert (rows[:, 19:] == np.arange(19)[:, None]).all()
    assert all(sorted(row[:19]) == list(range(19)) for row in rows.tolist())


def test_dilation_takes_every_second_of_a_spiral_twice_as_long() -> None:
    hand = load_open_hand()
    plain = spirals(hand.template_m, hand.faces, 18)
    assert np.array_equal(spirals(hand.template_m, hand.faces, 9, dilation=2), plain[:, ::2])


def test_rows_hold_rings_of_neighbours_without_repeats() -> None:
    hand = load_open_hand()
    rows = spirals(hand.template_m, hand.faces, 9)
    fans = ordered_neighbours(hand.faces, 778)
    for v, row in enumerate(rows.tolist()):
        assert row[0] == v
        assert len(set(row)) == 9
        ring = len(fans[v])
        assert set(row[1 : 1 + ring]) == set(fans[v][: len(row[1 : 1 + ring])]) or ring > 8


def test_region_of_interest_stays_in_its_region() -> None:
    hand = load_open_hand()
    rows = spirals(hand.template_m, hand.faces, 18, dilation=2, regions=hand.regions)
    assert (hand.regions[rows] == hand.regions[:, None]).all()
    assert np.unique(rows[0]).size == 18  # and reaches far within it


def test_spirals_begin_towards_the_same_side() -> None:
    """Rotating the mesh, which moves the axis with it, leaves the table as it was."""
    hand = load_open_hand()
    turned = hand.template_m @ np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], np.float32)
    assert np.array_equal(spirals(turned, hand.faces, 9), spirals(hand.template_m, hand.faces, 9))


@pytest.mark.parametrize(("length", "dilation"), [(0, 1), (9, 0)])
def test_refuses_nothing_to_gather(length: int, dilation: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        spirals(*hexagons(), length, dilation)
