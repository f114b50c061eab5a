"""The ring's controls: which rings are worn, and where, of what and how large the picked one is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PyQt6.QtCore import QTimer, pyqtSignal
from PyQt6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from app.effects import (
    FINGERS,
    METALS,
    MOST_RINGS,
    STONES,
    OwnRing,
    Placement,
    RingSettings,
    ring_designs,
    ring_size,
)
from app.effects.ring.file import describe
from app.effects.ring.memory import recall, remember, remember_parts
from app.effects.ring.model import Kind
from app.effects.ring.settings import LARGEST_MM, SMALLEST_MM
from app.effects.ring.sizes import us_diameter_mm
from app.session import Status
from app.ui import style
from app.ui.controls import Chips, Choice, beside, button, label, restyle
from app.ui.ring.adjust import TITLE_WIDTH, RingAdjust
from app.ui.ring.files import RingFiles
from app.ui.ring.library import RingLibrary
from app.ui.ring.make import RingMake

FINGER_TITLES = {"thumb": "Thumb", "index": "Index", "middle": "Middle", "ring": "Ring", "little": "Little"}
SEGMENT_TITLES = {"proximal": "Base", "middle": "Middle", "distal": "Tip"}
HAND_TITLES = {"both": "Both hands", "left": "Left", "right": "Right"}
_US_SIZES = [2 + half / 2 for half in range(25)]
_FIT = "fit"
_OWN, _OPEN = "own", "open a file"  # beside the designs' names
MODELS = "3D models (*.glb *.gltf *.obj *.stl)"
_REMEMBER_MS = 600  # after the last change of a placement


class RingControls(QWidget):
    """Shows the rings and tells of every change, as a whole new tuple."""

    changed = pyqtSignal(object)  # tuple[RingSettings, ...]
    told = pyqtSignal(object)  # Status

    def __init__(self, rings: Sequence[RingSettings]) -> None:
        super().__init__()
        self._rings = tuple(rings)
        self._picked = 0
        self._pending: Path | None = None  # a file that is being read for the picked ring
        self._list = Choice("The rings that are worn: pick one to change it")
        self._add = button("+", "Wear one more ring", "chip")
        self._remove = button("−", "Take this ring off", "chip")
        self._finger = Chips(FINGER_TITLES, "The finger that wears the ring")
        self._segment = Chips(SEGMENT_TITLES, "The segment of the finger that wears the ring")
        self._hands = Chips(HAND_TITLES, "The hands that wear the ring")
        self._design = Choice("What the ring looks like")
        self._metal = Choice("What the ring is made of")
        self._metal.fill({name: name.capitalize() for name in METALS}, "gold")
        self._stone = Choice("The stones the ring carries")
        self._stone.fill({name: name.capitalize() for name in STONES}, "diamond")
        self._size = Choice("As large as the finger, or of a size that you choose")
        self._make = RingMake()
        self._adjust = RingAdjust()
        self._files = RingFiles()
        self.library = RingLibrary()
        self._remembering = QTimer(self)
        self._remembering.setSingleShot(True)
        self._remembering.setInterval(_REMEMBER_MS)
        self._measured = label("", "muted")
        self._measured.setWordWrap(True)
        self._lay_out()
        self._connect()
        self.show_rings(self._rings)
        for ring in self._rings:
            if ring.own is not None and ring.own.model is None:
                self._files.read(ring.own.path, ring.own.unit)

    def wear_file(self, path: Path, unit: str | None = None) -> None:
        """Put the ring of a file in the place of the picked one, as soon as it is read."""
        self.told.emit(Status("ring", "info", f"Reading {path.name} …"))
        self._pending = path
        self._files.read(path, unit)

    def close_files(self) -> None:
        """The window is closing: keep placements that wait to be kept."""
        self._files.close()
        self.library.close_library()
        if self._remembering.isActive():
            self._remember()

    def show_rings(self, rings: Sequence[RingSettings]) -> None:
        """Show these, without telling anybody."""
        self._rings = tuple(rings)
        self._picked = min(self._picked, len(self._rings) - 1)
        ring = self._rings[self._picked]
        self._list.fill({str(i): _title(i, r) for i, r in enumerate(self._rings)}, str(self._picked))
        self._add.setEnabled(len(self._rings) < MOST_RINGS)
        self._remove.setEnabled(len(self._rings) > 1)
        self._finger.choose(ring.finger)
        self._segment.choose(ring.segment)
        thumb = ring.finger == "thumb"
        self._segment.set_enabled_values(frozenset(SEGMENT_TITLES) - ({"middle"} if thumb else set()))
        self._hands.choose(ring.hands)
        designs = {name: name.capitalize() for name in ring_designs()}
        if ring.own is not None:
            designs[_OWN] = ring.own.path.name
        self._design.fill(designs | {_OPEN: "From a file …"}, ring.design if ring.own is None else _OWN)
        self._metal.choose(ring.metal)
        self._stone.choose(ring.stone)
        self._stone_row.setVisible(_has_stones(ring))
        self._make.show_ring(ring)
        self._adjust.show_ring(ring)
        self._size.fill(_sizes(ring), _FIT if ring.size_mm is None else f"{ring.size_mm:.2f}")

    def show_readout(self, lines: Sequence[str]) -> None:
        """The measured sizes; an empty list while no hand is found."""
        text = "\n".join(lines) or "Show a hand to measure its ring size"
        if text != self._measured.text():
            self._measured.setText(text)
            self._measured.setProperty("role", "value" if lines else "muted")
            restyle(self._measured)

    def _connect(self) -> None:
        self._list.chosen.connect(self._pick)
        self._add.clicked.connect(self._add_ring)
        self._remove.clicked.connect(self._remove_ring)
        self._finger.chosen.connect(self._choose_finger)
        self._segment.chosen.connect(lambda name: self._change(segment=name))
        self._hands.chosen.connect(lambda name: self._change(hands=name))
        self._design.chosen.connect(self._choose_design)
        self._make.changed.connect(lambda name, value: self._change(**{name: value}))
        self._adjust.placed.connect(self._place)
        self._adjust.unit_chosen.connect(self._choose_unit)
        self._adjust.told.connect(self._tell_parts)
        self.library.chosen.connect(self.wear_file)
        self.library.told.connect(self.told)
        self._files.loaded.connect(self._wear)
        self._files.failed.connect(self._give_up)
        self._remembering.timeout.connect(self._remember)
        self._metal.chosen.connect(lambda name: self._change(metal=name))
        self._stone.chosen.connect(lambda name: self._change(stone=name))
        self._size.chosen.connect(lambda size: self._change(size_mm=None if size == _FIT else float(size)))

    def _pick(self, index: str) -> None:
        self._picked = int(index)
        self.show_rings(self._rings)

    def _add_ring(self) -> None:
        """One like the picked one, on the next finger that is free."""
        ring = self._rings[self._picked]
        worn = {r.finger for r in self._rings}
        free = [f for f in FINGERS[FINGERS.index(ring.finger) :] + FINGERS if f not in worn] or [ring.finger]
        self._picked = len(self._rings)
        self._tell((*self._rings, replace(ring, finger=free[0], segment="proximal")))

    def _remove_ring(self) -> None:
        rest = self._rings[: self._picked] + self._rings[self._picked + 1 :]
        self._picked = max(0, self._picked - 1)
        self._tell(rest)

    def _choose_finger(self, finger: str) -> None:
        segment = self._rings[self._picked].segment
        missing = finger == "thumb" and segment == "middle"
        self._change(finger=finger, segment="proximal" if missing else segment)

    def _choose_design(self, name: str) -> None:
        if name == _OPEN:
            path, _ = QFileDialog.getOpenFileName(self, "Open a ring", "", MODELS)
            if path:
                self.wear_file(Path(path))
            else:
                self.show_rings(self._rings)
        elif name != _OWN:
            self._change(design=name, own=None, placement=Placement())

    def _choose_unit(self, unit: str) -> None:
        own = self._rings[self._picked].own
        if own is not None and unit:
            self._files.read(own.path, unit)

    def _tell_parts(self, ring: int, kinds: dict[str, Kind]) -> None:
        own = self._rings[self._picked].own
        if own is not None:
            remember_parts(own.sha256, ring, kinds)
            self._files.read(own.path, None if own.guessed else own.unit)

    def _wear(self, own: OwnRing) -> None:
        """A file has been read: wear it wherever it is waited for, placed as it was the last time."""
        placement = recall(own.sha256).placement
        waiting = {i for i, ring in enumerate(self._rings) if ring.own and ring.own.path == own.path}
        if self._pending == own.path:
            self._pending = None
            waiting.add(self._picked)
        if waiting:
            self.told.emit(Status("ring", "info", describe(own)))
            self._tell(
                tuple(
                    replace(ring, own=own, placement=placement) if i in waiting else ring
                    for i, ring in enumerate(self._rings)
                )
            )
            self._remembering.start()

    def _give_up(self, path: Path, fault: str) -> None:
        """A file can't be worn: what was worn so far stays, or else a design of ours."""
        self._pending = None if self._pending == path else self._pending
        self.told.emit(Status("ring", "error", fault))
        rings = [
            replace(r, own=None) if r.own and r.own.path == path and r.own.model is None else r
            for r in self._rings
        ]
        self._tell(tuple(rings))

    def _place(self, placement: Placement) -> None:
        self._change(placement=placement)
        self._remembering.start()

    def _remember(self) -> None:
        for ring in self._rings:
            if ring.own is not None and ring.own.model is not None:
                remember(ring.own.sha256, ring.placement, None if ring.own.guessed else ring.own.unit)

    def _change(self, **changes: object) -> None:
        rings = list(self._rings)
        rings[self._picked] = replace(rings[self._picked], **changes)  # type: ignore[arg-type]
        self._tell(tuple(rings))

    def _tell(self, rings: tuple[RingSettings, ...]) -> None:
        self.show_rings(rings)
        self.changed.emit(rings)

    def _lay_out(self) -> None:
        worn = QWidget()
        row = QHBoxLayout(worn)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self._list, 1)
        for small in (self._add, self._remove):
            small.setFixedWidth(32)
            row.addWidget(small)
        self._stone_row = beside("Stone", self._stone, title_width=TITLE_WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(style.GAP)
        for widget in (
            worn,
            self._finger,
            self._segment,
            self._hands,
            beside("Design", self._design, title_width=TITLE_WIDTH),
            self.library,
            beside("Metal", self._metal, title_width=TITLE_WIDTH),
            self._make,
            self._stone_row,
            beside("Size", self._size, title_width=TITLE_WIDTH),
            self._adjust,
            self._measured,
        ):
            column.addWidget(widget)


def _title(index: int, ring: RingSettings) -> str:
    design = ring.own.path.name if ring.own is not None else ring.design
    return f"{index + 1}   {FINGER_TITLES[ring.finger]} · {design}"


def _has_stones(ring: RingSettings) -> bool:
    if ring.own is None:
        return ring_designs()[ring.design].has_stones
    return ring.own.model is not None and any(part.material == "stone" for part in ring.own.model.parts)


def _sizes(ring: RingSettings) -> dict[str, str]:
    """What can be chosen: to fit, the US sizes by halves, the file's own, and whatever is chosen now."""
    chosen_mm = ring.size_mm
    sizes_mm = [us_diameter_mm(us) for us in _US_SIZES]
    if chosen_mm is not None and f"{chosen_mm:.2f}" not in {f"{mm:.2f}" for mm in sizes_mm}:
        sizes_mm = sorted([*sizes_mm, chosen_mm])
    if ring.own is not None and SMALLEST_MM <= ring.own.inner_diameter_mm <= LARGEST_MM:
        sizes_mm.insert(0, ring.own.inner_diameter_mm)
    titles = {_FIT: "Fits the finger"}
    for mm in sizes_mm:
        s = ring_size(mm)
        titles[f"{mm:.2f}"] = f"US {s.us:g} · EU {s.eu:.0f} · {mm:.1f} mm"
    return titles
