"""Flags that several commands share, and what they mean."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

from app.capture import USUAL, CameraMode, CameraWishes, parse_size
from app.commands.numbers import between
from app.effects.catalog import add_effect_flags, effect_from_flags, settings_from_flags
from app.errors import UserError
from app.measure.camera_files import load_calibration
from app.measure.profiles import load_profile
from app.session import OVERLAYS, Settings
from app.stream import PROTOCOLS, StreamAddress, parse_address
from models.hand.hand_data import N_BETAS, load_open_hand
from models.hand.profile import HandProfile, with_breadth
from models.tracking.pipeline import DEFAULT_MODEL, MODELS
from models.tracking.prediction import MOST_AHEAD_S

Intrinsics = tuple[float, float, float, float]

_FOCAL_PX = (10.0, 100_000.0)  # from a thumbnail of a wide angle to a telephoto's full resolution
_MOST_AHEAD_MS = 1e3 * MOST_AHEAD_S
_MOST_UNEQUAL = 4.0  # fx over fy: pixels that are not square, as in anamorphic video


def add_model(parser: argparse.ArgumentParser) -> None:
    """--model."""
    parser.add_argument("--model", choices=MODELS, help=f"what finds the hand (default: {DEFAULT_MODEL})")


def add_camera(parser: argparse.ArgumentParser) -> None:
    """--intrinsics, --calibration, --fov."""
    parser.add_argument(
        "--intrinsics",
        type=parse_intrinsics,
        metavar="FX,FY,CX,CY",
        help="the camera, in pixels",
    )
    parser.add_argument(
        "--calibration", type=Path, metavar="FILE.json", help="the camera, as `calibrate` has measured it"
    )
    parser.add_argument(
        "--fov",
        type=between(5, 170, "5 to 170 degrees"),
        metavar="DEGREES",
        help="its field of view, corner to corner",
    )


def add_camera_mode(parser: argparse.ArgumentParser) -> None:
    """--size, --fps."""
    parser.add_argument(
        "--size",
        type=_size,
        metavar="1280x720",
        help="of a camera's pictures (default: as chosen last, or that)",
    )
    parser.add_argument(
        "--fps", type=between(1, 240, "1 to 240 pictures a second"), metavar="30", help="a camera's rate"
    )


def camera_wishes(arguments: argparse.Namespace) -> CameraWishes:
    """What the flags of `add_camera_mode` ask cameras for."""
    if arguments.size is None and arguments.fps is None:
        return CameraWishes()
    width, height = arguments.size or USUAL.size_wh
    return CameraWishes(CameraMode(width, height, arguments.fps or USUAL.fps, compressed=True))


def _size(text: str) -> tuple[int, int]:
    try:
        return parse_size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def camera_settings(arguments: argparse.Namespace, settings: Settings) -> Settings:
    """`settings` with the camera that the flags of `add_camera` give. Raises UserError."""
    if arguments.fov is not None:
        settings = replace(settings, fov_deg=arguments.fov)
    if arguments.calibration is not None:
        settings = replace(settings, calibration=load_calibration(arguments.calibration))
    if arguments.intrinsics is not None:
        settings = replace(settings, intrinsics=arguments.intrinsics)
    return settings


def check_calibration(settings: Settings, size_wh: tuple[int, int]) -> None:
    """Raise UserError where a calibration was made with pictures of other proportions than these."""
    calibration = settings.calibration
    if calibration is not None and settings.intrinsics is None and not calibration.fits(*size_wh):
        c = calibration.camera
        raise UserError(
            f"the calibration is for pictures of {c.width}×{c.height}, these are {size_wh[0]}×{size_wh[1]}; "
            "calibrate with pictures of these proportions"
        )


def add_look(parser: argparse.ArgumentParser) -> None:
    """--effect, the effects' own flags, --overlay, --smoothing, --hand, --palm, --predict, --saver, …"""
    add_effect_flags(parser)
    parser.add_argument(
        "--overlay", type=_overlays, metavar="NAME,…", help=f"also draw any of: {', '.join(OVERLAYS)}"
    )
    parser.add_argument("--smoothing", type=_smoothing, metavar="0…1|off", help="0 steady … 1 responsive")
    parser.add_argument("--hand", metavar="NAME", help="whose hand it is, as measured in the window")
    parser.add_argument(
        "--palm", type=float, metavar="MM", help="the palm's breadth across the knuckles, without the thumb"
    )
    parser.add_argument(
        "--predict",
        type=between(0, _MOST_AHEAD_MS, f"0 to {_MOST_AHEAD_MS:g} milliseconds"),
        metavar="MS",
        help="live: draw on frames this much newer, with predicted hands",
    )
    parser.add_argument(
        "--saver",
        action="store_true",
        default=None,
        help="save power while a hand holds still",
    )
    parser.add_argument("--mirror", action="store_true", help="mirror the picture")
    parser.add_argument(
        "--no-reflections",
        action="store_true",
        help="leave out a hand's reflection in a mirror, where the hand itself is seen too",
    )


