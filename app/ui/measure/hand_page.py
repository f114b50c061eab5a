"""A hand profile in the window: its shape over five seconds, its size by a ruler or a bank card, a name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from PyQt6.QtWidgets import QDoubleSpinBox, QLineEdit, QProgressBar

from app.errors import UserError
from app.measure.profiles import save_profile
from app.session import Picture, Settings
from app.ui.controls import Chips, beside, button, label
from app.ui.measure.card_view import CardView
from app.ui.measure.shape_estimate import ShapeEstimate
from app.ui.sheet import Sheet, in_a_row, steps, text
from models.hand.hand_data import load_open_hand
from models.hand.known_length import fit_card, scale_from_card
from models.hand.profile import (
    BREADTH_M,
    HandProfile,
    palm_breadth_m,
    personal_hand,
    with_breadth,
)
from models.types import Camera, HandMesh

_SECONDS = 5.0
_SETTLING_S = 2.0  # until pictures are made without the profile that was in use
_MESHES = 40  # of those seconds, evenly
_TURN = "Turn your hand slowly …"
_METHODS = {"": "Unknown", "palm": "Ruler", "card": "Bank card"}


class HandPage(Sheet):
    """Asks the window for pictures; hands it the profile."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        use: Callable[[HandProfile | None], None],
    ) -> None:
        super().__init__("My hand")
        self._settings, self._use = settings, use
        self._set_aside: HandProfile | None = None  # a known shape, while a shape is measured
        self._meshes: list[HandMesh] | None = None  # while they are collected
        self._from_s = 0.0  # time of the first picture that counts; 0 while unknown
        self._estimating: ShapeEstimate | None = None
        self._profile = HandProfile("", (0.0,) * 10)
        self._shaped = False
        self._newest: Picture | None = None
        self._frozen: tuple[HandMesh, Camera] | None = None  # of the picture that shows the card
        self._name = QLineEdit()
        self._name.setPlaceholderText("Anna")
        self._name.setMaxLength(40)
        self._name.textChanged.connect(self._refresh)
        self._measure = button("Measure the shape", "Show the open hand for five seconds")
        self._measure.clicked.connect(self.begin)
        self._bar = QProgressBar()
        self._bar.setRange(0, 100)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(6)
        self._shape_state = text("", "muted")
        self._method = Chips(_METHODS, "How the hand's true size is known")
        self._method.choose("")
        self._method.chosen.connect(self._choose_method)
        self._breadth = QDoubleSpinBox()
        self._breadth.setRange(1e3 * BREADTH_M[0], 1e3 * BREADTH_M[1])
        self._breadth.setDecimals(0)
        self._breadth.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self._breadth.setSuffix(" mm")
        self._breadth.setValue(round(1e3 * palm_breadth_m(load_open_hand())))
        self._breadth.valueChanged.connect(lambda _: self._measure_breadth())
        self._breadth_row = beside("Palm across the knuckles, without the thumb", self._breadth)
        self._size_state = text("", "muted")
        self._fault = text("", "warning")
        self._save = button("Save and use", "Keep this hand under its name", "primary")
        self._save.clicked.connect(self._keep)
        self._page = self.add_page(
            text("Size and depth come from how large a hand is. Yours, measured once, is kept by name."),
            beside("Name", self._name),
            label("SHAPE", "section"),
            text("Show one open hand to the camera and turn it slowly, for five seconds.", "muted"),
            self._measure,
            self._bar,
            self._shape_state,
            label("SIZE", "section"),
            self._method,
            self._breadth_row,
            self._size_state,
            None,
            self._fault,
            self._save,
        )
        self._card = CardView()
        self._card.changed.connect(self._refresh)
        self._card_note = text("", "warning")
        self._take = button("Take the picture again", "Use the picture of this moment")
        self._take.clicked.connect(self._freeze)
        self._card_done = button("Done", "Take the size from this card", "primary")
        self._card_done.clicked.connect(self._measure_card)
        back = button("Back", "Without a card")
        back.clicked.connect(lambda: self._choose_method(""))
        self._card_page = self.add_page(
            steps(
                [
                    "Hold a bank card flat on your open palm, below the fingers, straight to the camera.",
                    "Take the picture; mark the card's four corners. They can be dragged.",
                ]
            ),
            self._take,
            self._card,
            None,
            self._card_note,
            in_a_row(back, self._card_done),
        )
        self._bar.hide()
        self._say("")
        self._card_note.hide()
        self._choose_method("")

    def take_picture(self, picture: Picture) -> None:
        self._newest = picture
        meshes = self._meshes
        if meshes is None:
            return
        self._shape_state.setText(_TURN if picture.hands else "No hand found: show one, open")
        if not picture.hands:
            return
        if self._set_aside is not None:
            self._from_s = self._from_s or picture.time_s + _SETTLING_S
            if picture.time_s < self._from_s:
                return
        meshes.append(picture.hands[0])
        done = (meshes[-1].time_s - meshes[0].time_s) / _SECONDS
        self._bar.setValue(round(100 * min(done, 1.0)))
        if done >= 1:
            self._end_collecting()
            self._estimate(meshes)

    def stop(self) -> None:
        self._end_collecting()
        self._estimating = None  # its answer is no longer wanted; it ends by itself

    def begin(self) -> None:
        """Collect the hand's meshes for five seconds."""
        self._end_collecting()
        self._say("")
        self._set_aside, self._from_s = self._settings().profile, 0.0
        if self._set_aside is not None:
            self._use(None)  # a hand of known shape would only show that shape again
        self._meshes = []
        self._bar.setValue(0)
        self._bar.show()
        self._shape_state.setText(_TURN)

    def _end_collecting(self) -> None:
        self._meshes = None
        if self._set_aside is not None:
            self._use(self._set_aside)
            self._set_aside = None

    def _estimate(self, meshes: Sequence[HandMesh]) -> None:
        chosen = [meshes[k] for k in np.linspace(0, len(meshes) - 1, min(_MESHES, len(meshes))).astype(int)]
        self._shape_state.setText("Calculating …")
        self._estimating = estimate = ShapeEstimate(chosen)
        estimate.found.connect(self._take_shape)
        estimate.failed.connect(self._take_failure)
        estimate.start()

    def _take_failure(self, line: str) -> None:
        if self.sender() is self._estimating:
            self._say(line)

    def _take_shape(self, betas: np.ndarray) -> None:
        if self.sender() is not self._estimating:
            return  # it was begun anew, or given up
        hand = load_open_hand()
        breadth_m = float(np.clip(palm_breadth_m(personal_hand(hand, self._profile)), *BREADTH_M))
        self._profile = replace(self._profile, betas=tuple(float(b) for b in betas))
        if self._profile.measured:  # by ruler or card: the palm stays as broad
            self._profile = with_breadth(hand, self._profile, breadth_m)
        self._shaped = True
        self._bar.hide()
        self._refresh()

    def _choose_method(self, method: str) -> None:
        self._method.choose(method)
        self._breadth_row.setVisible(method == "palm")
        if method == "card":
            self._freeze()
            self.show_page(self._card_page)
            return
        self.show_page(self._page)
        if method == "palm":
            self._measure_breadth()
        else:
            self._profile = replace(self._profile, scale=1.0, measured=False)
        self._refresh()

    def _measure_breadth(self) -> None:
        self._profile = with_breadth(load_open_hand(), self._profile, self._breadth.value() / 1e3)
        self._refresh()

    def _freeze(self) -> None:
        """The newest picture, without anything drawn on it."""
        self._frozen = None
        picture = self._newest
        if picture is None or not picture.hands:
            self._note("No hand in the picture: show palm and card, then take it again")
            return
        self._note("")
        self._frozen = (picture.hands[0], picture.camera)
        self._card.show_picture(picture.frame.image_rgb)

    def _measure_card(self) -> None:
        if self._frozen is None:
            return
        hand, camera = self._frozen
        try:
            card = fit_card(self._card.corners_px, camera)
            shape = personal_hand(load_open_hand(), replace(self._profile, scale=1.0))
            scale = scale_from_card(card, hand.joints_2d_px, camera, shape)
            self._profile = replace(self._profile, scale=scale, measured=True)
        except ValueError as error:
            self._note(str(error))
            return
        self.show_page(self._page)
        self._refresh()

    def _refresh(self) -> None:
        hand = personal_hand(load_open_hand(), self._profile)
        breadth = f"The palm is {1e3 * palm_breadth_m(hand):.0f} mm across the knuckles"
        guess = "" if self._profile.measured else ", if it is an adult's of common size"
        settings = replace(self._settings(), profile=self._profile)
        self._size_state.setText(f"{breadth}{guess}. {settings.depth_error.text()}.")
        if self._meshes is None:
            self._shape_state.setText("Measured." if self._shaped else "Not measured: the mean hand's.")
        self._save.setEnabled(bool(self._name.text().strip()))
        self._card_done.setEnabled(self._frozen is not None and len(self._card.corners_px) == 4)

    def _keep(self) -> None:
        profile = replace(self._profile, name=self._name.text().strip())
        try:
            save_profile(profile)
        except UserError as error:
            self._say(str(error))
            return
        self._use(profile)
        self.closed.emit()

    def _say(self, line: str) -> None:
        self._fault.setText(line)
        self._fault.setVisible(bool(line))
        if line:
            self._bar.hide()
            self._refresh()

    def _note(self, line: str) -> None:
        self._card_note.setText(line)
        self._card_note.setVisible(bool(line))
