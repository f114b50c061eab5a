"""Starts Qt and the window."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PyQt6.QtCore import QSettings, QTimer
from PyQt6.QtWidgets import QApplication

from app.capture import CameraMode
from app.recorder import RecordingOptions
from app.session import Settings
from app.stream import StreamAddress
from app.ui.preferences import load_preferences
from app.ui.style import style_sheet
from app.ui.window import MainWindow


@dataclass(frozen=True)
class WindowOptions:
    """What the command line asks of the window."""

    models: Sequence[str]
    change: Callable[[Settings], Settings]  # puts what was given over what was remembered
    source: str | None = None  # None: a camera, or else the demo
    camera: CameraMode | None = None  # what a camera is asked for; None: as remembered
    record: Path | None = None  # record from the start
    recording: RecordingOptions | None = None  # what recordings keep beside them; None: as remembered
    virtual_camera: bool = False  # be a camera for other programs from the start
    streams: Sequence[StreamAddress] = ()  # where hands are sent from the start
    rings: Path | None = None  # a folder of ring files, shown as thumbnails; None: as remembered
    quit_after_s: float | None = None
    mirror: bool = False  # mirror whatever is shown


def run_window(options: WindowOptions) -> int:
    """Show the window until it is closed; the exit status."""
    application = QApplication(sys.argv[:1])
    application.setApplicationName("Palmistry")
    application.setOrganizationName("Palmistry")
    application.setStyle("Fusion")
    application.setStyleSheet(style_sheet())
    store = QSettings()
    preferences = load_preferences(store, tuple(options.models))
    preferences = replace(preferences, settings=options.change(preferences.settings))
    if options.mirror:
        preferences = replace(preferences, mirror_camera=True, mirror_file=True)
    if options.recording is not None:
        preferences = replace(preferences, recording=options.recording)
    window = MainWindow(preferences, store, options.models, options.source, camera=options.camera)
    window.show()
    if options.record is not None:
        window.recording.start(options.record)
    if options.virtual_camera:
        window.bar.record_menu.set_virtual_camera()
    window.bar.record_menu.streams.choose(options.streams)
    library = window.panel.ring.library
    library.show_remembered() if options.rings is None else library.show_folder(options.rings)
    # Python sees Ctrl+C, or a session that ends, only while it runs: the timer gives it the chance.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: window.close())
    awake = QTimer()
    awake.timeout.connect(lambda: None)
    awake.start(200)
    if options.quit_after_s is not None:
        QTimer.singleShot(round(options.quit_after_s * 1e3), window.close)
    return application.exec()
