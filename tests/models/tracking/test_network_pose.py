"""A network that knows the hand model of its mesh hands its pose on, whichever side the hand is of."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from models.geometry import camera_from_fov, project
from models.hand.hand_data import load_open_hand
from models.hand.skinning import pose_hand
from models.inference.landmark_runtime import crop_hand
from models.inference.runtime import HandRuntime
from models.tracking.reconstruction import NetworkHand, NetworkMesh
from models.types import Crop, CropPrediction, Detection, Float32, Handedness, HandPose

HAND, CAMERA = load_open_hand(), camera_from_fov(640, 480)
LEFT = np.array([-1.0, 1.0, 1.0])


class Knowing:
    """Sees a right hand's crop as it truly is, with the pose."""

    input_size = 224
    crop: Crop
    pose: HandPose  # in the crop's axes

    def __call__(self, crop_rgb: object, focal: float) -> CropPrediction:
        vertices, joints = pose_hand(HAND, self.pose.rotations, self.pose.betas, self.pose.translation_m)
        px = project(joints, self.crop.camera).astype(np.float32)
        wrist = self.pose.translation_m - joints[0]
        known = HandPose(self.pose.rotations, self.pose.betas, wrist.astype(np.float32))
        return CropPrediction(px, 1.0, 1.0, vertices - joints[0], joints - joints[0], known)


def meets(hand: NetworkHand, flip: np.ndarray) -> float:
    """How far the pose's mesh is from the hand's, metres."""
    assert hand.pose is not None
    again, _ = pose_hand(HAND, hand.pose.rotations, hand.pose.betas, hand.pose.translation_m)
    return float(np.abs(again * flip - hand.vertices_m).max())


@pytest.mark.parametrize("handedness", ["right", "left"])
def test_the_pose_meets_the_mesh_from_frame_to_frame(handedness: Handedness) -> None:
    network, previous = Knowing(), None
    method = NetworkMesh(network)  # type: ignore[arg-type]
    flip = LEFT if handedness == "left" else np.ones(3)
    for k in range(4):
        turns = np.zeros((16, 3))
        turns[1:, 0], turns[0] = 0.3, [0.02 * k, 3.0, 0.1]
        R = Rotation.from_rotvec(turns).as_matrix().astype(np.float32)
        betas, at = np.full(10, 0.3, np.float32), np.array([0.05, 0.02, 0.5], np.float32)
        _, joints = pose_hand(HAND, R, betas, at)
        frame: Float32 = joints * flip
        px = project(frame, CAMERA).astype(np.float32)
        crop = crop_hand(np.zeros((480, 640, 3), np.uint8), CAMERA, px, handedness)
        turn = crop.A @ np.diag(flip)  # the right hand that is seen: mirrored, then the crop
        network.crop = crop
        rotations = np.concatenate([(turn @ R[0])[None], R[1:]]).astype(np.float32)
        network.pose = HandPose(rotations, betas, (turn @ at).astype(np.float32))
        found = method.lift(method.infer(crop, CAMERA), handedness, CAMERA, previous)
        assert found.handedness == handedness
        assert (
            meets(found, flip) < 1.5e-3 if k else 1e-4
        )  # between two frames a rotation is not blended exactly
        previous = found


def test_a_network_without_one_hands_none_on() -> None:
    answer = CropPrediction(
        np.zeros((21, 2), np.float32), 1.0, 1.0, HAND.template_m, np.zeros((21, 3), np.float32)
    )
    crop = crop_hand(
        np.zeros((480, 640, 3), np.uint8), CAMERA, np.random.default_rng(0).random((21, 2)) * 200, "right"
    )
    assert answer.pose_in_camera_axes(crop) is None


class Answering:
    """A network's engine that always says the same."""

    input_size = 224

    def __init__(self, **answers: np.ndarray) -> None:
        self.answers = {
            "joints_2d": np.full((1, 21, 2), 0.5, np.float32),
            "joints_m": np.zeros((1, 21, 3), np.float32),
            "presence": np.ones(1, np.float32),
            "handedness": np.ones(1, np.float32),
        } | answers

    def __call__(self, crops_rgb: object, focal: float) -> dict[str, np.ndarray]:
        return self.answers


def asked(engine: Answering) -> Detection:
    crop = crop_hand(np.zeros((480, 640, 3), np.uint8), CAMERA, np.eye(21, 2) * 99 + 200, "right")
    return NetworkMesh(HandRuntime("x", "torch", engine)).infer(crop, CAMERA)


def test_a_pose_that_is_not_a_number_costs_the_pose_alone() -> None:
    R = np.tile(np.eye(3, dtype=np.float32), (1, 16, 1, 1))
    known = {"betas": np.zeros((1, 10), np.float32), "wrist_m": np.zeros((1, 3), np.float32)}
    mesh = HAND.template_m[None]
    assert asked(Answering(vertices_m=mesh, rotations=R, **known)).pose is not None
    lost = asked(Answering(vertices_m=mesh, rotations=R * np.nan, **known))
    assert lost.pose is None
    assert lost.vertices_m is not None
    with pytest.raises(ValueError, match="rotations: expected shape"):
        asked(Answering(vertices_m=mesh, rotations=R[:, 1:], **known))


def test_a_network_without_a_mesh_is_called_so() -> None:
    with pytest.raises(ValueError, match="expected a network that sees a mesh"):
        asked(Answering())
