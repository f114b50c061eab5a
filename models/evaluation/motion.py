"""How steadily answers follow a video: accelerations, jerk, and by what a hand held still strays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.datasets.samples import Prediction, Sample
from models.evaluation.jitter import rms_deviation, static_sd, third_differences
from models.evaluation.metrics import acceleration, root_relative
from models.evaluation.spreads import mean, rounded


def motion_figures(
    answers: Sequence[Prediction | None], truths: Sequence[Sample], fps: float
) -> dict[str, float | None]:
    """Means over all frames in a row with a hand; 3D as seen from the wrist.

    `joints_error_*`: of the difference from the truth, the acceleration error of SmoothNet (Zeng et al., ECCV
    2022), where there is truth. `still_*`: where nothing is known of a hand but that it is held still.
    """
    gone = np.full((21, 3), np.nan)
    joints = np.array([gone if a is None else a.joints_m for a in answers], np.float64)
    flat = np.array([gone[:, :2] if a is None else a.joints_2d_px for a in answers], np.float64)
    seen, times_s = 1e3 * root_relative(joints), np.arange(len(joints)) / fps
    jerk = third_differences(seen, times_s) if len(joints) > 3 else np.empty((0, 21, 3))
    result = {
        "joints_2d_px_per_frame2": mean(acceleration(flat)),
        "joints_mm_per_frame2": mean(acceleration(seen)),
        "joints_mm_per_s2": mean(acceleration(seen, fps)),
        "joints_mm_per_s3": mean(np.linalg.norm(jerk, axis=-1).mean(-1)),
    }
    if truths and all(t.joints_3d_m is not None for t in truths):
        true = np.array([t.joints_3d_m for t in truths], np.float64)
        off = acceleration(seen - 1e3 * root_relative(true))
        result["joints_error_mm_per_frame2"] = mean(off)
        result["joints_error_mm_per_s2"] = mean(off * fps**2)
    elif all(t.joints_2d_px is None for t in truths):
        placed = all(a is None or a.placed for a in answers)  # else the root has no place of its own
        for axis, name in enumerate("xyz" if placed else ""):
            result[f"still_root_{name}_sd_mm"] = rounded(float(static_sd(1e3 * joints[:, 0])[axis]))
        result["still_joints_rms_deviation_mm"] = mean(rms_deviation(seen))
    meshes = [None if a is None else a.vertices_m for a in answers]
    if any(mesh is not None for mesh in meshes):
        blank = np.full((778, 3), np.nan)
        vertices = np.array([blank if mesh is None else mesh for mesh in meshes], np.float64)
        result["vertices_mm_per_frame2"] = mean(1e3 * acceleration(root_relative(vertices, joints[:, 0])))
    return result
