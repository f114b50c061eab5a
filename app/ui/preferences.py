"""What the window remembers from one start to the next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, get_args

from PyQt6.QtCore import QByteArray, QSettings

from app.capture import CameraMode, parse_mode
from app.effects import effect_names
from app.effects.catalog import saved_settings, settings_to_save
from app.errors import UserError
from app.measure.profiles import load_profile
from app.recorder import RecordingOptions
from app.session import OVERLAYS, Settings
from models.geometry import DEFAULT_FOV_DEG
from models.hand.profile import HandProfile
from models.tracking.prediction import MOST_AHEAD_S
from models.types import Handedness

_KEY = "preferences"
_GEOMETRY = "geometry"


@dataclass(frozen=True)
class Preferences:
    """Settings, and what belongs to the window alone."""

    settings: Settings = field(default_factory=Settings)
    mirror_camera: bool = True  # people expect a mirror of a webcam
    mirror_file: bool = False
    recording: RecordingOptions = field(default_factory=RecordingOptions)
    cameras: Mapping[str, CameraMode] = field(default_factory=dict)  # what was chosen for each, by name


def load_preferences(store: QSettings, models: tuple[str, ...]) -> Preferences:
    """What was saved. Whatever is missing, unknown or damaged takes its default."""
    try:
        saved = json.loads(str(store.value(_KEY, "{}")))
    except ValueError:
        saved = {}
    return _from_saved(saved, models) if isinstance(saved, dict) else Preferences()


def save_preferences(store: QSettings, preferences: Preferences) -> None:
    """Save for the next start."""
    settings = preferences.settings
    saved = settings_to_save(settings.effects) | {
        "model": settings.model,
        "effect": settings.effect,
        "overlays": sorted(settings.overlays),
        "smoothing": settings.smoothing,
        "predict_ms": settings.predict_ms,
        "hand": settings.profile.name if settings.profile else "",
        "side_lock": settings.handedness_lock,
        "saver": settings.saver,
        "fov_deg": settings.fov_used_deg,
        "fov_stated": settings.fov_deg is not None,
        "mirror_camera": preferences.mirror_camera,
        "mirror_file": preferences.mirror_file,
        "cameras": {name: mode.text() for name, mode in preferences.cameras.items()},
        "recording": [name for name, kept in asdict(preferences.recording).items() if kept],
    }
    store.setValue(_KEY, json.dumps(saved))


def load_geometry(store: QSettings) -> QByteArray | None:
    """The window's place and size, as Qt packed them; None where there is none."""
    geometry = store.value(_GEOMETRY)
    return geometry if isinstance(geometry, QByteArray) else None


def save_geometry(store: QSettings, geometry: QByteArray) -> None:
    """Remember the window's place and size."""
    store.setValue(_GEOMETRY, geometry)


def _from_saved(saved: Mapping[str, Any], models: tuple[str, ...]) -> Preferences:
    base = Preferences()
    default = base.settings

    def one_of(key: str, allowed: Any, otherwise: Any) -> Any:
        value = saved.get(key)
        return value if isinstance(value, str) and value in allowed else otherwise

    def number(key: str, low: float, high: float, otherwise: float | None) -> float | None:
        value = saved.get(key)
        good = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
        return float(value) if good else otherwise  # type: ignore[arg-type]

    def flag(key: str, otherwise: bool) -> bool:
        value = saved.get(key)
        return value if isinstance(value, bool) else otherwise

    overlays = saved.get("overlays")
    known = frozenset(o for o in OVERLAYS if o in overlays) if isinstance(overlays, list) else frozenset()
    settings = replace(
        default,
        model=one_of("model", models, default.model),
        effect=one_of("effect", effect_names(), default.effect),
        effects=saved_settings(saved),
        overlays=known,
        profile=_profile(saved.get("hand")),
        smoothing=number("smoothing", 0, 1, default.smoothing),
        predict_ms=number("predict_ms", 0, 1e3 * MOST_AHEAD_S, None) or default.predict_ms,
        saver=flag("saver", default.saver),
        handedness_lock=one_of("side_lock", get_args(Handedness), None),
        fov_deg=_fov_deg(number("fov_deg", 40, 120, None), saved.get("fov_stated")),
    )
    kept = saved.get("recording")
    kept = kept if isinstance(kept, list) else []
    recording = RecordingOptions(**{option.name: option.name in kept for option in fields(RecordingOptions)})
    mirrors = flag("mirror_camera", base.mirror_camera), flag("mirror_file", base.mirror_file)
    return Preferences(settings, *mirrors, recording, _cameras(saved.get("cameras")))


def _cameras(saved: object) -> dict[str, CameraMode]:
    """What was chosen for each camera; what is no mode is left out."""
    modes: dict[str, CameraMode] = {}
    for name, text in saved.items() if isinstance(saved, dict) else ():
        with suppress(ValueError):
            modes[name] = parse_mode(str(text))
    return modes


def _fov_deg(saved_deg: float | None, stated: object) -> float | None:
    """A field of view if somebody stated it. Older versions saved the assumed one without saying which."""
    if not isinstance(stated, bool):
        stated = saved_deg != DEFAULT_FOV_DEG
    return saved_deg if stated else None


def _profile(name: object) -> HandProfile | None:
    """The hand of that name; none where it is gone or damaged."""
    with suppress(UserError):
        return load_profile(name) if isinstance(name, str) and name else None
    return None
