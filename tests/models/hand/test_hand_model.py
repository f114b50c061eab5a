"""Both hand models, the open one and a MANO-like one with pose correctives, in torch and in NumPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from models.geometry import rotation_from_axis_angle
from models.hand.hand_data import HandData, load_mano, load_open_hand
from models.hand.hand_model import HandModel, rotation_matrices
from models.hand.skinning import pose_hand
from tests.models.hand.fake_mano import mano_arrays, mano_pickle

MIRROR = np.diag([-1.0, 1.0, 1.0])


@pytest.fixture(scope="module")
def mano_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mano") / "MANO_RIGHT.pkl"
    path.write_bytes(mano_pickle(mano_arrays()))
    return path


@pytest.fixture(scope="module", params=["open", "mano"])
def data(request: pytest.FixtureRequest, mano_path: Path) -> HandData:
    return load_open_hand() if request.param == "open" else load_mano(mano_path)


def random_hands(count: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    g = torch.Generator().manual_seed(seed)
    pose = 0.5 * torch.randn(count, 16, 3, generator=g)
    return pose, torch.randn(count, 10, generator=g), torch.randn(count, 3, generator=g)


def test_rest_pose_is_the_template(data: HandData) -> None:
    out = HandModel(data)(torch.zeros(1, 16, 3), torch.zeros(1, 10), torch.zeros(1, 3))
    np.testing.assert_allclose(out.vertices[0], data.template_m, atol=1e-7)
    np.testing.assert_allclose(out.joints[0], data.regressor_21 @ data.template_m, atol=1e-6)
    assert out.vertices.dtype == torch.float32


def test_batch_equals_singles(data: HandData) -> None:
    hand, inputs = HandModel(data), random_hands(5)
    together = hand(*inputs)
    for i in range(5):
        alone = hand(*(x[i : i + 1] for x in inputs))
        torch.testing.assert_close(alone.vertices[0], together.vertices[i], atol=1e-6, rtol=0)
        torch.testing.assert_close(alone.joints[0], together.joints[i], atol=1e-6, rtol=0)


def test_numpy_equals_torch(data: HandData) -> None:
    pose, betas, translation = random_hands(5)
    out = HandModel(data)(pose, betas, translation)
    for i in range(5):
        vertices, joints = pose_hand(data, rotation_matrices(pose[i]), betas[i], translation[i])
        assert vertices.dtype == joints.dtype == np.float32
        np.testing.assert_allclose(vertices, out.vertices[i], rtol=5e-6, atol=2e-6)
        np.testing.assert_allclose(joints, out.joints[i], rtol=5e-6, atol=2e-6)


def test_matrices_and_axis_angles_agree(data: HandData) -> None:
    hand, (pose, betas, translation) = HandModel(data), random_hands(3)
    matrices = torch.tensor(rotation_from_axis_angle(pose.numpy()), dtype=torch.float32)
    a, b = hand(pose, betas, translation), hand(matrices, betas, translation)
    torch.testing.assert_close(a.vertices, b.vertices, atol=1e-6, rtol=0)


def test_global_rotation_turns_everything_about_the_wrist_joint(data: HandData) -> None:
    hand, (pose, betas, translation) = HandModel(data), random_hands(2)
    matrices = rotation_matrices(pose)
    turn = rotation_matrices(torch.tensor([0.3, -1.0, 2.0]))
    turned = torch.cat([turn @ matrices[:, :1], matrices[:, 1:]], 1)
    a, b = hand(matrices, betas, 0 * translation), hand(turned, betas, translation)
    for before, after in ((a.vertices, b.vertices), (a.joints, b.joints)):
        torch.testing.assert_close(before @ turn.T + translation[:, None], after, atol=5e-6, rtol=0)


def test_a_bent_finger_moves_alone_and_keeps_its_bones(data: HandData) -> None:
    hand = HandModel(data)
    pose = torch.zeros(1, 16, 3)
    pose[0, 8] = torch.tensor([0.9, 0.1, 0.0])  # the middle finger's second joint
    rest = hand(0 * pose, torch.zeros(1, 10), torch.zeros(1, 3)).vertices[0]
    bent = hand(pose, torch.zeros(1, 10), torch.zeros(1, 3)).vertices[0]
    moved = (bent - rest).norm(dim=1).numpy()
    carried = data.weights[:, [8, 9]].sum(1)
    corrective = 0.004 if data.pose_dirs is not None else 1e-6
    assert moved[carried == 0].max() < corrective
    assert moved[carried > 0.99].max() > 0.02
    end = data.weights[:, 9] > 0.999
    if data.pose_dirs is None:  # the last bone stays rigid
        before, after = torch.pdist(rest[end]), torch.pdist(bent[end])
        torch.testing.assert_close(before, after, atol=1e-5, rtol=0)


def test_betas_change_lengths_and_leave_the_wrist(data: HandData) -> None:
    hand = HandModel(data)
    betas = torch.zeros(2, 10)
    betas[1, 0] = 2
    out = hand(torch.zeros(2, 16, 3), betas, torch.zeros(2, 3))
    lengths = (out.joints[:, 12] - out.joints[:, 9]).norm(dim=1)
    assert lengths[1] > 1.1 * lengths[0]
    wrist = torch.tensor(data.joint_regressor[0]) @ out.vertices
    assert wrist.abs().max() < 1e-4


def test_left_hand_is_the_mirror_image(data: HandData) -> None:
    pose, betas, translation = random_hands(3)
    right, left = HandModel(data), HandModel(data, handedness="left")
    flip = torch.tensor([-1.0, 1.0, 1.0])
    a = right(pose, betas, translation)
    b = left(pose * -flip, betas, translation * flip)  # axes are pseudo-vectors: y and z change sign
    torch.testing.assert_close(a.vertices * flip, b.vertices, atol=1e-6, rtol=0)
    torch.testing.assert_close(a.joints * flip, b.joints, atol=1e-6, rtol=0)
    rest = left(0 * pose, 0 * betas, 0 * translation).vertices[0].double()
    p, q, r = (rest[left.faces[:, i].long()] for i in range(3))
    assert (p * torch.linalg.cross(q, r)).sum() > 0, "a left hand's faces must look outward too"


def test_gradients_match_finite_differences(data: HandData) -> None:
    hand = HandModel(data).double()
    g = torch.Generator().manual_seed(1)
    weights = torch.randn(21, 3, generator=g, dtype=torch.float64)
    picked = torch.randn(778, 3, generator=g, dtype=torch.float64) * 0.05

    def loss(pose: Tensor, betas: Tensor, translation: Tensor) -> Tensor:
        out = hand(pose, betas, translation)
        return (out.joints * weights).sum() + (out.vertices * picked).sum()

    inputs = [x[:1].double() for x in random_hands(1, seed=3)]
    inputs[0][0, 3:6] = 0  # the derivative at zero, where a naive norm gives NaN
    inputs[0][0, 7] *= 1e-5 / inputs[0][0, 7].norm()  # and just beside it
    for x in inputs:
        x.requires_grad_(True)
    assert torch.autograd.gradcheck(loss, inputs, eps=1e-6, atol=1e-7, rtol=1e-5)


def test_rotations_are_rotations_at_every_angle() -> None:
    axis = torch.tensor([0.6, 0.0, 0.8], dtype=torch.float64)
    for angle in (0.0, 1e-9, 5e-4, 2e-3, 1.0, np.pi - 1e-6, np.pi, 6.0):
        R = rotation_matrices(angle * axis)
        np.testing.assert_allclose(R, rotation_from_axis_angle(angle * axis.numpy()), atol=1e-12)
        np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-12)


def test_wrong_inputs_are_named() -> None:
    hand = HandModel(load_open_hand())
    with pytest.raises(ValueError, match=r"pose: expected \(B, 16, 3\)"):
        hand(torch.zeros(2, 48), torch.zeros(2, 10), torch.zeros(2, 3))
    with pytest.raises(ValueError, match=r"expected betas \(2, 10\)"):
        hand(torch.zeros(2, 16, 3), torch.zeros(1, 10), torch.zeros(2, 3))
    with pytest.raises(ValueError, match="expected 'right' or 'left'"):
        HandModel(load_open_hand(), handedness="middle")  # type: ignore[arg-type]


def test_from_mano_reads_the_users_file(mano_path: Path) -> None:
    hand = HandModel.from_mano(mano_path)
    assert hand.pose_dirs is not None
    assert hand.state_dict() == {}, "a checkpoint must not carry the user's MANO"
