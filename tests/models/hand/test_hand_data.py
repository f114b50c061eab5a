"""The shipped hand's mesh, and reading MANO files: right ones, wrong ones and hostile ones."""

from __future__ import annotations

import os
import pickle
import subprocess
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from models.hand.hand_data import BONES_IN_21, TIPS_IN_21, HandData, load_mano, load_open_hand
from models.types import Float32
from tests.models.hand.fake_mano import OURS, mano_arrays, mano_pickle, vertex_order

HAND = load_open_hand()


def edge_counts(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    return np.unique(edges, axis=0, return_counts=True)


def test_mesh_is_one_sheet_open_at_the_wrist() -> None:
    edges, count = edge_counts(HAND.faces)
    assert set(count.tolist()) == {1, 2}
    rim = edges[count == 1]
    assert len(rim) == 16
    assert 778 - len(edges) + 1538 == 1  # a disc: no handles, no second hole
    assert set(np.unique(rim, return_counts=True)[1].tolist()) == {2}  # one loop
    assert len(np.unique(HAND.faces)) == 778
    # The wrist is where fingers are not.
    assert HAND.weights[np.unique(rim), 0].min() > 0.99
    directed = np.concatenate([HAND.faces[:, [0, 1]], HAND.faces[:, [1, 2]], HAND.faces[:, [2, 0]]])
    assert len(np.unique(directed, axis=0)) == len(directed)  # neighbours agree on which side is out


def test_faces_look_outward_and_none_is_a_sliver() -> None:
    a, b, c = (HAND.template_m[HAND.faces[:, i]].astype(np.float64) for i in range(3))
    volume = np.einsum("ix,ix->", a, np.cross(b, c)) / 6
    assert 0.25e-3 < volume < 0.45e-3  # cubic metres, outward
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
    sides = ((b - a) ** 2).sum(1) + ((c - b) ** 2).sum(1) + ((a - c) ** 2).sum(1)
    assert (4 * np.sqrt(3) * area / sides).min() > 0.15


def test_size_and_axes_are_a_grown_right_hand_showing_its_palm() -> None:
    joints = HAND.regressor_21_mano @ HAND.template_m
    length = np.linalg.norm(np.diff(joints[[0, 9, 10, 11, 12]], axis=0), axis=1)
    assert 0.18 < length.sum() < 0.21
    assert 0.085 < length[0] < 0.11
    assert joints[9, 1] < -0.08  # fingers up, y down
    assert joints[4, 0] > 0.03 > -0.03 > joints[20, 0]  # thumb to the right
    assert joints[8, 2] < joints[5, 2]  # the fingers curl towards the viewer
    tips = HAND.template_m[HAND.regressor_21_mano[TIPS_IN_21].argmax(1)]
    assert np.linalg.norm(tips - joints[TIPS_IN_21], axis=1).max() < 1e-6


def test_regressors_hold_for_all_shapes() -> None:
    """The 21 joints in MANO's sense are the rotation centres, but for the knuckles, whatever the betas."""
    rng = np.random.default_rng(0)
    same = np.setdiff1d(np.arange(16), [4, 7, 10, 13])
    for betas in [np.zeros(10), *rng.normal(0, 1.5, (5, 10))]:
        vertices = HAND.template_m + np.tensordot(betas, HAND.shape_dirs, 1)
        joints = HAND.joints_rest + np.tensordot(betas, HAND.joint_dirs, 1)
        there = (HAND.regressor_21_mano @ vertices)[BONES_IN_21]
        assert np.abs(there - joints)[same].max() < 1e-4
        assert np.linalg.norm(there - joints, axis=1).max() < 0.01
        assert np.abs(joints[0]).max() < 1e-4
    # Opposite weights would turn a noisy mesh into jumping joints.
    assert np.abs(HAND.joint_regressor).sum(1).max() < 6


def test_betas_are_ordered_and_the_first_is_size() -> None:
    power = (HAND.shape_dirs**2).sum((1, 2))
    assert power[0] > 10 * power[1]
    assert (np.diff(power[:5]) < 0).all()
    joints = [HAND.regressor_21_mano @ (HAND.template_m + b * HAND.shape_dirs[0]) for b in (-1, 0, 1)]
    small, mean, large = (np.linalg.norm(j[12]) for j in joints)
    assert small < 0.95 * mean < mean < 0.95 * large


def test_regions_and_texture_follow_the_mesh() -> None:
    tips = HAND.regressor_21_mano[TIPS_IN_21].argmax(1)
    assert HAND.regions[tips].tolist() == [1, 2, 3, 4, 5]
    assert np.bincount(HAND.regions).min() > 70
    corners = HAND.uv[HAND.uv_faces]
    assert HAND.uv.min() >= 0
    assert HAND.uv.max() <= 1
    u, v = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    turn = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    assert max((turn > 0).mean(), (turn < 0).mean()) > 0.99  # nothing is folded over
    edge = np.linalg.norm(corners - np.roll(corners, 1, 1), axis=-1)
    assert edge.max() < 0.2  # no face spans a seam


@pytest.mark.fault
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h: {"template_m": h.template_m[:700]}, "template_m: expected float32"),
        (lambda h: {"template_m": h.template_m * np.float32(np.nan)}, "not finite"),
        (lambda h: {"weights": h.weights * np.float32(0.5)}, "weights: every row must sum to 1"),
        (lambda h: {"parents": h.parents[::-1].copy()}, "expected a tree"),
        (lambda h: {"faces": h.faces + np.int32(1)}, "faces: expected vertex numbers"),
        (lambda h: {"template_m": h.template_m + np.float32(0.1)}, "wrist joint must stay at the origin"),
    ],
)
def test_wrong_data_is_refused(change: Callable[[HandData], dict[str, Float32]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(HAND, **change(HAND))


def test_data_is_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        HAND.template_m[0] = 0


def dump(content: object, path: Path) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else pickle.dumps(content))
    return path


def test_mano_comes_back_in_our_order(tmp_path: Path) -> None:
    arrays = mano_arrays()
    hand = load_mano(dump(mano_pickle(arrays), tmp_path / "MANO_RIGHT.pkl"))
    order = vertex_order()
    np.testing.assert_allclose(hand.template_m, HAND.template_m[order], atol=2e-6)
    np.testing.assert_allclose(hand.shape_dirs, HAND.shape_dirs[:, order], atol=2e-6)
    np.testing.assert_allclose(hand.weights, HAND.weights[order], atol=2e-6)
    np.testing.assert_allclose(hand.joint_regressor, HAND.joint_regressor[:, order], atol=2e-6)
    np.testing.assert_allclose(hand.regressor_21[TIPS_IN_21], HAND.regressor_21_mano[TIPS_IN_21][:, order])
    assert hand.parents.tolist() == HAND.parents.tolist()
    assert (order[hand.faces] == HAND.faces).all()
    # Our thumb's first bone is MANO's thirteenth: its correctives must have moved with it.
    assert hand.pose_dirs is not None
    np.testing.assert_allclose(
        hand.pose_dirs[:9], np.moveaxis(arrays["posedirs"][:, :, 108:117], 2, 0), atol=1e-9
    )
    assert OURS[13] == 1


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_mano_saved_again_by_python_3(tmp_path: Path, protocol: int) -> None:
    arrays: dict[str, object] = dict(mano_arrays())
    arrays["J_regressor"] = scipy.sparse.csr_matrix(arrays["J_regressor"])
    hand = load_mano(dump(pickle.dumps(arrays, protocol), tmp_path / "mano.pkl"))
    np.testing.assert_allclose(hand.joint_regressor, HAND.joint_regressor[:, vertex_order()], atol=1e-6)


class Call:
    """Pickles as a call of any function."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call


@pytest.mark.fault
@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize(
    ("attack", "named"),
    [
        (lambda m: Call(os.system, f"touch {m}"), "system"),
        (lambda m: Call(eval, f"open({str(m)!r}, 'w')"), "builtins.eval"),
        (lambda m: Call(subprocess.check_call, ["touch", str(m)]), "subprocess.check_call"),
        (lambda m: Call(open, str(m), "w"), "open"),
        (lambda m: Call(np.save, str(m), [1]), "save"),
        (lambda m: Call(getattr, "a", "upper"), "builtins.getattr"),
    ],
)
def test_hostile_pickles_run_nothing(
    tmp_path: Path, attack: Callable[[Path], object], named: str, hidden: bool
) -> None:
    marker = tmp_path / "marker"
    content: object = attack(marker)
    if hidden:  # among otherwise good arrays
        content = {**mano_arrays(), "bs_style": content}
    with pytest.raises(ValueError, match=named) as caught:
        load_mano(dump(content, tmp_path / "mano.pkl"))
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == [tmp_path / "mano.pkl"]


@pytest.mark.fault
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a MANO pickle"),
        (b"hello, this is a text file\n" * 20, "not a MANO pickle"),
        (mano_pickle(mano_arrays())[:50_000], "not a MANO pickle"),
        (pickle.dumps([1, 2]), "expected MANO's dictionary, got list"),
        (pickle.dumps({"v_template": 3}), "'v_template' cannot be read"),
        (pickle.dumps({}), "no 'v_template' in it"),
        (
            pickle.dumps({**mano_arrays(), "f": np.zeros((5, 3))}),
            r"'f' expected shape \(1538, 3\), got \(5, 3\)",
        ),
        (pickle.dumps({**mano_arrays(), "v_template": np.full((778, 3), np.nan)}), "not finite"),
        (pickle.dumps({**mano_arrays(), "kintree_table": np.full((2, 16), 99)}), "has the parent 99"),
        (pickle.dumps({**mano_arrays(), "v_template": np.full((778, 3), "a")}), "cannot be read"),
    ],
)
def test_other_files_get_one_clear_line(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        load_mano(dump(content, tmp_path / "mano.pkl"))
    assert "mano.pkl" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_huge_and_missing_files(tmp_path: Path) -> None:
    huge = tmp_path / "huge.pkl"
    with huge.open("wb") as file:
        file.truncate(65 << 20)
    with pytest.raises(ValueError, match="too large"):
        load_mano(huge)
    with pytest.raises(FileNotFoundError):
        load_mano(tmp_path / "none.pkl")


def test_every_field_is_in_the_asset() -> None:
    assert all(getattr(HAND, f.name) is not None for f in fields(HandData) if f.name != "pose_dirs")
