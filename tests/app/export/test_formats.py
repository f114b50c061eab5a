"""Exports: what an independent reader finds in them is what the pipeline said."""

import csv
import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pygltflib
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from app.errors import UserError
from app.export import Exports, make_writers
from app.export.formats.sidecar import as_json, as_line, read_sidecar
from app.export.joint_names import JOINT_NAMES
from app.frame import FrameHands
from models.hand.hand_data import load_open_hand
from models.hand.skinning import pose_hand
from models.types import Camera, Handedness, HandMesh
from tests.models.hand.fake_mano import mano_arrays, mano_pickle

HAND = load_open_hand()
CAMERA = Camera(600, 600, 319.5, 239.5, 640, 480)


def hand_at(time_s: float, track: int = 0, handedness: Handedness = "right") -> HandMesh:
    """A hand that turns, bends its fingers and comes nearer; a left one is the mirror image."""
    pose = np.zeros((16, 3))
    pose[:, 0] = 0.3 + 0.5 * time_s
    pose[0] = [0.2 + time_s, 0.1, 0.3]
    rotations = Rotation.from_rotvec(pose).as_matrix()
    vertices, joints = pose_hand(HAND, rotations, np.linspace(-1, 1, 10), [0.05, 0.02, 0.5 - 0.1 * time_s])
    flip = np.array([-1 if handedness == "left" else 1, 1, 1], np.float32)
    pixels = np.full((21, 2), 100 + 10 * time_s, np.float32)
    return HandMesh(handedness, vertices * flip, joints * flip, pixels, 0.9, track, time_s)


def frames(n: int = 5) -> list[FrameHands]:
    """A right hand all the time, a left one in frames 1 and 2 only."""
    out = []
    for i in range(n):
        hands = [hand_at(i / 10)] + ([hand_at(i / 10, 1, "left")] if i in (1, 2) else [])
        out.append(FrameHands(i, i / 10, CAMERA, tuple(hands)))
    return out


def export(wanted: Exports, n: int = 5) -> None:
    writers = make_writers(wanted)
    for frame in frames(n):
        for writer in writers:
            writer.add(frame)
    for writer in writers:
        writer.save()


def numbers(gltf: pygltflib.GLTF2, accessor: int) -> np.ndarray:
    """(N, components) of a float accessor."""
    a = gltf.accessors[accessor]
    view = gltf.bufferViews[a.bufferView]
    width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}[a.type]
    data = gltf.binary_blob()[view.byteOffset : view.byteOffset + view.byteLength]
    return np.frombuffer(data, "<f4").reshape(a.count, width)


def animation(gltf: pygltflib.GLTF2) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]:
    """(node name, property) -> times and values."""
    found = {}
    for channel in gltf.animations[0].channels:
        sampler = gltf.animations[0].samplers[channel.sampler]
        key = (gltf.nodes[channel.target.node].name, channel.target.path)
        found[key] = numbers(gltf, sampler.input)[:, 0], numbers(gltf, sampler.output)
    return found


def test_gltf_joints_equal_the_csv(tmp_path: Path) -> None:
    export(Exports({"joints": tmp_path / "j.csv", "gltf": tmp_path / "h.glb"}))
    moves = animation(pygltflib.GLTF2().load(str(tmp_path / "h.glb")))
    with (tmp_path / "j.csv").open() as file:
        rows = list(csv.DictReader(file))
    for name, track in (("hand0", "0"), ("hand1_left", "1")):
        mine = [row for row in rows if row["hand"] == track]
        for joint in JOINT_NAMES:
            times, values = moves[f"{name}_{joint}", "translation"]
            expected = [[float(row[f"{joint}_{axis}_m"]) for axis in "xyz"] for row in mine]
            assert np.abs(values - expected).max() < 1e-4
            assert times == pytest.approx([float(row["time_s"]) for row in mine], abs=1e-6)


