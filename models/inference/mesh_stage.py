"""The mesh stage without torch, for the live path: 21 joints in, the same joints with better depth out.

`models.networks.mesh_stage` is the same in torch, and says what it does and why; a test holds both together.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from models.geometry import crop_camera, cross, rays, rotation_from_6d
from models.hand.hand_data import N_BETAS, N_BONES, HandData
from models.inference.landmark_runtime import CROP_BOX_JOINTS, CROP_SHIFT, CROP_SPAN
from models.manifest import Asset
from models.types import Camera, Float32, Float64, Handedness

NAME = "mesh_stage"
OWN_GAIN = 0.8
"""Of the depth that a single view sees, to be true: it is exaggerated."""
LEARNT = 0.7
"""How much of a joint's place is the mesh stage's, and how much is what came in: they err differently. Alone,
the mesh stage is better on hands in the air and worse on hands that hold something."""
_NEAR_M, _FAR_M = 0.08, 3.0
_KNUCKLES = [5, 9, 13, 17]
_SLOPE = 0.1
_MIRROR = np.diag([-1.0, 1.0, 1.0])


class MeshStageNet:
    """The weights of one mesh stage, and the hand model that they are for."""

    def __init__(self, weights: Asset | Path, hand: HandData) -> None:
        """Raises FileNotFoundError, and ValueError where the file holds something else."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        path = weights.path if isinstance(weights, Asset) else weights
        if isinstance(weights, Asset):
            weights.check()
        try:
            state = {name: value.astype(np.float32) for name, value in load_file(path).items()}
            self._layers = [
                (state[f"{n}.weight"].T.copy(), state[f"{n}.bias"]) for n in ("a", "b", "c", "out")
            ]
        except (SafetensorError, KeyError) as error:
            raise ValueError(f"{path}: not the mesh stage's weights ({error})") from error
        self._levels = _levels(hand.parents.tolist())
        reg, W = hand.regressor_21.astype(np.float64), hand.weights.astype(np.float64)
        shaped = np.concatenate([hand.template_m[None], hand.shape_dirs])
        self._parts = np.einsum("iv,vj,lvx->ljix", reg, W, shaped, optimize=True).reshape(11, -1)
        self._weights = reg @ W  # (21, 16)
        self._bones = np.concatenate([hand.joints_rest[None], hand.joint_dirs]).astype(np.float64)
        rest = reg @ shaped
        palm = rest[:, 9] - rest[:, 0]
        grows = palm[1:] @ palm[0]
        self._size_direction = grows / np.linalg.norm(grows)
        self._palm_at_rest = _palm_frame(rest[0])

    def __call__(self, joints_2d: ArrayLike, joints_m: ArrayLike, focal: float) -> Float64:
        """(21, 2) 0..1 of the crop, (21, 3) metres, focal length in crop widths -> joints (21, 3) from the
        wrist, in the crop's frame."""
        uv, J = np.asarray(joints_2d, np.float64), np.asarray(joints_m, np.float64)
        J = J - J[0]
        ray = (uv - 0.5) / focal
        z = np.maximum(J[:, 2:] + place(J, ray)[2], _NEAR_M / 2)
        X = np.concatenate([ray * z, z], 1)
        X = X - X[0]
        size = max(float(np.linalg.norm(X[_KNUCKLES], axis=1).mean()), 0.02)
        X, J = X / size, J / size
        palm = _palm_frame(X)
        x = np.concatenate(
            [
                (X @ palm).ravel(),
                ((uv - 0.5) * 2).ravel(),
                (J @ palm).ravel(),
                palm[:, :2].ravel(),
                [np.log(focal) - 0.9, (size - 0.09) / 0.1],
            ]
        ).astype(np.float32)
        (a, a0), (b, b0), (c, c0), (out, out0) = self._layers
        h = _leaky(x @ a + a0)
        h = h + _leaky(h @ b + b0)
        h = h + _leaky(h @ c + c0)
        theta = (h @ out + out0).astype(np.float64)
        six = theta[: 6 * N_BONES].reshape(N_BONES, 6) + np.array([1.0, 0, 0, 0, 1, 0])
        R = rotation_from_6d(six)
        R[0] = palm @ self._palm_at_rest.T @ R[0]
        betas = theta[-N_BETAS:]
        return self._joints(R, betas - (betas @ self._size_direction) * self._size_direction)

    def _joints(self, R: Float64, betas: Float64) -> Float64:
        with_one = np.append(1.0, betas)
        bones = np.tensordot(with_one, self._bones, 1)
        turned, moved = R.copy(), np.zeros((N_BONES, 3))
        for children, parents in self._levels:
            turned[children] = turned[parents] @ R[children]
            along = (bones[children] - bones[parents])[..., None]
            moved[children] = moved[parents] + (turned[parents] @ along)[..., 0]
        offset = moved - (turned @ bones[..., None])[..., 0]
        parts = (with_one @ self._parts).reshape(N_BONES, 21, 3)
        joints = (parts @ turned.transpose(0, 2, 1)).sum(0) + self._weights @ offset
        return joints - joints[0]


