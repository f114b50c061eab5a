"""`calibrate`: a camera's focal length and middle from pictures of a chessboard."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import numpy as np
from numpy.typing import NDArray

from app.capture import (
    CameraWishes,
    list_cameras,
    live_frames,
    open_file,
    read_image,
    source_kind,
    source_path,
)
from app.capture.images import IMAGE_SUFFIXES
from app.commands.options import add_camera_mode, add_json, camera_wishes, print_json, say
from app.errors import UserError
from app.measure.camera_files import calibration_path, save_calibration
from app.measure.chessboard import ENOUGH_VIEWS, FEWEST_VIEWS, Board, CalibrationError, Calibrator
from app.measure.depth_error import UNKNOWN_SIZE, DepthError
from app.output import prepare_output

_EVERY_S = 0.2  # between pictures that are searched for the board
_PATIENCE_S = 120.0  # for a camera

_SAID = {
    "no board": "no board found",
    "blurred": "blurred: hold it still",
    "known view": "tilt or move it",
}


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("calibrate", help="a camera's focal length, from a chessboard")
    parser.add_argument("source", metavar="SOURCE", help="a camera's number, a video, or a folder of images")
    parser.add_argument(
        "--board", type=_board, default=(9, 6), metavar="9x6", help="inner corners, where four squares meet"
    )
    parser.add_argument("--square", type=_square, default=25.0, metavar="MM", help="side of a square (25)")
    parser.add_argument(
        "--out", type=Path, metavar="FILE.json", help="where to keep it (a camera's own place)"
    )
    add_camera_mode(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Calibrate and print. Raises UserError."""
    columns, rows = arguments.board
    calibrator = Calibrator(Board(columns, rows, arguments.square / 1e3))
    live = source_kind(arguments.source) == "camera"
    name = _camera_name(int(arguments.source)) if live else Path(arguments.source).name
    out: Path | None = arguments.out or (calibration_path(name) if live else None)
    if out is not None:
        prepare_output(out, ".json")
    progress = _Progress()
    try:
        with closing(_pictures(arguments.source, live, camera_wishes(arguments))) as pictures:
            for image_rgb in pictures:
                progress(calibrator, calibrator.add(image_rgb))
                if live and len(calibrator.views) >= ENOUGH_VIEWS:
                    break
        progress.end()
        found = calibrator.solve()
    except CalibrationError as error:
        raise UserError(f"{arguments.source}: {error}") from error
    finally:
        progress.end()
    camera = found.camera
    print(f"{found.views} views of a {found.board} board, pictures of {camera.width}×{camera.height}")
    print(f"focal length      {camera.fx:.1f}, {camera.fy:.1f} px (± {100 * found.focal_error:.2f} %)")
    print(f"principal point   {camera.cx:.1f}, {camera.cy:.1f} px")
    print(f"reprojection      {found.error_px:.2f} px; the lens bends the corners by {found.bend_px:.1f} px")
    print(DepthError(found.focal_error, UNKNOWN_SIZE).text())
    if out is not None:
        save_calibration(out, name, found)
        print(f"saved: {out}")
    else:
        print(f"use it: --intrinsics {camera.fx:.1f},{camera.fy:.1f},{camera.cx:.1f},{camera.cy:.1f}")
    if arguments.json:
        print_json(
            {
                "views": found.views,
                "frame_size": [camera.width, camera.height],
                "intrinsics": [camera.fx, camera.fy, camera.cx, camera.cy],
                "distortion": list(found.distortion),
                "error_px": found.error_px,
                "focal_error": found.focal_error,
                "file": None if out is None else str(out),
            }
        )
    return 0


class _Progress:
    """One line that says how many views there are and what to do; nothing where stderr is no terminal."""

    def __init__(self) -> None:
        self._shown = False

    def __call__(self, calibrator: Calibrator, outcome: str) -> None:
        if sys.stderr.isatty():
            self._shown = True
            advice = _SAID.get(outcome, "kept")
            text = f"\r{len(calibrator.views)} of {ENOUGH_VIEWS} views   {advice:<28}"
            print(text, end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if self._shown:
            print(file=sys.stderr)
        self._shown = False


def _pictures(source: str, live: bool, wishes: CameraWishes) -> Generator[NDArray[np.uint8]]:
    """The pictures to search, (H, W, 3) RGB: of a video or camera some a second, of a folder every one."""
    if live:
        say(f"show the board from many sides; at least {FEWEST_VIEWS} views are needed")
        yield from _spaced(_for_a_while(source, wishes))
        return
    path = source_path(source)
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES)
        if not files:
            raise UserError(f"{path} holds no images; give a folder of pictures of the board")
        yield from (read_image(file) for file in files)
        return
    yield from _spaced((f.image_rgb, f.time_s) for f in open_file(path).frames())


def _for_a_while(source: str, wishes: CameraWishes) -> Iterator[tuple[NDArray[np.uint8], float]]:
    stop, end_s = Event(), time.monotonic() + _PATIENCE_S
    try:
        for frame in live_frames(source, stop, lambda line: say(line) if line else None, wishes):
            if frame.time_s > end_s:
                return
            yield frame.image_rgb, frame.time_s
    finally:
        stop.set()


def _spaced(frames: Iterator[tuple[NDArray[np.uint8], float]]) -> Iterator[NDArray[np.uint8]]:
    next_s = -np.inf
    for image_rgb, time_s in frames:
        if time_s >= next_s:
            next_s = time_s + _EVERY_S
            yield image_rgb


def _camera_name(index: int) -> str:
    names = {camera.index: camera.name for camera in list_cameras()}
    return names.get(index, f"camera {index}")


def _board(text: str) -> tuple[int, int]:
    try:
        columns, rows = (int(part) for part in text.lower().replace("×", "x").split("x"))
        Board(columns, rows)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected inner corners as 9x6, 3 to 30 a side, got {text!r}"
        ) from None
    return columns, rows


def _square(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 1 <= value <= 1000:
        raise argparse.ArgumentTypeError(f"expected the square's side, 1 to 1000 mm, got {text!r}")
    return value
