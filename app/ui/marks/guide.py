"""While no hand is seen: what would help, from what the detector and the picture tell."""

from __future__ import annotations

from dataclasses import dataclass

from app.capture import source_kind
from app.session import Picture
from models.tracking.hints import Hint

_ADVICE = {
    None: "Show your whole hand",
    Hint.DARK: "More light: the picture is too dark",
    Hint.LARGE: "Move back: your hand fills the picture",
    Hint.CUT: "Show your whole hand: the picture's edge cuts it",
    Hint.SMALL: "Come closer: your hand is too small in the picture",
}
_MISSING_S = 0.8  # a hand that is lost for a moment is no reason to teach anybody
_FADE_S = 0.3
_HOLD_S = 0.6  # what is said stands so long after it was last true


@dataclass(frozen=True)
class Guidance:
    """What is shown over the picture."""

    line: str
    outline: bool  # of a hand: who stands before a camera can act on it
    opacity: float  # 0..1


class HandGuide:
    """Told of every picture; knows what to show over it."""

    def __init__(self) -> None:
        self._source = ""
        self._since_s: float | None = None  # no hand was seen
        self._line, self._said_s = "", 0.0

    def __call__(self, picture: Picture) -> Guidance | None:
        """None where nothing is to be shown: a hand is there, or nobody has looked for one yet."""
        source, now = picture.frame.source, picture.time_s
        looked_for = bool(picture.found.stages_ms.keys() - {"draw"})
        if picture.hands or not looked_for or source != self._source:
            self._source, self._since_s, self._line = source, None, ""
            return None
        if self._since_s is None or now < self._since_s:
            self._since_s = now
        missing_s = now - self._since_s
        if missing_s < _MISSING_S:
            return None
        camera = source_kind(source) == "camera"
        line = _ADVICE[picture.found.hint] if camera else _about_a_file(picture.found.hint)
        if line == self._line or not self._line or now - self._said_s > _HOLD_S:
            self._line, self._said_s = line, now
        return Guidance(self._line, camera, min(1.0, (missing_s - _MISSING_S) / _FADE_S))


def _about_a_file(hint: Hint | None) -> str:
    return "No hand is found here" if hint is None else f"No hand is found here: {hint.value}"