class LearntDepth:
    """A hand's joints as the mesh stage understands them, whichever camera and handedness they come with."""

    def __init__(self, net: MeshStageNet, gain: float = 1.0) -> None:
        """gain: what the depth of the joints that come in is multiplied by before the mesh stage sees it."""
        self._net, self._gain = net, gain

    def __call__(
        self, joints_px: Float32, joints_m: Float32, handedness: Handedness, camera: Camera
    ) -> Float32:
        """(21, 2) in the frame, (21, 3) in the camera's axes -> (21, 3) from the wrist, in the same axes."""
        virtual, R = crop_camera(camera, joints_px, 224, CROP_SPAN, CROP_SHIFT, CROP_BOX_JOINTS)
        A = _MIRROR @ R if handedness == "left" else R
        ahead = rays(joints_px, camera) @ A.T
        focal = virtual.fx / virtual.width
        uv = ahead[:, :2] / np.maximum(ahead[:, 2:], 0.05) * focal + 0.5
        own = (np.asarray(joints_m, np.float64) - joints_m[0]) @ A.T
        learnt = self._net(uv, own * [1, 1, self._gain], focal)
        own[:, 2] *= OWN_GAIN
        return np.asarray((LEARNT * learnt + (1 - LEARNT) * own) @ A, np.float32)


def place(points: Float64, ray: Float64) -> Float64:
    """(3,) translation that brings points (N, 3) nearest to their rays (N, 2), x/z and y/z."""

    def solve(c: Float64, b: Float64, w: Float64) -> tuple[Float64, float]:
        w = (w / w.sum())[:, None]
        c_mean, b_mean = (w * c).sum(0), (w * b).sum(0)
        d = c - c_mean
        z = -float((w * d * (b - b_mean)).sum()) / max(float((w * d * d).sum()), 1e-9)
        return b_mean + c_mean * z, z

    xy, z = solve(ray, ray * points[:, 2:] - points[:, :2], np.ones(len(ray)))
    t = np.append(xy, np.clip(z, _NEAR_M, _FAR_M))
    z_all = np.maximum(points[:, 2] + t[2], _NEAR_M / 2)
    p = (points[:, :2] + t[:2]) / z_all[:, None]
    xy, z = solve(p, (ray - p) * z_all[:, None], z_all**-2)  # a far point's metre is less of the picture
    return np.append(t[:2] + xy, np.clip(t[2] + z, _NEAR_M, _FAR_M))


def _palm_frame(joints: Float64) -> Float64:
    y = joints[9] - joints[0]
    y = y / max(math.sqrt(y @ y), 1e-12)
    x = joints[5] - joints[17]
    x = x - (x @ y) * y
    x = x / max(math.sqrt(x @ x), 1e-12)
    return np.stack([y, x, cross(y, x)], 1)


def _levels(parents: list[int]) -> list[tuple[list[int], list[int]]]:
    """The bones by their distance from the wrist, and each one's parent: one product a level, not a bone."""
    depth = [0] * len(parents)
    for bone, parent in enumerate(parents[1:], 1):
        depth[bone] = depth[parent] + 1
    levels = [[j for j, d in enumerate(depth) if d == level] for level in range(1, max(depth) + 1)]
    return [(bones, [parents[j] for j in bones]) for bones in levels]


def _leaky(x: Float32) -> Float32:
    return np.maximum(x, np.float32(_SLOPE) * x)
