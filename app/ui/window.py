"""The window: picture, panel, bar and strip, wired to a session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PyQt6.QtCore import QSettings, QStandardPaths, QTimer
from PyQt6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeySequence, QResizeEvent, QShortcut
from PyQt6.QtWidgets import QFileDialog, QMainWindow

from app.capture import PATTERNS, CameraMode, CameraWishes, list_cameras, source_kind
from app.effects.ring import file as ring_file
from app.session import AUTO, Listener, Picture, Session, Settings, Status
from app.session.finder import same_models
from app.ui.bar import OPEN_FILE, BottomBar
from app.ui.bridge import Bridge
from app.ui.camera.choice import CameraMemory
from app.ui.camera.names import named_cameras
from app.ui.help import HelpCard
from app.ui.layout import lay_out
from app.ui.marks.guide import HandGuide
from app.ui.measure.measured import Measured
from app.ui.panel import Panel
from app.ui.preferences import Preferences, load_geometry, save_geometry, save_preferences
from app.ui.recording import RecordingControl, new_file
from app.ui.sheets import SheetPlace
from app.ui.strip import StatusStrip
from app.ui.view import PictureView

MakeSession = Callable[[Settings, Listener], Session]

_FIGURES_MS = 300
_FILES = f"Videos and images ({PATTERNS});;All (*)"


class MainWindow(QMainWindow):
    """Owns the session: it starts with the window and has ended when the window is closed."""

    def __init__(
        self,
        preferences: Preferences,
        store: QSettings,
        models: Sequence[str],
        source: str | None = None,
        make_session: MakeSession = Session,
        camera: CameraMode | None = None,
    ) -> None:
        """store: where preferences are kept at the end. source: None takes a camera, or else the demo.

        camera: what a camera is asked for, whatever is remembered of it.
        """
        super().__init__()
        self.setWindowTitle("Palmistry")
        self.setMinimumSize(820, 560)
        self.setAcceptDrops(True)
        self._preferences = preferences
        self._store = store
        self._guide, self._shows_photo = HandGuide(), False
        self._source = AUTO if source is None else source
        self.view = PictureView()
        self.panel = Panel(preferences.settings, models)
        self.bar = BottomBar(preferences.recording)
        self.strip = StatusStrip()
        self.help = HelpCard(self.view)
        self.recording = RecordingControl(
            lambda: self.session, self.bar, self.view, lambda status: self.strip.show_status(status)
        )
        self.measured = Measured(
            lambda: self._preferences.settings,
            self._apply,
            lambda watcher: self.session.watch(watcher),
            lambda status: self.strip.show_status(status),
            lambda: self.view.mirrored,
        )
        self.sheets = SheetPlace(
            lay_out(self, self.view, self.strip, self.panel, self.bar), self.panel, self.measured
        )
        self.bridge = Bridge()
        self._connect()
        self.session = make_session(preferences.settings, self.bridge.listener())
        self.camera = CameraMemory(self.bar.camera, preferences.cameras, camera, self._ask_camera)
        self._ask_camera(self.camera.wishes, reopen=False)
        self._show_mirror()
        self._place()
        self._figures = QTimer(self)
        self._figures.timeout.connect(self._show_figures)
        self._figures.start(_FIGURES_MS)
        self._look_for_cameras()
        self.session.open(self._source)

    def _place(self) -> None:
        """Where it was left last time; never larger than the screen."""
        self.resize(1240, 780)
        geometry = load_geometry(self._store)
        if geometry is not None:
            self.restoreGeometry(geometry)
        screen = self.screen()
        if screen is not None:
            self.resize(self.size().boundedTo(screen.availableSize()))

    def _look_for_cameras(self) -> None:
        """Qt's list is asked for here, on its own thread; numbers are tried on another."""
        names = named_cameras()
        self.session.find_cameras = lambda: list_cameras(lambda: names)
        self.bridge.ask_for_cameras(self.session.find_cameras)

    def _ask_camera(self, wishes: CameraWishes, reopen: bool) -> None:
        self.session.wishes = wishes
        self._preferences = replace(self._preferences, cameras=dict(wishes.by_name))
        if reopen:
            self._choose_source(self._source)

    def _snapshot(self) -> None:
        suffix = ".jpg" if self._shows_photo else ".png"
        self.session.snapshot(new_file(QStandardPaths.StandardLocation.PicturesLocation, suffix))

    def _show_picture(self, picture: Picture) -> None:
        if picture.frame.source != self._source:
            return  # a last one of the previous source
        self._take_size(picture.image_rgb.shape[1], picture.image_rgb.shape[0])
        self._shows_photo = picture.frame.photo
        self.view.set_guidance(self._guide(picture))
        self.view.set_note(" · ".join(picture.doubts))
        self.view.set_picture(picture.image_rgb, picture.time_s)
        self.panel.show_readout(picture.readout)
        self.sheets.take_picture(picture)

    def _take_size(self, width: int, height: int) -> None:
        """A calibration is for pictures of one shape: what is known of depth depends on theirs."""
        settings = self._preferences.settings
        if settings.calibration is not None and settings.picture_wh != (width, height):
            self._apply(replace(settings, picture_wh=(width, height)))

    def _show_status(self, status: Status) -> None:
        self.strip.show_status(status)
        if status.topic == "source" and status.level == "error":
            self.view.set_message("No picture")

    def _choose_source(self, source: str) -> None:
        if source == OPEN_FILE:
            source, _ = QFileDialog.getOpenFileName(self, "Open a video or an image", "", _FILES)
            if not source:
                self.bar.show_source(self._source)
                return
        self.strip.show_status(Status("source", "info", ""))
        if source_kind(source) == "file":
            photo = f"-{Path(source).stem}.jpg"
            self.session.keep_photo(source, new_file(QStandardPaths.StandardLocation.PicturesLocation, photo))
        self.session.open(source)

    def _show_source(self, source: str) -> None:
        self._source = source
        self.bar.show_source(source)
        self._show_mirror()
        self.measured.take_source(source)
        self.camera.take_source(source)

    def _fall_back(self, failed: Settings, running: Settings) -> None:
        """A model can't be loaded: choose the one that runs, unless a third has been chosen meanwhile."""
        now = self._preferences.settings
        if same_models(now, failed):
            model, hands = running.model, running.max_hands
            self._apply(
                replace(now, model=model, max_hands=hands, profile=running.profile, saver=running.saver)
            )

    def _apply(self, settings: Settings) -> None:
        """Settings that did not come from the panel."""
        self.panel.show_settings(settings)
        self._change_settings(settings)

    def _change_settings(self, settings: Settings) -> None:
        self._preferences = replace(self._preferences, settings=settings)
        self.session.settings = settings

    def _toggle_mirror(self) -> None:
        old = self._preferences
        if source_kind(self._source) == "camera":
            self._preferences = replace(old, mirror_camera=not old.mirror_camera)
        else:
            self._preferences = replace(old, mirror_file=not old.mirror_file)
        self._show_mirror()

    def _show_mirror(self) -> None:
        camera = source_kind(self._source) == "camera"
        mirrored = self._preferences.mirror_camera if camera else self._preferences.mirror_file
        self.view.set_mirrored(mirrored)
        self.bar.show_mirrored(mirrored)

    def _show_figures(self) -> None:
        self.bar.show_figures(self.session.statistics.read(), self._preferences.settings.model)

    def _toggle_full_screen(self) -> None:
        full = not self.isFullScreen()
        self.sheets.close()
        self.panel.setVisible(not full)
        self.bar.setVisible(not full)
        if full:
            self.showFullScreen()
        else:
            self.showNormal()

    def _escape(self) -> None:
        if self.help.isVisible():
            self.help.hide()
        elif not self.sheets.close() and self.isFullScreen():
            self._toggle_full_screen()

    def _connect(self) -> None:
        self.bridge.picture.connect(self._show_picture)
        self.bridge.status.connect(self._show_status)
        self.bridge.recording.connect(self.recording.take_state)
        self.bridge.source.connect(self._show_source)
        self.bridge.fell_back.connect(self._fall_back)
        self.bridge.cameras.connect(self.bar.show_cameras)
        self.bridge.cameras.connect(self.measured.take_cameras)
        self.bridge.cameras.connect(lambda cameras: self.camera.take_cameras(cameras))
        self.view.painted.connect(lambda time_s: self.session.statistics.displayed(time_s))
        self.view.corner_dragged.connect(self.panel.turn_view)
        self.panel.changed.connect(self._change_settings)
        self.panel.told.connect(self.strip.show_status)
        self.panel.sheet_wanted.connect(self.sheets.show)
        self.panel.hand_chosen.connect(self.measured.choose_profile)
        self.bar.record_pressed.connect(self.recording.toggle)
        self.bar.pause_pressed.connect(self.recording.toggle_pause)
        self.bar.snapshot_pressed.connect(self._snapshot)
        self.bar.record_menu.virtual_camera_wanted.connect(
            lambda wanted: self.session.set_virtual_camera(wanted)
        )
        self.bar.record_menu.streams.wanted.connect(lambda where: self.session.set_streams(where))
        self.bar.record_menu.streams.refused.connect(
            lambda line: self.strip.show_status(Status("stream", "error", line))
        )
        self.bar.mirror_pressed.connect(self._toggle_mirror)
        self.bar.help_pressed.connect(self.help.toggle)
        self.bar.source_chosen.connect(self._choose_source)
        self.bar.cameras_wanted.connect(self._look_for_cameras)
        keys: dict[str, Callable[[], None]] = {
            "Space": self.recording.toggle,
            "P": self.recording.toggle_pause,
            "S": self._snapshot,
            "M": self._toggle_mirror,
            "Tab": self.panel.next_model,
            "F": self._toggle_full_screen,
            "H": self.help.toggle,
            "Esc": self._escape,
        }
        for number in range(1, 10):
            keys[str(number)] = lambda number=number: self.panel.choose_effect(number)  # type: ignore[misc]
        for key, action in keys.items():
            QShortcut(QKeySequence(key), self, activated=action)  # type: ignore[call-overload]

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self.help.centre()

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        data = event.mimeData() if event else None
        if event and data and any(url.isLocalFile() for url in data.urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:
        data = event.mimeData() if event else None
        files = [url.toLocalFile() for url in data.urls() if url.isLocalFile()] if data else []
        if files and Path(files[0]).suffix.lower() in ring_file.KINDS + ring_file.OTHER_KINDS:
            self.panel.wear_file(Path(files[0]))
        elif files:
            self._choose_source(files[0])

    def closeEvent(self, event: QCloseEvent | None) -> None:
        self._figures.stop()
        self.sheets.close()
        self.panel.close_files()
        remembered = replace(self._preferences, recording=self.bar.record_menu.options)
        save_preferences(self._store, remembered)
        if not self.isFullScreen():
            save_geometry(self._store, self.saveGeometry())
        self.hide()  # at once: the session may wait a moment for a camera
        self.session.close()
        self.bridge.close()
        super().closeEvent(event)
