"""The report as a picture that can go into a paper: two columns wide, 300 dots an inch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.jitter.report import JitterReport, ModelReport
from models.evaluation.jitter import WINDOW, high_pass

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = ("#1b6ca8", "#d1762a", "#3b8f5a", "#8a4f9e", "#b03a48", "#6b7280")  # told apart in grey as well
_BARS = (  # title, figure, which axis
    ("Joints, picture\npx/frame²", "joints_2d_px_per_frame2", None),
    ("Joints, from root\nmm/frame²", "joints_3d_mm_per_frame2", None),
    ("Root x\nmm/frame²", "root_mm_per_frame2", 0),
    ("Root y\nmm/frame²", "root_mm_per_frame2", 1),
    ("Root z\nmm/frame²", "root_mm_per_frame2", 2),
    ("Vertices\nmm/frame²", "vertices_mm_per_frame2", None),
)


def write_png(report: JitterReport, path: Path) -> None:
    """Draw it. Raises ModuleNotFoundError where matplotlib is missing, OSError where it can't be written."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    with matplotlib.rc_context({"font.size": 7, "axes.linewidth": 0.6, "axes.titlesize": 7}):
        figure = Figure(figsize=(7.16, 4.0), dpi=300, layout="constrained")
        grid = figure.add_gridspec(3, len(_BARS), height_ratios=(1.15, 0.75, 0.75))
        for number, (title, key, axis) in enumerate(_BARS):
            _bars(figure.add_subplot(grid[0, number]), report, title, key, axis)
        halves = (grid[1, :], "wrist x, mm", 0), (grid[2, :], "wrist z, mm", 2)
        for row, (cell, title, axis) in enumerate(halves):
            axes = figure.add_subplot(cell)
            _paths(axes, report, title, axis)
            axes.tick_params(labelbottom=row == 1)
            if row == 1:
                axes.set_xlabel("time, s (wrist less its 11-frame mean: raw thin, filtered thick)")
        names = [Patch(color=_colour(k), label=name) for k, name in enumerate(report.models)]
        kinds = [
            Patch(facecolor="#444444", label="raw"),
            Patch(facecolor="#dddddd", edgecolor="#444444", hatch="////", label="filtered"),
        ]
        figure.legend(
            handles=[*names, *kinds], loc="outside upper center", ncols=len(names) + 2, frameon=False
        )
        FigureCanvasAgg(figure).print_png(str(path))


def _bars(axes: Axes, report: JitterReport, title: str, key: str, axis: int | None) -> None:
    most = 0.0
    for k, model in enumerate(report.models.values()):
        for kind, offset in (("raw", -0.2), ("filtered", 0.2)):
            value = _value(model, kind, key, axis)
            if value is None:
                continue
            most = max(most, value)
            inside, hatch = (_colour(k), None) if kind == "raw" else ("white", "////")
            axes.bar(
                k + offset, value, 0.36, linewidth=0.6, hatch=hatch, facecolor=inside, edgecolor=_colour(k)
            )
            axes.annotate(
                f"{value:.2g}" if value < 10 else f"{value:.0f}",
                (k + offset, value),
                (0, 1.5),
                textcoords="offset points",
                ha="center",
                fontsize=5,
            )
    axes.set_title(title)
    axes.set_xlim(-0.6, len(report.models) - 0.4)
    axes.set_ylim(0, 1.18 * most if most > 0 else 1)
    axes.set_xticks([])
    axes.tick_params(width=0.6, length=2, labelsize=6)
    axes.spines[["top", "right"]].set_visible(False)


def _paths(axes: Axes, report: JitterReport, title: str, axis: int) -> None:
    """The wrist less its own moving mean: raw thin, filtered thick."""
    reach = []
    for k, model in enumerate(report.models.values()):
        for track, (width, alpha) in ((model.raw, (0.5, 0.6)), (model.filtered, (1.0, 1.0))):
            jitter = high_pass(1e3 * track.joints_m[:, 0, axis])
            times_s = report.times_s[WINDOW // 2 :][: len(jitter)]
            axes.plot(times_s, jitter, color=_colour(k), linewidth=width, alpha=alpha)
            if np.isfinite(jitter).any():
                reach.append(float(np.nanpercentile(np.abs(jitter), 99)))
    axes.set_ylabel(title)
    axes.set_xlim(0, float(report.times_s[-1]))
    if reach and max(reach) > 0:
        axes.set_ylim(-1.15 * max(reach), 1.15 * max(reach))
    axes.grid(alpha=0.25, linewidth=0.4)
    axes.tick_params(width=0.6, length=2, labelsize=6)
    axes.spines[["top", "right"]].set_visible(False)


def _value(model: ModelReport, kind: str, key: str, axis: int | None) -> float | None:
    value = model.figures[kind][key]
    return value[axis] if isinstance(value, list) and axis is not None else value


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]