def test_the_gltf_skin_follows_the_mesh(tmp_path: Path) -> None:
    """Skinned as the specification says, from the file alone."""
    export(Exports({"gltf": tmp_path / "h.glb"}))
    gltf = pygltflib.GLTF2().load(str(tmp_path / "h.glb"))
    moves = animation(gltf)
    parent = {child: i for i, node in enumerate(gltf.nodes) for child in node.children or ()}
    for name, handedness, frames in (("hand0", "right", range(5)), ("hand1_left", "left", (1, 2))):
        node = next(node for node in gltf.nodes if node.name == name)
        skin, primitive = gltf.skins[node.skin], gltf.meshes[node.mesh].primitives[0]
        bind = numbers(gltf, skin.inverseBindMatrices).reshape(-1, 4, 4).transpose(0, 2, 1)
        rest = np.c_[numbers(gltf, primitive.attributes.POSITION), np.ones(778)]
        weights = numbers(gltf, primitive.attributes.WEIGHTS_0)
        view = gltf.bufferViews[gltf.accessors[primitive.attributes.JOINTS_0].bufferView]
        bones = np.frombuffer(gltf.binary_blob()[view.byteOffset :][: 4 * 778], "u1").reshape(778, 4)

        def world(joint: int, key: int) -> np.ndarray:
            """A joint's transform in the camera frame at a key frame."""
            local, bone = np.eye(4), gltf.nodes[joint].name
            local[:3, :3] = Rotation.from_quat(moves[bone, "rotation"][1][key]).as_matrix()
            local[:3, 3] = moves[bone, "translation"][1][key]
            above = gltf.nodes[parent[joint]].name
            return local if above == "camera_frame" else world(parent[joint], key) @ local

        for key, frame in enumerate(frames):
            turned = np.stack([world(joint, key) for joint in skin.joints]) @ bind
            skinned = np.einsum("vk,vkxy,vy->vx", weights, turned[bones], rest)[:, :3]
            true = hand_at(frame / 10, 0, handedness).vertices_m
            assert np.linalg.norm(skinned - true, axis=1).max() < 1e-3


def test_a_hand_out_of_sight_has_no_size(tmp_path: Path) -> None:
    export(Exports({"gltf": tmp_path / "h.glb"}))
    moves = animation(pygltflib.GLTF2().load(str(tmp_path / "h.glb")))
    times, scale = moves["hand1_left_bone_wrist", "scale"]
    assert times == pytest.approx([0, 0.1, 0.3])
    assert scale[:, 0].tolist() == [0, 1, 0]
    assert moves["hand0_bone_wrist", "scale"][1][:, 0].tolist() == [1]


def test_a_video_without_hands_gives_a_valid_empty_scene(tmp_path: Path) -> None:
    writers = make_writers(Exports({"gltf": tmp_path / "h.glb", "joints": tmp_path / "j.csv"}))
    for writer in writers:
        writer.add(FrameHands(0, 0.0, CAMERA, ()))
        writer.save()
    assert not pygltflib.GLTF2().load(str(tmp_path / "h.glb")).animations
    assert len((tmp_path / "j.csv").read_text().splitlines()) == 1


@pytest.mark.parametrize("kind", ["ply", "obj"])
def test_meshes_read_back(tmp_path: Path, kind: str) -> None:
    export(Exports({"meshes": tmp_path / "m"}, {"mesh_format": kind}))
    names = sorted(p.name for p in (tmp_path / "m").iterdir())
    assert len(names) == 7
    assert names[0] == f"frame_000000_hand0.{kind}"
    for name, handedness in ((f"frame_000002_hand0.{kind}", "right"), (f"frame_000002_hand1.{kind}", "left")):
        mesh = trimesh.load(tmp_path / "m" / name, process=False)
        assert np.abs(mesh.vertices - hand_at(0.2, 0, handedness).vertices_m).max() < 1e-5
        assert mesh.faces.shape == (1538, 3)
        outward = mesh.face_normals[:, :] * (mesh.triangles_center - mesh.vertices.mean(0))
        assert outward.sum(1).mean() > 0  # the left hand's faces are turned around


def test_meshes_never_mix_with_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(UserError, match="not empty"):
        make_writers(Exports({"meshes": tmp_path}))


def test_the_sidecar_reads_back(tmp_path: Path) -> None:
    export(Exports({"hands": tmp_path / "h.jsonl"}))
    read = list(read_sidecar(tmp_path / "h.jsonl"))
    for expected, got in zip(frames(), read, strict=True):
        assert (got.index, got.time_s, got.camera) == (expected.index, expected.time_s, expected.camera)
        for a, b in zip(expected.hands, got.hands, strict=True):
            assert (a.handedness, a.track_id) == (b.handedness, b.track_id)
            assert np.abs(a.vertices_m - b.vertices_m).max() < 1e-5
            assert np.abs(a.joints_2d_px - b.joints_2d_px).max() < 0.01


def test_a_sidecar_cut_off_by_a_crash_keeps_its_whole_lines(tmp_path: Path) -> None:
    export(Exports({"hands": tmp_path / "h.jsonl"}))
    path = tmp_path / "h.jsonl"
    path.write_bytes(path.read_bytes()[:-500])
    assert len(list(read_sidecar(path))) == 4


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[]",
        "{}",
        '{"frame": 1, "time_s": "x", "camera": {}, "hands": []}',
        json.dumps({"frame": 0, "time_s": 0, "camera": {"fx": 0}, "hands": []}),
        "[" * 20000,
        '{"frame":0,"time_s":0,"camera":{"fx":1,"fy":1,"cx":0,"cy":0,"width":2,"height":2},"hands":[{}]}',
    ],
)
def test_a_damaged_sidecar_says_where(tmp_path: Path, line: str) -> None:
    path = tmp_path / "h.jsonl"
    path.write_text('{"palmistry": 1}\n' + line + "\n")
    with pytest.raises(UserError, match="line 2"):
        list(read_sidecar(path))
    path.write_text(line + "\n")
    with pytest.raises(UserError, match="not a sidecar"):
        list(read_sidecar(path))


