"""Hands as BVH, which animation programs take: a folder with one file a hand.

Metres; x right, y up, z towards the viewer: the camera frame turned half around x. Rest pose (all channels
0): fingers along y, palm towards the viewer, a right hand's thumb along x. The bones are the hand model's
16, as long as they were in the median over the video, with an end site at each finger tip; rotations are in
the order Z, X, Y. Frame 0 is the video's first; BVH has one frame rate, so a video whose rate varies is
resampled to its median. Where a hand is out of sight, its last pose is held, or before it came its first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from app.export.entry import ExportFormat
from app.export.joint_names import JOINT_NAMES
from app.frame import FrameHands
from app.output import OutputError, unwritable
from models.hand.hand_data import BONES_IN_21, N_BONES, TIPS_IN_21, HandData
from models.hand.poser import MIRROR, HandPoser
from models.types import Float64, Handedness

_UP = np.array([1.0, -1.0, -1.0])  # the camera frame turned half around x
_STILL_S = 1 / 30  # a frame's time where there is only one
_MOST_HELD_S = 0.25  # over a longer gap a pose is held, over a shorter one turned evenly


@dataclass
class _Track:
    handedness: Handedness
    times_s: list[float] = field(default_factory=list)
    wrists_m: list[Float64] = field(default_factory=list)  # (3,)
    turns: list[Float64] = field(default_factory=list)  # (16, 3, 3) local
    betas: list[Float64] = field(default_factory=list)


class BvhFolderWriter:
    """Files are written into FOLDER.partial at the end, which then gets its name."""

    def __init__(self, folder: Path, poser: HandPoser) -> None:
        self._folder, self._partial = folder, folder.with_name(f"{folder.name}.partial")
        self._poser = poser
        self._times_s: list[float] = []
        self._tracks: dict[tuple[int, Handedness], _Track] = {}
        try:
            if folder.exists() and any(folder.iterdir()):
                raise OutputError(f"{folder} is not empty; choose a new folder for the BVH files")
            self.discard()  # what a run that was killed left behind
            self._partial.mkdir(parents=True)
        except OSError as error:
            raise OutputError(f"{folder} can't be made ({error.strerror}); choose another folder") from error

    def add(self, frame: FrameHands) -> None:
        self._times_s.append(frame.time_s)
        for hand in frame.hands:
            track = self._tracks.setdefault((hand.track_id, hand.handedness), _Track(hand.handedness))
            pose = self._poser(hand)
            flip = MIRROR if hand.handedness == "left" else np.ones(3)
            track.times_s.append(frame.time_s)
            track.wrists_m.append(pose.translation_m * flip * _UP)
            track.turns.append((flip * _UP)[:, None] * pose.rotations * (flip * _UP))
            track.betas.append(pose.betas)

    def save(self) -> None:
        try:
            for (track_id, handedness), track in self._tracks.items():
                name = f"hand{track_id}" if handedness == "right" else f"hand{track_id}_left"
                text = "\n".join([*_hierarchy(self._poser.hand, track), *_motion(track, self._times_s), ""])
                (self._partial / f"{name}.bvh").write_text(text, "ascii")
            if self._folder.exists():
                self._folder.rmdir()  # empty, as it was found
            self._partial.rename(self._folder)
        except OSError as error:
            raise unwritable(self._folder, error) from error

    def discard(self) -> None:
        self._tracks.clear()
        with suppress(OSError):
            for path in self._partial.glob("hand*.bvh"):
                path.unlink(missing_ok=True)
            self._partial.rmdir()


def _hierarchy(hand: HandData, track: _Track) -> Iterator[str]:
    betas = np.median(track.betas, 0)
    flip = (MIRROR if track.handedness == "left" else np.ones(3)) * _UP
    rest = (hand.joints_rest + np.tensordot(betas, hand.joint_dirs, 1)) * flip
    mesh = hand.template_m + np.tensordot(betas, hand.shape_dirs, 1)
    tips = (hand.regressor_21[TIPS_IN_21] @ mesh) * flip
    yield "HIERARCHY"
    yield from _bone(hand, rest, tips, 0, "")


def _bone(hand: HandData, rest: Float64, tips: Float64, bone: int, indent: str) -> Iterator[str]:
    parent, name = int(hand.parents[bone]), JOINT_NAMES[BONES_IN_21[bone]]
    offset = rest[bone] - rest[parent] if bone else np.zeros(3)
    turns = "Zrotation Xrotation Yrotation"
    yield f"{indent}{'JOINT' if bone else 'ROOT'} {name}"
    yield f"{indent}{{"
    yield f"{indent}  OFFSET {_numbers(offset)}"
    yield f"{indent}  CHANNELS " + (f"3 {turns}" if bone else f"6 Xposition Yposition Zposition {turns}")
    below = np.flatnonzero(hand.parents == bone).tolist()
    for child in below:
        yield from _bone(hand, rest, tips, child, indent + "  ")
    if not below:
        yield f"{indent}  End Site"
        yield f"{indent}  {{"
        yield f"{indent}    OFFSET {_numbers(tips[(bone - 1) // 3] - rest[bone])}"
        yield f"{indent}  }}"
    yield f"{indent}}}"


def _motion(track: _Track, times_s: list[float]) -> Iterator[str]:
    step_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else _STILL_S
    count = round((times_s[-1] - times_s[0]) / step_s) + 1
    wanted = times_s[0] + step_s * np.arange(count, dtype=np.float64)
    wrists, turns = _at(track, wanted)
    degrees = np.degrees(np.unwrap(np.radians(turns), axis=0))
    yield "MOTION"
    yield f"Frames: {count}"
    yield f"Frame Time: {step_s:.9f}"
    for wrist, angles in zip(wrists, degrees, strict=True):
        yield f"{_numbers(wrist)} {_numbers(angles.ravel())}"


def _at(track: _Track, wanted: Float64) -> tuple[Float64, Float64]:
    """Wrists (F, 3) and degrees (F, 16, 3) at these times; held outside of the track's and over gaps."""
    known = np.asarray(track.times_s)
    at = wanted.clip(known[0], known[-1])
    earlier = np.searchsorted(known, at, "right") - 1
    after = np.minimum(earlier + 1, len(known) - 1)
    at = np.where(known[after] - known[earlier] > _MOST_HELD_S, known[earlier], at)
    wrists_m = np.array(track.wrists_m)
    wrists = np.stack([np.interp(at, known, wrists_m[:, axis]) for axis in range(3)], 1)
    degrees = np.empty((len(wanted), N_BONES, 3))
    for bone in range(N_BONES):
        turns = Rotation.from_matrix(np.array(track.turns)[:, bone])
        moved = Slerp(known, turns)(at) if len(known) > 1 else turns[np.zeros(len(wanted), int)]
        degrees[:, bone] = moved.as_euler("ZXY", degrees=True)
    return wrists, degrees


def _numbers(values: Float64) -> str:
    return " ".join(f"{value:.6f}" for value in values)


FORMAT = ExportFormat(
    "bvh",
    "_bvh",
    "FOLDER",
    "bones for animation programs, a BVH file for every hand",
    lambda path, options: BvhFolderWriter(path, options["poser"]),
)