def add_stream(parser: argparse.ArgumentParser) -> None:
    """--stream."""
    parser.add_argument(
        "--stream",
        type=_stream_address,
        action="append",
        default=[],
        metavar="ADDRESS",
        help="send every frame's hands to another program: "
        f"{', '.join(f'{scheme}://[HOST][:PORT]' for scheme in PROTOCOLS)} (HOST: this machine, unless said)",
    )


def _stream_address(text: str) -> StreamAddress:
    try:
        return parse_address(text)
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def add_json(parser: argparse.ArgumentParser) -> None:
    """--json."""
    parser.add_argument("--json", action="store_true", help="figures as one JSON object in the last line")


def settings_from(arguments: argparse.Namespace, settings: Settings) -> Settings:
    """`settings` with whatever the flags say in its place. Raises UserError."""

    def given(**values: object) -> dict[str, object]:
        return {name: value for name, value in values.items() if value is not None}

    changes = given(
        model=arguments.model,
        effect=effect_from_flags(arguments),
        overlays=arguments.overlay,
        saver=arguments.saver,
    )
    if arguments.hand is not None or arguments.palm is not None:
        changes["profile"] = _profile(arguments.hand, arguments.palm)
    if arguments.predict is not None:
        changes["predict_ms"] = arguments.predict
    if arguments.no_reflections:
        changes["reflections"] = False
    if arguments.smoothing is not None:
        changes["smoothing"] = arguments.smoothing if arguments.smoothing >= 0 else None
    changes["effects"] = settings_from_flags(arguments, settings.effects, say)
    return replace(camera_settings(arguments, settings), **changes)  # type: ignore[arg-type]


def _profile(name: str | None, palm_mm: float | None) -> HandProfile:
    """The hand of a name, or the mean hand, with a palm of this breadth. Raises UserError."""
    profile = HandProfile(f"Palm {palm_mm:g} mm", (0.0,) * N_BETAS) if name is None else load_profile(name)
    if palm_mm is None:
        return profile
    try:
        return with_breadth(load_open_hand(), profile, palm_mm / 1e3)
    except ValueError as error:
        raise UserError(f"--palm: {error}") from error


def parse_intrinsics(text: str) -> Intrinsics:
    """FX,FY,CX,CY in pixels. Raises ArgumentTypeError."""
    try:
        fx, fy, cx, cy = (float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected four numbers FX,FY,CX,CY, got {text!r}") from None
    return checked_intrinsics((fx, fy, cx, cy))


def checked_intrinsics(values: Intrinsics) -> Intrinsics:
    """The same four numbers. Raises ArgumentTypeError unless they can be a camera's."""
    fx, fy, cx, cy = values
    got = f"got {fx:g},{fy:g},{cx:g},{cy:g}"
    low, high = _FOCAL_PX
    if not (low <= fx <= high and low <= fy <= high and 1 / _MOST_UNEQUAL <= fx / fy <= _MOST_UNEQUAL):
        raise argparse.ArgumentTypeError(
            f"expected focal lengths of {low:g} to {high:g} pixels, nearly equal, {got}"
        )
    if not (abs(cx) <= high and abs(cy) <= high):
        raise argparse.ArgumentTypeError(f"expected a principal point in or near the picture, {got}")
    return values


def print_json(value: object) -> None:
    """One object as the last line of stdout."""
    print(json.dumps(value), flush=True)


def say(line: str) -> None:
    """A line for people, on stderr, where it disturbs no script."""
    print(f"palmistry: {line}", file=sys.stderr, flush=True)


def _smoothing(text: str) -> float:
    """0..1, or -1 for off: None already means that nothing was said."""
    return -1.0 if text == "off" else between(0, 1, "0 (steady) to 1 (responsive) or off")(text)


def _overlays(text: str) -> frozenset[str]:
    names = frozenset(filter(None, text.split(",")))
    if not names <= set(OVERLAYS):
        raise argparse.ArgumentTypeError(f"expected any of {', '.join(OVERLAYS)}, got {text!r}")
    return names
