"""The figures as Markdown and as plots, and the FreiHAND server's submission file."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.datasets.samples import Prediction
from models.evaluation.benchmark import Run
from models.evaluation.calibration import BINS
from models.evaluation.metrics import pck
from models.types import Float64

_ROWS: dict[str, tuple[tuple[str, ...], float, int]] = {  # name: path in the figures, factor, digits
    "missed": (("missed",), 1, 0),
    "PA-MPJPE, mm": (("pa_mpjpe_mm", "mean"), 1, 2),
    "— 95 % interval": (("pa_mpjpe_mm", "ci95"), 1, 2),
    "— median": (("pa_mpjpe_mm", "median"), 1, 2),
    "— 95th percentile": (("pa_mpjpe_mm", "p95"), 1, 2),
    "— without joint offsets": (("pa_mpjpe_without_offsets_mm",), 1, 2),
    **{
        f"— {finger}": (("pa_per_finger_mm", finger), 1, 2)
        for finger in ("wrist", "thumb", "index", "middle", "ring", "little")
    },
    "CS-MPJPE, mm": (("cs_mpjpe_mm", "mean"), 1, 1),
    "— 95 % interval, CS": (("cs_mpjpe_mm", "ci95"), 1, 1),
    "— with the hand's size known": (("cs_mpjpe_known_size_mm", "mean"), 1, 1),
    "— with the focal length unknown": (("cs_mpjpe_unknown_focal_mm", "mean"), 1, 1),
    "— with the size known, the focal length not": (("cs_mpjpe_known_size_unknown_focal_mm", "mean"), 1, 1),
    "CS-MPVPE, mm": (("cs_mpvpe_mm", "mean"), 1, 1),
    "— with the hand's size known, mesh": (("cs_mpvpe_known_size_mm", "mean"), 1, 1),
    "— with the focal length unknown, mesh": (("cs_mpvpe_unknown_focal_mm", "mean"), 1, 1),
    "— with the size known, the focal length not, mesh": (
        ("cs_mpvpe_known_size_unknown_focal_mm", "mean"),
        1,
        1,
    ),
    "root depth off, %": (("root_depth_percent", "mean"), 1, 1),
    "— with the hand's size known, %": (("root_depth_known_size_percent", "mean"), 1, 1),
    "— with the focal length unknown, %": (("root_depth_unknown_focal_percent", "mean"), 1, 1),
    "— with the size known, the focal length not, %": (
        ("root_depth_known_size_unknown_focal_percent", "mean"),
        1,
        1,
    ),
    "presence: expected calibration error": (("presence", "ece"), 1, 3),
    "PA AUC, 0–50 mm": (("pa_auc_0_50",), 1, 3),
    "PA AUC, 20–50 mm": (("pa_auc_20_50",), 1, 3),
    "MPJPE from the wrist, mm": (("mpjpe_mm",), 1, 2),
    "AUC from the wrist, 0–50 mm": (("auc_0_50",), 1, 3),
    "AUC from the wrist, 20–50 mm": (("auc_20_50",), 1, 3),
    "PA-MPVPE, mm": (("pa_mpvpe_mm",), 1, 2),
    "MPVPE from the wrist, mm": (("mpvpe_mm",), 1, 2),
    "PA F@5 mm": (("pa_f_5",), 1, 3),
    "PA F@15 mm": (("pa_f_15",), 1, 3),
    "2D error, px": (("joints_2d_px",), 1, 2),
    "2D AUC, 0–30 px": (("auc_2d_0_30",), 1, 3),
    "2D error over hand box, %": (("joints_2d_over_box", "mean"), 100, 2),
    "— 95th percentile, %": (("joints_2d_over_box", "p95"), 100, 2),
    "3D joints in 2D over hand box, %": (("reprojected_over_box", "mean"), 100, 2),
    "silhouette IoU": (("silhouette_iou",), 1, 3),
    "silhouette HD95, px": (("silhouette_hd95_px",), 1, 2),
    "finger mIoU": (("silhouette_finger_miou",), 1, 3),
    "finger HD95, px": (("silhouette_finger_hd95_px",), 1, 2),
    "acceleration of joints, mm/frame²": (("acceleration", "joints_mm_per_frame2"), 1, 2),
    "acceleration of joints, mm/s²": (("acceleration", "joints_mm_per_s2"), 1, 0),
    "jerk of joints, mm/s³": (("acceleration", "joints_mm_per_s3"), 1, 0),
    "acceleration error of joints, mm/frame²": (("acceleration", "joints_error_mm_per_frame2"), 1, 2),
    "acceleration error of joints, mm/s²": (("acceleration", "joints_error_mm_per_s2"), 1, 0),
    "held still: root's standard deviation, x, mm": (("acceleration", "still_root_x_sd_mm"), 1, 2),
    "— y, mm": (("acceleration", "still_root_y_sd_mm"), 1, 2),
    "— z (depth), mm": (("acceleration", "still_root_z_sd_mm"), 1, 2),
    "held still: RMS deviation of joints, mm": (("acceleration", "still_joints_rms_deviation_mm"), 1, 2),
    "acceleration of the mesh, mm/frame²": (("acceleration", "vertices_mm_per_frame2"), 1, 2),
    "acceleration in 2D, px/frame²": (("acceleration", "joints_2d_px_per_frame2"), 1, 2),
}
_GROUPS = {
    "pa_mpjpe_by_camera_mm": "camera",
    "pa_mpjpe_by_view_mm": "the hand is seen from",
    "pa_mpjpe_by_occlusion_mm": "hidden by the hand itself",
}
_PLOTS = {  # of figures.curves: title, unit, up to
    "aligned": ("3D joints, aligned", "mm", 50),
    "root": ("3D joints, from the wrist", "mm", 50),
    "picture": ("2D joints", "px", 30),
}


def markdown(report: Mapping[str, Mapping[str, Any]]) -> str:
    """The report of several sets, {set: {"samples", "judged", "models": figures}}, as Markdown tables."""
    blocks = [
        "# Evaluation\n\nEvery model was shown the same samples, and is judged by those that all answered."
    ]
    for name, entry in report.items():
        models: Mapping[str, Any] = entry["models"]
        blocks.append(f"## {name}: {entry['samples']} samples, {entry['judged']} judged")
        lines = [["", *models], ["---"] + ["---:"] * len(models)]
        for row in _ROWS:
            cells = [_cell(figures, row) for figures in models.values()]
            if set(cells) != {"–"}:
                lines.append([row, *cells])
        blocks.append(_table(lines))
        blocks += [_group_table(models, *group) for group in _GROUPS.items() if _group_rows(models, group[0])]
        if any(_bins(figures) for figures in models.values()):
            blocks.append(_calibration_table(models))
    return "\n\n".join(blocks) + "\n"


def _table(lines: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _group_rows(models: Mapping[str, Any], key: str) -> list[str]:
    """The groups that any model has, in their order."""
    return list(dict.fromkeys(row for figures in models.values() for row in figures.get(key) or {}))


def _group_table(models: Mapping[str, Any], key: str, title: str) -> str:
    """PA-MPJPE in each group, with its 95 % interval."""
    lines = [[f"PA-MPJPE, mm: {title}", "samples", *models], ["---", *["---:"] * (1 + len(models))]]
    for row in _group_rows(models, key):
        groups = [(figures.get(key) or {}).get(row) for figures in models.values()]
        count = next(group["samples"] for group in groups if group)
        lines.append([row, str(count), *map(_with_interval, groups)])
    return _table(lines)


def _with_interval(group: Mapping[str, Any] | None) -> str:
    if group is None:
        return "–"
    interval = group.get("ci95")
    return f"{group['mean']:.2f}" + (f" ({interval[0]:.1f} … {interval[1]:.1f})" if interval else "")


def _bins(figures: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list((figures.get("presence") or {}).get("curve") or ())


def _calibration_table(models: Mapping[str, Any]) -> str:
    """Of the hands that a model was so sure of, how many were right: a sure model's 0.9 is nine of ten."""
    lines = [["presence: right, of all", *models], ["---"] + ["---:"] * len(models)]
    for k in range(BINS):
        cells = []
        for figures in models.values():
            here = [b for b in _bins(figures) if min(int(b["presence"] * BINS), BINS - 1) == k]
            cells.append(f"{100 * here[0]['right']:.0f} % of {here[0]['samples']}" if here else "–")
        if set(cells) != {"–"}:
            lines.append([f"{k / BINS:.1f} … {(k + 1) / BINS:.1f}", *cells])
    return _table(lines)


