"""Calibrate the vertex -> joint regressor of the open hand on real crops, or print what remains.

    python -m tools.build.joints --real DIR            calibrate on one half, rewrite open_hand.npz
    python -m tools.build.joints --real DIR --finger-bases   only the four knuckles that fingers begin at
    python -m tools.build.joints --real DIR --check    only print the table, on the other half

MediaPipe and the benchmarks mark each joint at its own place: a wrist crease, a knuckle's middle, a
fingertip. A skeleton's bone heads are elsewhere. Each round fits the hand to every crop's landmarks and
finds, per joint, the constant offset in its bone's frame that explains what remains in the picture (each
crop sees two of three components, all views together see three); the joint then moves there, as the
smoothest affine mix of the vertices around it.

Two things pictures can't tell apart are held: a joint nearer the nail from a finger bent further (a joint
stays within 2 mm of its finger's middle in that direction), and a small hand inside the mesh from the mesh
further off (the knuckles as a whole keep the bones' place, and the size at which
the outline fits). The table gives the offsets in the
palm's frame: towards the fingers, towards the thumb, towards the back of the hand.

The knuckles that fingers begin at are then calibrated once more, by hands seen from all sides, straight and
bent: most photographs show the palm, and from there their depth can't be told. They are marked where
they stand out, on the back of the metacarpal's head, and they stay with it when the finger bends: in
photographs from the side the first phalanx of a bent middle finger is a fifth longer than a straight one's.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.evaluation.metrics import palm_frames
from models.geometry import camera_from_fov, procrustes, rays
from models.hand.hand_data import OPEN_HAND, HandData, load_open_hand
from models.hand.joint_limits import anatomical_frames
from models.tracking.fitting import HandFitter
from tools.command import command

JOINTS = ["wrist"] + [
    f"{f} {j}" for f in ("thumb", "index", "middle", "ring", "little") for j in (1, 2, 3, "tip")
]
BONE = np.array(
    [0] + [b for f in range(5) for b in (0, 3 * f + 1, 3 * f + 2, 3 * f + 3)]
)  # joint -> rigid part
KNUCKLES = np.array([2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19])
FINGER_BASES = (5, 9, 13, 17)
FROM_THE_SIDE = 0.4  # the palm's breadth over its length, in the picture
BENT_DEG = 35.0  # the middle finger's first phalanx from the palm's direction, in the picture
KINDS = ("from the side, bent", "from the side, straight", "not from the side, bent", "else")
VIEWS_OF_A_KIND = 120
MOST_RAISED_M = 0.006  # above the joint that fingers turn about: still in the flesh
OUTLINE = (
    1.04  # marked joints over the mesh's own: with it the outline meets photos (tools/measure_outline.py)
)
CROP_FOV_DEG = 35.0  # diagonal; crops were cut from pictures of unknown cameras, hands at arm's length


Crops = tuple[np.ndarray, np.ndarray, np.ndarray]  # rays (N, 21, 2), world landmarks (N, 21, 3), sides (N,)


def read_crops(folder: Path, count: int, half: int) -> Crops:
    """Landmarks as rays, world landmarks and sides, evenly from all sources.

    half: 0 or 1, split by origin, so that near-twins stay together.
    """
    labels = np.load(folder / "labels.npz", allow_pickle=False)
    mine = _of_half(labels, half) & (labels["score"] > 0.9)
    picked = []
    for source in np.unique(labels["source"]):
        rows = np.flatnonzero(mine & (labels["source"] == source))
        picked.append(rows[:: max(1, len(rows) * 4 // count)])
    return _crops(labels, np.concatenate(picked))


def read_views(folder: Path, count: int, half: int) -> list[Crops]:
    """The same of hands seen from the side and bent, from the side and straight, then both from elsewhere: at
    most `count` of each."""
    labels = np.load(folder / "labels.npz", allow_pickle=False)
    uv = labels["joints_2d"].astype(np.float64)
    palm, phalanx = uv[:, 9] - uv[:, 0], uv[:, 10] - uv[:, 9]
    side = np.linalg.norm(uv[:, 5] - uv[:, 17], axis=1) < FROM_THE_SIDE * np.linalg.norm(palm, axis=1)
    across = palm[:, 0] * phalanx[:, 1] - palm[:, 1] * phalanx[:, 0]
    bent = np.degrees(np.abs(np.arctan2(across, (palm * phalanx).sum(1)))) > BENT_DEG
    mine = _of_half(labels, half) & (labels["score"] > 0.8)
    kinds = [np.flatnonzero(mine & kind) for kind in (side & bent, side & ~bent, ~side & bent, ~side & ~bent)]
    return [_crops(labels, rows[:: max(1, len(rows) // count)][:count]) for rows in kinds]


def first_phalanx(seen: np.ndarray) -> np.ndarray:
    """(N,) the middle finger's first phalanx over the palm's length, in the picture, of rays (N, 21, 2)."""
    lengths = [np.linalg.norm(seen[:, b] - seen[:, a], axis=1) for a, b in ((9, 10), (0, 9))]
    return np.asarray(lengths[0] / lengths[1])


def _of_half(labels: Mapping[str, np.ndarray], half: int) -> np.ndarray:
    stems = [o.split("_jpg")[0] for o in labels["origin"]]
    return np.array([zlib.crc32(s.encode()) % 2 == half for s in stems])


def _crops(labels: Mapping[str, np.ndarray], rows: np.ndarray) -> Crops:
    camera = camera_from_fov(224, 224, CROP_FOV_DEG)
    seen = rays(labels["joints_2d"][rows], camera)[..., :2]
    return seen, labels["joints_world"][rows], labels["side"][rows]


def global_rotations(local: np.ndarray) -> np.ndarray:
    """(16, 3, 3) rotations from the parent -> rotations from the camera."""
    G = local.copy()
    for j in range(1, 16):
        G[j] = G[0 if j % 3 == 1 else j - 1] @ local[j]
    return G


def offsets(
    hand: HandData, u: np.ndarray, world: np.ndarray, handedness: np.ndarray
) -> dict[str, np.ndarray]:
    """Fit every crop; the constant offset of each joint, metres, in its bone's and in the palm's frame, and
    how far landmarks remain off."""
    fitter = HandFitter(hand)
    A_bone, b_bone = np.zeros((21, 3, 3)), np.zeros((21, 3))
    A_palm, b_palm = np.zeros((21, 3, 3)), np.zeros((21, 3))
    errors, betas = [], []
    for ui, wi, si in zip(u, world, handedness, strict=True):
        fit = fitter.fit(ui, wi, si)
        errors.append(fit.error)
        betas.append(fit.betas)
        if fit.error > 0.08:
            continue
        mirror = np.array([-1.0, 1.0]) if si == "left" else np.ones(2)
        kin = fitter.articulation(fit.state)
        G = global_rotations(kin.rotations)
        z = kin.joints[:, 2:]
        e = (ui * mirror - kin.joints[:, :2] / z) * z
        for R, A, b in ((G[BONE], A_bone, b_bone), (np.repeat(G[:1], 21, 0), A_palm, b_palm)):
            P = R[:, :2] - (kin.joints[:, :2] / z)[:, :, None] * R[:, 2:]  # (21, 2, 3) offset -> picture
            A += P.transpose(0, 2, 1) @ P
            b += (P.transpose(0, 2, 1) @ e[..., None])[..., 0]
    ridge = 1e-3 * len(u) * np.eye(3)
    return {
        "bone": np.linalg.solve(A_bone + ridge, b_bone[..., None])[..., 0],
        "palm": np.linalg.solve(A_palm + ridge, b_palm[..., None])[..., 0],
        "error": np.array(errors),
        "betas": np.array(betas),
    }


def place(hand: HandData, joint: int, target_m: np.ndarray) -> np.ndarray:
    """(778,) weights, summing to 1, that put a joint at target_m (3,) in the rest pose: the smoothest mix of
    the vertices near it that move with its bones."""
    bones = {int(BONE[joint])} | ({int(BONE[joint + 1])} if joint % 4 and joint else set())
    return mix(hand, target_m, sorted(bones))


def mix(hand: HandData, target_m: np.ndarray, bones: list[int]) -> np.ndarray:
    """(778,) weights of the vertices near target_m that move with some bones, as `place` gives them."""
    vertices = hand.template_m.astype(np.float64)
    near = np.linalg.norm(vertices - target_m, axis=1)
    moves = hand.weights[:, bones].sum(1)
    prior = np.exp(-0.5 * (near / 0.012) ** 2) * np.where(moves > 0.7, 1.0, 1e-4)
    prior /= prior.sum()
    C = np.column_stack([np.ones(len(vertices)), vertices])
    correction = np.linalg.solve(C.T @ (prior[:, None] * C), np.append(1.0, target_m) - C.T @ prior)
    w = prior * (1 + C @ correction)
    w[np.abs(w) < 1e-4] = 0
    C = C[w != 0]
    w[w != 0] += C @ np.linalg.solve(C.T @ C, np.append(1.0, target_m) - C.T @ w[w != 0])
    return w


def backs(hand: HandData) -> np.ndarray:
    """(21, 3) unit vectors from the palm's to the nail's side at each joint, at rest; none for the wrist."""
    frames = anatomical_frames(hand)
    back = np.array([frames[b - 1][:, 1] if b else [0.0, 0, 1] for b in BONE])
    back[0] = 0
    return back


def centres(hand: HandData, back: np.ndarray) -> np.ndarray:
    """(21, 3) the bones' heads, those inside a finger moved to halfway between its palm and its nail side."""
    heads = (hand.regressor_21_mano @ hand.template_m).astype(np.float64)
    for i in (2, 3, 4, 6, 7, 8, 10, 11, 12, 14, 15, 16, 18, 19, 20):
        along = heads[i] - heads[i - 1]
        along /= np.linalg.norm(along)
        r = hand.template_m[hand.regions == (i - 1) // 4 + 1] - heads[i]
        thick = (r @ back[i])[np.abs(r @ along) < 0.007]
        heads[i] += back[i] * (thick.min() + thick.max()) / 2
    return heads


def calibrate(
    hand: HandData, u: np.ndarray, world: np.ndarray, handedness: np.ndarray, rounds: int
) -> HandData:
    back = backs(hand)
    bones = centres(hand, back)
    for k in range(rounds):
        found = offsets(hand, u, world, handedness)
        joints = hand.regressor_21.astype(np.float64) @ hand.template_m
        joints += 0.8 * found["bone"]
        scale, R, t = procrustes(joints[KNUCKLES], bones[KNUCKLES])
        joints = scale * joints @ R.T + t
        joints += (OUTLINE - 1) * (joints - joints[KNUCKLES].mean(0))
        off = ((joints - bones) * back).sum(1)
        joints -= back * (off - off.clip(-0.002, 0.002))[:, None]
        regressor = np.stack([place(hand, i, joints[i]) for i in range(21)])
        hand = replace(hand, regressor_21=regressor.astype(np.float32))
        worst = np.linalg.norm(found["palm"], axis=1).max() * 1000
        print(f"round {k}: worst offset {worst:.1f} mm, reprojection {found['error'].mean():.2%} of the box")
    return hand


def calibrate_finger_bases(hand: HandData, crops: Crops, rounds: int) -> HandData:
    """Only FINGER_BASES, in the plane of the fingers' direction and the back's; the other joints stay."""
    back, bones = backs(hand), hand.regressor_21_mano.astype(np.float64) @ hand.template_m
    across = palm_axes(hand)[1]
    for k in range(rounds):
        found = offsets(hand, *crops)
        regressor = hand.regressor_21.astype(np.float64)
        for i in FINGER_BASES:
            offset = 0.8 * found["palm"][i]
            joint = regressor[i] @ hand.template_m + offset - across * (offset @ across)
            raised = (joint - bones[i]) @ back[i]
            joint -= back[i] * (raised - np.clip(raised, -0.002, MOST_RAISED_M))
            regressor[i] = mix(hand, joint, [0])
        hand = replace(hand, regressor_21=regressor.astype(np.float32))
        print(f"round {k}: reprojection {found['error'].mean():.2%} of the box")
    return hand


def palm_axes(hand: HandData) -> np.ndarray:
    """(3, 3) rows: towards the fingers, towards the thumb, out of the back of a right hand."""
    return np.asarray(palm_frames((hand.regressor_21 @ hand.template_m)[None], ["right"])[0])


def print_table(hand: HandData, found: dict[str, np.ndarray]) -> float:
    """The table of remaining offsets; returns the worst, millimetres."""
    mm = found["palm"] @ palm_axes(hand).T * 1000
    print("joint         fingers   thumb    back   length  (mm, mean offset that remains)")
    for name, row in zip(JOINTS, mm, strict=True):
        print(f"{name:12s} {row[0]:8.2f}{row[1]:8.2f}{row[2]:8.2f}{np.linalg.norm(row):9.2f}")
    error, betas = found["error"], found["betas"]
    print(
        f"reprojection, of the box: mean {error.mean():.2%}, 95th percentile {np.percentile(error, 95):.2%}"
    )
    print(f"betas over {len(betas)} crops: mean {betas.mean(0).round(2)}, spread {betas.std(0).round(2)}")
    return float(np.linalg.norm(mm, axis=1).max())


@command
def main() -> None:
    parser = argparse.ArgumentParser(description="Calibrate the joint regressor on real crops.")
    parser.add_argument("--real", type=Path, required=True, help="folder of crops with labels.npz")
    parser.add_argument("--check", action="store_true", help="print the table only")
    parser.add_argument("--crops", type=int, default=800)
    parser.add_argument("--finger-bases", action="store_true", help="only the knuckles fingers begin at")
    parser.add_argument("--rounds", type=int, default=8)
    args = parser.parse_args()
    if not (args.real / "labels.npz").is_file():
        raise ValueError(f"{args.real} holds no labels.npz; give the folder of real crops")
    hand = load_open_hand()
    if not args.check:
        arrays = dict(np.load(OPEN_HAND, allow_pickle=False))
        if not args.finger_bases:
            hand = replace(hand, regressor_21=hand.regressor_21_mano.copy())
            hand = calibrate(hand, *read_crops(args.real, args.crops, half=0), args.rounds)
        views = read_views(args.real, VIEWS_OF_A_KIND, half=0)
        seen, world, sides = (np.concatenate(column) for column in zip(*views, strict=True))
        hand = calibrate_finger_bases(hand, (seen, world, sides), args.rounds)
        np.savez_compressed(OPEN_HAND, **{**arrays, "regressor_21": hand.regressor_21})
    for kind, crops in zip(KINDS, read_views(args.real, VIEWS_OF_A_KIND, half=1), strict=True):
        off, phalanx = offsets(hand, *crops)["error"].mean(), float(np.median(first_phalanx(crops[0])))
        print(
            f"{kind:26s} reprojection {off:.2%} of the box, middle's first phalanx {phalanx:.2f} of the palm"
        )
    worst = print_table(hand, offsets(hand, *read_crops(args.real, args.crops, half=1)))
    print(f"worst {worst:.2f} mm")


if __name__ == "__main__":
    raise SystemExit(main())
