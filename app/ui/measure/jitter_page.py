"""The guided jitter test: what to do, a countdown, ten seconds with live plots, and the result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QFileDialog, QGridLayout, QProgressBar, QWidget

from app.capture import Frame
from app.errors import UserError
from app.jitter import NAMES, JitterReport, save_report
from app.session import Picture, Settings
from app.ui import style
from app.ui.controls import button, label
from app.ui.measure.jitter_plots import LivePlots, ResultPlots
from app.ui.measure.jitter_recording import SECONDS, Measuring, Recording
from app.ui.measure.jitter_table import ResultTable
from app.ui.sheet import Sheet, in_a_row, steps, text

Watch = Callable[[Callable[[Frame], None] | None], None]
"""Asks the session for its frames, or for no more of them."""

_COUNTDOWN_S = 3
_TICK_MS = 100


class JitterPage(Sheet):
    """Asks nothing of the window but frames, pictures and what is set."""

    def __init__(
        self,
        watch: Watch,
        settings: Callable[[], Settings],
        source: Callable[[], str],
        names: tuple[str, ...] = NAMES,
    ) -> None:
        super().__init__("Jitter test")
        self._watch, self._settings, self._source = watch, settings, source
        self._recording: Recording | None = None
        self._measuring: Measuring | None = None
        self._report: JitterReport | None = None
        self._left_ms = 0
        self._models = {name: button(name, f"Measure {name}", "chip", checkable=True) for name in names}
        for chip in self._models.values():
            chip.setChecked(True)
            chip.clicked.connect(self._check_start)
        self._start = button("Start", "Measure for ten seconds", "primary")
        self._start.clicked.connect(self.begin)
        self._fault = text("", "warning")
        self._ready_page = self.add_page(
            text("The temporal jitter of each model, measured on a hand that is held still."),
            steps(
                [
                    "Fix the camera: a stand or the screen's edge, not a hand.",
                    "Rest your elbow. Show one open hand, all of it in the picture.",
                    "Press Start and hold still until ten seconds have passed.",
                ]
            ),
            label("MODELS", "section"),
            _chips(list(self._models.values())),
            None,
            self._fault,
            self._start,
        )
        self._count = text("", "big", centred=True)
        self._said = text("", "muted", centred=True)
        self._bar = _bar()
        self._live = LivePlots()
        cancel = button("Cancel", "Back to the start")
        cancel.clicked.connect(self._cancel)
        self._run_page = self.add_page(
            self._count, self._said, self._bar, label("YOUR WRIST", "section"), self._live, None, cancel
        )
        self._table = ResultTable()
        self._warnings = text("", "warning")
        self._facts = text("", "muted")
        self._plots = ResultPlots()
        self._saved = text("", "muted")
        save = button("Save …", "Write jitter.json, jitter.csv and jitter.png to a folder", "primary")
        save.clicked.connect(self._save)
        again = button("Again", "Measure once more")
        again.clicked.connect(self._cancel)
        self._result_page = self.add_page(
            self._warnings,
            label("RAW → FILTERED", "section"),
            self._table,
            label("JITTER OF THE WRIST", "section"),
            self._plots,
            self._facts,
            None,
            self._saved,
            in_a_row(again, save),
        )
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tick)
        self._fault.hide()

    @property
    def report(self) -> JitterReport | None:
        """The last result."""
        return self._report

    def begin(self) -> None:
        """Count down, then record."""
        self._fault.hide()
        self._live.clear()
        self._recording = Recording()
        self._watch(self._recording.take)
        self._left_ms = _COUNTDOWN_S * 1000
        self.show_page(self._run_page)
        self._timer.start(_TICK_MS)
        self._tick()

    def take_picture(self, picture: Picture) -> None:
        if self._recording is not None:
            self._live.take_picture(picture)

    def stop(self) -> None:
        self._timer.stop()
        self._watch(None)
        if self._recording is not None:
            self._recording.close()
            self._recording = None
        if self._measuring is not None:
            self._measuring.stop()
            self._measuring = None

    def _tick(self) -> None:
        if self._measuring is not None:
            self._poll(self._measuring)
            return
        recording = self._recording
        if recording is None:
            return
        if self._left_ms > 0:
            self._show_progress(str(-(-self._left_ms // 1000)), "Show your hand and hold it still", 0.0)
            self._left_ms -= _TICK_MS
            if self._left_ms <= 0:
                recording.begin()
            return
        left_s = SECONDS - recording.done_s
        self._show_progress(f"{left_s:.0f}", "Hold still …", recording.done_s / SECONDS)
        if recording.finished:
            self._end_recording(recording)

    def _end_recording(self, recording: Recording) -> None:
        self._watch(None)
        self._recording = None
        spool = recording.take_spool()
        if recording.fault or spool is None:
            self._fail(recording.fault or "Nothing was recorded")
            return
        chosen = [name for name, chip in self._models.items() if chip.isChecked()]
        self._show_progress("…", f"Measuring {', '.join(chosen)}; move as you like", 0.0)
        self._measuring = Measuring(spool, chosen, self._settings(), self._source())

    def _poll(self, measuring: Measuring) -> None:
        """Show how far the measuring is, or what it has come to."""
        if measuring.fault:
            self._fail(measuring.fault)
        elif measuring.report is not None:
            self._show_report(measuring.report)
        else:
            self._bar.setValue(round(1000 * measuring.done))

    def _show_report(self, report: JitterReport) -> None:
        self._end_run()
        self._report = report
        self._saved.hide()
        self._warnings.setText("\n".join(report.warnings))
        self._warnings.setVisible(bool(report.warnings))
        self._table.show_report(report)
        lag = next(iter(report.models.values())).filter_lag
        losses = sum(model.losses for model in report.models.values())
        self._facts.setText(
            f"{len(report.times_s)} frames at {report.fps:.1f} a second; hands lost: {losses}. "
            f"The filter delays a moving hand by {lag.joints_2d_ms:.0f} ms in the picture, "
            f"{lag.articulation_ms:.0f} ms in articulation, {lag.depth_ms:.0f} ms in depth."
        )
        self._plots.show_report(report)
        self.show_page(self._result_page)

    def _end_run(self) -> None:
        self._timer.stop()
        self._measuring = None

    def _fail(self, line: str) -> None:
        self._end_run()
        self._fault.setText(line)
        self._fault.show()
        self.show_page(self._ready_page)

    def _cancel(self) -> None:
        self.stop()
        self.show_page(self._ready_page)

    def _check_start(self) -> None:
        self._start.setEnabled(any(chip.isChecked() for chip in self._models.values()))

    def _show_progress(self, count: str, said: str, done: float) -> None:
        self._count.setText(count)
        self._said.setText(said)
        self._bar.setValue(round(1000 * done))

    def _save(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "A folder for jitter.json, jitter.csv and jitter.png")
        if folder and self._report is not None:
            self.save_to(Path(folder))

    def save_to(self, folder: Path) -> None:
        """Write the last result there, and say so."""
        if self._report is None:
            return
        try:
            self._saved.setText(f"Saved {', '.join(save_report(self._report, folder))} in {folder}")
        except UserError as error:
            self._saved.setText(str(error))
        self._saved.show()


def _bar() -> QProgressBar:
    bar = QProgressBar()
    bar.setRange(0, 1000)
    bar.setTextVisible(False)
    bar.setFixedHeight(6)
    return bar


def _chips(chips: list) -> QWidget:
    """Three in a row."""
    holder = QWidget()
    grid = QGridLayout(holder)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setSpacing(style.GAP)
    for index, chip in enumerate(chips):
        grid.addWidget(chip, index // 3, index % 3)
    return holder