def plot_pck(curves: Mapping[str, Mapping[str, Float64]], title: str, path: Path) -> None:
    """PCK curves of `figures.curves` as a PNG. Raises ModuleNotFoundError where matplotlib is missing."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    plots = [plot for plot in _PLOTS if plot in curves]
    figure = Figure(figsize=(4.6 * max(len(plots), 1), 3.9), layout="constrained")
    for place, plot in enumerate(plots):
        name, unit, most = _PLOTS[plot]
        axes = figure.add_subplot(1, len(plots), place + 1)
        steps = np.linspace(0, most, 301)
        for model, errors in curves[plot].items():
            axes.plot(steps, 100 * pck(errors, steps), label=model, linewidth=1.8)
        axes.set(title=name, xlabel=f"error, {unit}", xlim=(0, most), ylim=(0, 100))
        axes.set_ylabel("joints within it, %" if place == 0 else "")
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(loc="lower right", frameon=False)
    figure.suptitle(title)
    FigureCanvasAgg(figure).print_png(str(path))


def can_submit(answers: Sequence[Prediction | None]) -> bool:
    """Whether a model's answers can be sent to FreiHAND's server: each a hand in camera space, with mesh."""
    return all(a is None or (a.placed and a.vertices_m is not None) for a in answers)


def write_submission(run: Run, name: str, path: Path) -> None:
    """FreiHAND's pred.json in a zip: [joints (N, 21, 3), vertices (N, 778, 3)], metres, camera frame.

    A missing answer is sent as zeros. The open hand's 778 vertices are in another order than MANO's, so the
    server's mesh errors and F-scores mean nothing for it; its joint errors do.
    """
    answers = run.answers[name]
    if not can_submit(answers):
        raise ValueError(f"{name} gives no hand mesh in camera space, so there is nothing to submit")
    lists = [
        [np.zeros(shape).tolist() if a is None else np.round(getattr(a, field).astype(np.float64), 6).tolist()
         for a in answers]
        for field, shape in (("joints_m", (21, 3)), ("vertices_m", (778, 3)))
    ]  # fmt: skip
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pred.json", json.dumps(lists))


def _cell(figures: Mapping[str, Any], row: str) -> str:
    path, factor, digits = _ROWS[row]
    value: Any = figures
    for key in path:
        value = value.get(key) if value is not None else None
    if isinstance(value, list):
        return " … ".join(f"{factor * end:.{digits}f}" for end in value)
    return "–" if value is None else f"{factor * value:.{digits}f}"