@pytest.fixture(scope="module")
def mano(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mano") / "MANO_RIGHT.pkl"
    path.write_bytes(mano_pickle(mano_arrays()))
    return path


def test_mano_parameters_pose_mano_onto_the_hand(tmp_path: Path, mano: Path) -> None:
    """Posed as smplx does it, from MANO's own arrays and the npz alone, the joints lie on the hand's."""
    export(Exports({"mano": tmp_path / "m.npz"}, {"mano_model": mano}))
    arrays = mano_arrays()
    with np.load(tmp_path / "m.npz", allow_pickle=False) as file:
        rows = {name: file[name] for name in file.files}
    assert rows["frame"].tolist() == [0, 1, 1, 2, 2, 3, 4]
    assert rows["hand_pose"].shape == (7, 45)
    for i, handedness in enumerate(rows["side"]):
        flip = np.array([-1 if handedness == "left" else 1, 1, 1])
        pose = np.concatenate([rows["global_orient"][i : i + 1], rows["hand_pose"][i].reshape(15, 3)])
        pose = pose * ([1, -1, -1] if handedness == "left" else [1, 1, 1])
        shaped = arrays["v_template"] + arrays["shapedirs"] @ rows["betas"][i]
        rest = arrays["J_regressor"] @ shaped
        at, turned = [rest[0] + rows["transl"][i] * flip], [Rotation.from_rotvec(pose[0])]
        for j in range(1, 16):
            above = int(arrays["kintree_table"][0, j])
            at.append(at[above] + turned[above].apply(rest[j] - rest[above]))
            turned.append(turned[above] * Rotation.from_rotvec(pose[j]))
        moved = np.stack([turned[j].apply(shaped - rest[j]) + at[j] for j in range(16)])
        joints = arrays["J_regressor"] @ np.einsum("vj,jvx->vx", arrays["weights"], moved)
        true = HAND.regressor_21_mano @ (hand_at(rows["time_s"][i], 0, str(handedness)).vertices_m * flip)
        ours = true[[0, 5, 6, 7, 9, 10, 11, 17, 18, 19, 13, 14, 15, 1, 2, 3]]  # MANO's order of fingers
        assert np.linalg.norm(joints - ours, axis=1).max() < 2e-3
    assert rows["error_mm"].max() < 1.5


def test_mano_without_its_file_or_with_another_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--mano-model"):
        make_writers(Exports({"mano": tmp_path / "m.npz"}))
    (tmp_path / "bad.pkl").write_bytes(b"nonsense")
    for bad in ("bad.pkl", "none.pkl"):
        with pytest.raises(UserError, match=bad):
            make_writers(Exports({"mano": tmp_path / "m.npz"}, {"mano_model": tmp_path / bad}))


def test_given_up_exports_leave_nothing(tmp_path: Path) -> None:
    wanted = Exports(
        {
            "joints": tmp_path / "j.csv",
            "hands": tmp_path / "h.jsonl",
            "meshes": tmp_path / "m",
            "gltf": tmp_path / "h.glb",
        }
    )
    for writer in make_writers(wanted):
        writer.add(frames()[1])
        writer.discard()
    assert [name for _, _, names in os.walk(tmp_path) for name in names] == []


@pytest.mark.slow
def test_the_khronos_validator_finds_no_fault(tmp_path: Path) -> None:
    """Fetches the validator from npm."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed, and with it Khronos' glTF validator can't be had")
    export(Exports({"gltf": tmp_path / "h.glb"}))
    got = subprocess.run(["npm", "install", "gltf-validator"], cwd=tmp_path, capture_output=True, check=False)
    if got.returncode:
        pytest.skip("npm can't be reached, and with it Khronos' glTF validator can't be had")
    script = (
        "require('gltf-validator').validateBytes(new Uint8Array(require('fs').readFileSync('h.glb')))"
        ".then(report => console.log(JSON.stringify(report.issues)))"
    )
    said = subprocess.run(["node", "-e", script], cwd=tmp_path, capture_output=True, check=True).stdout
    issues = json.loads(said)
    assert (issues["numErrors"], issues["numWarnings"]) == (0, 0), issues["messages"]


def test_a_sidecars_line_is_its_json() -> None:
    for frame in (frames()[1], FrameHands(3, 0.1, CAMERA, ())):
        for mesh in (True, False):
            assert json.loads(as_line(frame, mesh)) == as_json(frame, mesh)
