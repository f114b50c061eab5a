"""`doctor`: what this machine has, and one line of advice for each thing missing."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from app.bench.machine import machine_name
from app.capture import CameraInfo, list_cameras
from app.commands.live import display_fault, start_display_probe
from app.commands.options import add_json, print_json
from models.manifest import ASSETS

_RUNTIMES = ("openvino", "onnxruntime", "torch", "mediapipe")
_OPTIONAL = frozenset({"camera", "display"})  # without them the demo plays, or is rendered to a file


@dataclass(frozen=True)
class Check:
    """One thing that was checked."""

    name: str
    ok: bool
    found: str
    advice: str = ""  # empty where all is well


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("doctor", help="what this machine has, and what to do about what is missing")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print every check; `ok` where nothing is missing that the app can't do without."""
    checks = all_checks()
    for check in checks:
        print(f"{'ok ' if check.ok else '!! '} {check.name:<12} {check.found}")
        if check.advice:
            print(f"{'':16}→ {check.advice}")
    ok = all(check.ok for check in checks if check.name not in _OPTIONAL)
    if arguments.json:
        print_json({"ok": ok, "checks": [asdict(check) for check in checks]})
    return 0


def all_checks() -> list[Check]:
    """Every check, in the order in which a frame meets what they check."""
    checks: list[Callable[[], Check]] = [_machine, _camera, _opengl, _display, _encoder]
    return [check() for check in checks] + [_runtime(name) for name in _RUNTIMES] + [_assets()]


def _machine() -> Check:
    found = (
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, {machine_name()}"
    )
    return Check("machine", True, found)


def _camera() -> Check:
    cameras = list_cameras()
    if cameras:
        return Check("camera", True, ", ".join(map(_described, cameras)))
    return Check(
        "camera",
        False,
        "none",
        "plug in a webcam, or let this user read /dev/video*; until then the demo plays",
    )


def _described(camera: CameraInfo) -> str:
    """Its number and name, and how large its pictures can be."""
    sizes = list(dict.fromkeys(f"{mode.width}×{mode.height}" for mode in camera.modes))
    offers = f" ({len(sizes)} sizes, up to {sizes[0]})" if sizes else ""
    return f"{camera.index}: {camera.name}{offers}"


def _opengl() -> Check:
    from app.render.gl.context import Context
    from models.graphics import NoGraphics

    try:
        context = Context()
    except NoGraphics as error:
        return Check("opengl", False, "none", str(error))
    found = context.description
    context.close()
    return Check("opengl", True, found)


def _display() -> Check:
    probe = start_display_probe()
    if probe is None:
        return Check(
            "display", False, "none", "set DISPLAY or WAYLAND_DISPLAY for the window; `process` works without"
        )
    fault = display_fault(probe)
    if fault:
        return Check(
            "display",
            False,
            fault,
            "apt-get install libxcb-cursor0 libxkbcommon-x11-0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0",
        )
    found = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or platform.system()
    return Check("display", True, found)


def _encoder() -> Check:
    import av

    if "libx264" in av.codecs_available:
        return Check("encoder", True, f"H.264 (libx264) in PyAV {av.__version__}")
    return Check("encoder", False, f"no libx264 in PyAV {av.__version__}", "pip install --force-reinstall av")


def _runtime(name: str) -> Check:
    try:
        return Check(name, True, metadata.version(name))
    except metadata.PackageNotFoundError:
        return Check(name, False, "not installed", "pip install -r requirements.txt")


def _assets() -> Check:
    advice = "take the assets folder of a fresh clone"
    try:
        manifest = json.loads((ASSETS / "manifest.json").read_text())
        expected = {name: entry["sha256"] for name, entry in manifest["files"].items()}
    except (OSError, ValueError, KeyError) as error:
        return Check("assets", False, f"assets/manifest.json can't be read ({error})", advice)
    wrong = [name for name, checksum in expected.items() if _sha256(ASSETS / name) != checksum]
    if wrong:
        return Check("assets", False, f"missing or changed: {', '.join(wrong)}", advice)
    return Check("assets", True, f"{len(expected)} files, checksums right")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
