"""The report as a picture: where a frame's time goes, how far networks are from the limit, how late it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from app.bench.report import Report
from app.bench.spread import Spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_OURS, _THEIRS = "#1b6ca8", "#d1762a"
_COLOURS = ("#6b7280", "#3b8f5a", "#1b6ca8", "#8a4f9e", "#e0b030", "#b03a48")


def write_chart(report: Report, path: Path) -> None:
    """Draw it. Raises ModuleNotFoundError where matplotlib is missing, OSError where it can't be written."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    bars = len(report.effects_ms) + len(report.networks)
    with matplotlib.rc_context({"font.size": 7, "axes.linewidth": 0.6, "axes.titlesize": 8}):
        height = 2.2 + 0.42 * len(report.scenes) + 0.17 * bars
        figure = Figure(figsize=(7.16, height), dpi=200, layout="constrained")
        ratios = max(1, len(report.networks)), max(1, len(report.effects_ms))
        grid = figure.add_gridspec(3, 1, height_ratios=(2.4 * len(report.scenes) + 2, *ratios))
        _scenes(figure.add_subplot(grid[0]), report)
        networks = {f"{t.network}, {t.engine}, {t.threads}": t.ms for t in report.networks}
        _bars(figure.add_subplot(grid[1]), networks, "network, engine, threads: ms a crop, with quartiles")
        effects = {name: Spread.of(values) for name, values in report.effects_ms.items()}
        _bars(figure.add_subplot(grid[2]), effects, "drawing an effect: ms, with quartiles")
        figure.suptitle(f"{report.source}, {report.model}, {report.effect} · {report.machine.name}")
        FigureCanvasAgg(figure).print_png(str(path))


def _scenes(axes: Axes, report: Report) -> None:
    """A bar of stages for each scene, MediaPipe's below it."""
    labelled: set[str] = set()
    for row, stages in enumerate(report.scenes.values()):
        left = 0.0
        for k, (stage, values) in enumerate(stages.stages.items()):
            median = Spread.of(values).median
            axes.barh(
                row - 0.18,
                median,
                0.34,
                left=left,
                color=_COLOURS[k % len(_COLOURS)],
                label=None if stage in labelled else stage,
            )
            labelled.add(stage)
            left += median
        whole, theirs = Spread.of(stages.picture), Spread.of(stages.baseline)
        axes.plot(whole.p95, row - 0.18, "k|", ms=9, label=None if row else "95 % of the pictures")
        axes.barh(row + 0.18, theirs.median, 0.26, color=_THEIRS, label=None if row else "MediaPipe Hands")
    axes.set_yticks(range(len(report.scenes)), list(report.scenes))
    axes.invert_yaxis()
    axes.set_xlabel("ms, medians stacked")
    axes.legend(fontsize=6, frameon=False, ncols=4, loc="lower right", bbox_to_anchor=(1, 1))


def _bars(axes: Axes, spreads: dict[str, Spread], title: str) -> None:
    for row, spread in enumerate(spreads.values()):
        reach = [[spread.median - spread.q1], [spread.q3 - spread.median]]
        axes.barh(row, spread.median, 0.6, color=_OURS, xerr=reach, error_kw={"lw": 0.7})
        axes.annotate(
            f"{spread.median:.1f}", (spread.q3, row), (4, 0), textcoords="offset points", va="center"
        )
    axes.set_yticks(range(len(spreads)), list(spreads))
    axes.invert_yaxis()
    axes.set_title(title, loc="left")
    axes.margins(x=0.1)
