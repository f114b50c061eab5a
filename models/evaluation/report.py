"""The figures as Markdown and as plots, and the FreiHAND server's submission file."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.evaluation.benchmark import Run
from models.evaluation.figures import Float
from models.evaluation.metrics import pck
from models.evaluation.samples import Prediction

_COLUMNS: dict[str, tuple[str, tuple[str, ...], float, int]] = {  # title: path in the figures, factor, digits
    "PA-MPJPE mm": ("pa_mpjpe_mm", ("mean",), 1, 2),
    "median": ("pa_mpjpe_mm", ("median",), 1, 2),
    "p95": ("pa_mpjpe_mm", ("p95",), 1, 2),
    "without joint offsets": ("pa_mpjpe_without_offsets_mm", (), 1, 2),
    "MPJPE mm": ("mpjpe_mm", (), 1, 2),
    "PA-MPVPE mm": ("pa_mpvpe_mm", (), 1, 2),
    "MPVPE mm": ("mpvpe_mm", (), 1, 2),
    "AUC 0–50": ("auc_0_50", (), 1, 3),
    "AUC 20–50": ("auc_20_50", (), 1, 3),
    "PA AUC 0–50": ("pa_auc_0_50", (), 1, 3),
    "PA F@5": ("pa_f_5", (), 1, 3),
    "PA F@15": ("pa_f_15", (), 1, 3),
    "2D px": ("joints_2d_px", (), 1, 2),
    "2D AUC 0–30": ("auc_2d_0_30", (), 1, 3),
    "2D % of box": ("joints_2d_over_box", ("mean",), 100, 2),
    "2D p95 %": ("joints_2d_over_box", ("p95",), 100, 2),
    "mesh in 2D %": ("reprojected_over_box", ("mean",), 100, 2),
    "mask IoU": ("silhouette_iou", (), 1, 3),
    "HD95 px": ("silhouette_hd95_px", (), 1, 2),
    "finger mIoU": ("silhouette_finger_miou", (), 1, 3),
    "finger HD95 px": ("silhouette_finger_hd95_px", (), 1, 2),
    "acc. joints mm/frame²": ("acceleration", ("joints_mm_per_frame2",), 1, 2),
    "acc. mesh mm/frame²": ("acceleration", ("vertices_mm_per_frame2",), 1, 2),
    "acc. 2D px/frame²": ("acceleration", ("joints_2d_px_per_frame2",), 1, 2),
}
_FINGERS = ("wrist", "thumb", "index", "middle", "ring", "little")
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
        titles = [t for t in _COLUMNS if any(_cell(figures, t) != "–" for figures in models.values())]
        rows = [
            [model, str(figures["missed"]), *(_cell(figures, title) for title in titles)]
            for model, figures in models.items()
        ]
        blocks.append(f"## {name}: {entry['samples']} samples, {entry['judged']} judged")
        blocks.append(_table(["model", "missed", *titles], rows))
        fingers = {m: figures["pa_per_finger_mm"] for m, figures in models.items()
                   if "pa_per_finger_mm" in figures}  # fmt: skip
        if fingers:
            rows = [[m, *(_number(values[f], 2) for f in _FINGERS)] for m, values in fingers.items()]
            blocks.append(_table(["PA-MPJPE mm", *_FINGERS], rows))
    return "\n\n".join(blocks) + "\n"


def plot_pck(curves: Mapping[str, Mapping[str, Float]], title: str, path: Path) -> None:
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


def _cell(figures: Mapping[str, Any], title: str) -> str:
    key, inner, factor, digits = _COLUMNS[title]
    value = figures.get(key)
    for name in inner:
        value = value.get(name) if value is not None else None
    return _number(None if value is None else factor * value, digits)


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
