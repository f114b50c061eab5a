"""BVH, re-read by an independent reader; and animation at 29.97 and at a changing rate."""

from pathlib import Path

import numpy as np
import pygltflib
import pytest
from scipy.spatial.transform import Rotation

from app.errors import UserError
from app.export import Exports, make_writers
from app.export.formats.bvh import BvhFolderWriter
from app.export.joint_names import JOINT_NAMES
from app.frame import FrameHands
from models.hand.hand_data import BONES_IN_21, TIPS_IN_21, load_open_hand
from models.hand.poser import HandPoser
from models.hand.skinning import pose_hand
from models.types import Camera, Handedness, HandMesh, HandPose

HAND = load_open_hand()
CAMERA = Camera(600, 600, 319.5, 239.5, 640, 480)
UP = np.array([1, -1, -1])


def hand_at(time_s: float, track: int = 0, handedness: Handedness = "right") -> HandMesh:
    """A hand that turns, bends its fingers and comes nearer; a left one is the mirror image."""
    bends = np.zeros((16, 3))
    bends[:, 0] = 0.3 + 0.5 * time_s
    bends[0] = [0.2 + time_s, 0.1, 0.3]
    rotations = Rotation.from_rotvec(bends).as_matrix().astype(np.float32)
    betas, t = (
        np.linspace(-1, 1, 10, dtype=np.float32),
        np.array([0.05, 0.02, 0.5 - 0.1 * time_s], np.float32),
    )
    vertices, joints = pose_hand(HAND, rotations, betas, t)
    pose = HandPose(rotations, betas, t)
    flip = np.array([-1 if handedness == "left" else 1, 1, 1], np.float32)
    pixels = np.zeros((21, 2), np.float32)
    return HandMesh(handedness, vertices * flip, joints * flip, pixels, 0.9, track, time_s, pose)


def written(folder: Path, times_s: np.ndarray) -> None:
    """Two hands; the left one comes a second late."""
    writer = BvhFolderWriter(folder, HandPoser())
    for index, time_s in enumerate(times_s):
        hands = [hand_at(time_s)] + ([hand_at(time_s, 1, "left")] if time_s >= 1 else [])
        writer.add(FrameHands(index, float(time_s), CAMERA, tuple(hands)))
    writer.save()


def bvh_joints(path: Path, frame: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """World positions and rotations of a frame by name, tips as "NAME_End", by bvhio."""
    bvhio = pytest.importorskip("bvhio", reason="bvhio, a BVH reader that is not ours, is not installed")
    root = bvhio.readAsHierarchy(str(path))

    def turned(joint: object) -> Rotation:
        q = joint.RotationWorld  # type: ignore[attr-defined]
        return Rotation.from_quat([q.x, q.y, q.z, q.w])

    root.loadRestPose()  # the reader's own axes along each bone, which BVH does not know
    rest = {joint.Name: turned(joint) for joint, _, _ in root.layout()}
    root.loadPose(frame)
    places, turns = {}, {}
    for joint, _, _ in root.layout():
        places[joint.Name] = np.array(joint.PositionWorld.to_tuple())
        turns[joint.Name] = (turned(joint) * rest[joint.Name].inv()).as_matrix()
    return places, turns


@pytest.mark.parametrize("handedness", ["right", "left"])
def test_another_reader_finds_the_bones_where_they_are(tmp_path: Path, handedness: Handedness) -> None:
    times = np.arange(46) / 30
    written(tmp_path / "b", times)
    name = "hand0" if handedness == "right" else "hand1_left"
    flip = np.array([-1 if handedness == "left" else 1, 1, 1])
    for frame in (30, 37, 45):
        places, turns = bvh_joints(tmp_path / "b" / f"{name}.bvh", frame)
        pose = HandPoser()(hand_at(times[frame], 0, handedness))
        for bone in range(16):
            joint = JOINT_NAMES[BONES_IN_21[bone]]
            assert np.linalg.norm(places[joint] - pose.joints_m[bone] * flip * UP) < 1e-4, joint
            mirror = (flip * UP)[:, None] * pose.turns[bone] * (flip * UP)
            turned = Rotation.from_matrix(turns[joint] @ mirror.T).magnitude()
            assert np.degrees(turned) < 0.1, joint
    assert len(TIPS_IN_21) == (tmp_path / "b" / f"{name}.bvh").read_text().count("End Site")


def test_a_changing_rate_is_resampled_to_the_same_seconds(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    times = np.concatenate([[0], np.cumsum(rng.choice([1 / 30, 1 / 30, 1 / 20, 1 / 60], 80))])
    written(tmp_path / "b", times)
    text = (tmp_path / "b" / "hand0.bvh").read_text()
    step_s = float(text.split("Frame Time:")[1].split()[0])
    assert step_s == pytest.approx(1 / 30)
    for frame in (10, 40):
        places, _ = bvh_joints(tmp_path / "b" / "hand0.bvh", frame)
        pose = HandPoser()(hand_at(frame * step_s))
        assert np.linalg.norm(places["index_dip"] - pose.joints_m[6] * UP) < 5e-4


def test_before_it_is_seen_a_hand_keeps_its_first_pose(tmp_path: Path) -> None:
    written(tmp_path / "b", np.arange(46) / 30)
    first, later = (bvh_joints(tmp_path / "b" / "hand1_left.bvh", frame)[0]["wrist"] for frame in (0, 30))
    assert np.abs(first - later).max() < 1e-6


def test_given_up_and_full_folders(tmp_path: Path) -> None:
    writer = BvhFolderWriter(tmp_path / "b", HandPoser())
    writer.add(FrameHands(0, 0.0, CAMERA, (hand_at(0),)))
    writer.discard()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(UserError, match="not empty"):
        BvhFolderWriter(tmp_path, HandPoser())


@pytest.mark.parametrize("kind", ["29.97", "changing"])
def test_gltf_keeps_seconds_at_any_rate(tmp_path: Path, kind: str) -> None:
    """glTF's keys are seconds, so an importer's scene rate changes nothing: they must be the video's own."""
    rng = np.random.default_rng(1)
    times = (
        np.arange(300) * 1001 / 30000 + 3000 if kind == "29.97" else np.cumsum(rng.uniform(0.01, 0.06, 60))
    )
    (writer,) = make_writers(Exports({"gltf": tmp_path / "h.glb"}))
    for index in range(0, len(times), 10):
        hands = (hand_at(float(index % 30) / 30),)
        writer.add(FrameHands(index, float(times[index]), CAMERA, hands))
    writer.save()
    gltf = pygltflib.GLTF2().load(str(tmp_path / "h.glb"))
    sampler = next(
        gltf.animations[0].samplers[c.sampler]
        for c in gltf.animations[0].channels
        if c.target.path == "rotation"
    )
    accessor = gltf.accessors[sampler.input]
    view = gltf.bufferViews[accessor.bufferView]
    keys = np.frombuffer(gltf.binary_blob()[view.byteOffset :][: 4 * accessor.count], "<f4")
    assert np.abs(keys - times[::10]).max() < 2e-4
    assert accessor.max[0] == pytest.approx(times[::10][-1], abs=2e-4)
