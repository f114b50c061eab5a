"""Print how well the fitted mesh's outline meets the photo's, and which size of mesh would meet it best.

    python -m tools.measure_outline REAL

REAL holds the real crops; of these, hands before a plain ground (source "digits") are told from it by their
colour's saturation (Otsu). Intersection over union beyond the wrist, for the mesh scaled about its middle.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import camera_from_fov, project, rays
from models.hand.hand_data import load_open_hand
from models.tracking.fitting import HandFitter
from tools.build.joints import CROP_FOV_DEG
from tools.command import command

SCALES = (0.90, 0.92, 0.94, 0.96, 0.98, 1.0, 1.02, 1.04, 1.06)


def photo_mask(bgr: NDArray[np.uint8], joints_px: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    """(H, W) hand pixels; None where the ground isn't plain enough to tell."""
    saturation = cv2.GaussianBlur(cv2.cvtColor(bgr, cv2.COLOR_BGR2HSV)[..., 1], (3, 3), 0)
    level, _ = cv2.threshold(saturation, 0, 255, cv2.THRESH_OTSU)
    mask = saturation > level
    x, y = joints_px[1:].astype(int).clip(0, bgr.shape[0] - 1).T
    return mask if mask[y, x].mean() > 0.98 else None


@command
def main() -> None:
    parser = argparse.ArgumentParser(description="Outline of the fitted mesh against photos.")
    parser.add_argument("real", type=Path)
    real = parser.parse_args().real
    if not (real / "labels.npz").is_file():
        raise ValueError(f"{real} holds no labels.npz; give the folder of real crops")
    labels = np.load(real / "labels.npz", allow_pickle=False)
    hand = load_open_hand()
    fitter, camera = HandFitter(hand), camera_from_fov(224, 224, CROP_FOV_DEG)
    ious = []
    for i in np.flatnonzero(labels["source"] == "digits")[::12]:
        joints = labels["joints_2d"][i]
        photo = photo_mask(np.asarray(cv2.imread(str(real / labels["image"][i])), np.uint8), joints)
        if photo is None:
            continue
        ahead = joints[9] - joints[0]
        grid = np.stack(np.meshgrid(np.arange(224), np.arange(224)), -1) - joints[0]
        beyond = grid @ ahead / (ahead @ ahead) > 0.25
        fit = fitter.fit(rays(joints, camera)[:, :2], labels["joints_world"][i], labels["side"][i])
        outline, middle = project(fit.vertices_m, camera), joints.mean(0)
        row = []
        for scale in SCALES:
            drawn = np.zeros((224, 224), np.uint8)
            points = np.round(((outline - middle) * scale + middle) * 16).astype(np.int32)
            for face in hand.faces:
                cv2.fillConvexPoly(drawn, points[face], 1, cv2.LINE_8, 4)
            mesh = drawn > 0
            row.append((mesh & photo & beyond).sum() / ((mesh | photo) & beyond).sum())
        if max(row) > 0.75:  # else it was not the hand that stood out
            ious.append(row)
    print(f"{len(ious)} photos\nscale of the mesh  " + "".join(f"{s:7.2f}" for s in SCALES))
    print("mean IoU           " + "".join(f"{v:7.3f}" for v in np.mean(ious, 0)))


if __name__ == "__main__":
    raise SystemExit(main())
