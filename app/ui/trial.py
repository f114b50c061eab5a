"""The window, opened for some seconds to see how late its pictures are."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PyQt6.QtCore import QSettings, QTimer
from PyQt6.QtWidgets import QApplication

from app.session import Settings, Statistics
from app.ui.preferences import Preferences
from app.ui.style import style_sheet
from app.ui.window import MainWindow

_SETTLING_S = 6.0  # a model is loaded, graphics begin


def watch_window(settings: Settings, source: str, seconds: float) -> Statistics:
    """Show the window on a source, and read its figures at the end. Leaves a person's preferences alone."""
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setStyle("Fusion")
    application.setStyleSheet(style_sheet())
    figures: list[Statistics] = []
    with tempfile.TemporaryDirectory() as folder:
        store = QSettings(str(Path(folder) / "settings.ini"), QSettings.Format.IniFormat)
        window = MainWindow(Preferences(settings), store, (settings.model,), source)
        window.show()

        def finish() -> None:
            figures.append(window.session.statistics.read())
            window.close()
            application.quit()

        QTimer.singleShot(round(_SETTLING_S * 1e3), lambda: window.session.statistics.reset())
        QTimer.singleShot(round((_SETTLING_S + seconds) * 1e3), finish)
        application.exec()
    return figures[0]
