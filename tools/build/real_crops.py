"""Build the folder of real crops that training and evaluation take, from four public repositories.

    python -m tools.build.real_crops --clone DIR --out DIR    clone the repositories into DIR first
    python -m tools.build.real_crops --from DIR --out DIR     they are in DIR already, by their own names

Every photograph is shown to MediaPipe's hand landmarker, as it is and mirrored; hands are kept where both
answers agree. A crop is 1.8 hand boxes wide and 224 px; faces in it are blurred. The folder is what
`models.datasets.real_crops` reads. Its pictures come under their repositories' licences, named in SOURCES.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from models.inference.mediapipe.detector import MediaPipeDetector
from tools.build.hand_crops import Crop, Image, crops_of, face_finders
from tools.command import command

SURE = 0.4  # of the detector's scores
JPEG_QUALITY = 85


@dataclass(frozen=True)
class Source:
    """Photographs in a public repository."""

    name: str
    url: str
    commit: str
    paths: str  # a regular expression of the photographs' paths
    licence: str
    every: int = 1  # only every nth of them

    @property
    def folder(self) -> str:
        """What the repository is called."""
        return self.url.rstrip("/").rsplit("/", 1)[-1].removesuffix(".git")


SOURCES = (
    Source(
        "subhi", "https://github.com/SubhiH/HandsDataset", "73228cb5ba6a", r"images/.*\.jpg", "Apache-2.0"
    ),
    Source(
        "asl_letters",
        "https://github.com/dnth/yolov5-deepsparse-blogpost",
        "f467abc4475a",
        r"datasets/american_sign_language/.*\.jpg",
        "Public Domain",
    ),
    Source(
        "gesture14",
        "https://github.com/emrecandir9/custom-gesture-dataset",
        "921f6b96145a",
        r"dataset/photos/hand/.*\.(jpg|png)",
        "MIT",
        every=4,
    ),
    Source(
        "digits",
        "https://github.com/ardamavi/Sign-Language-Digits-Dataset",
        "4b09433ef9d5",
        r"Dataset/.*\.JPG",
        "Apache-2.0",
    ),
)


@command
def main(arguments: list[str] | None = None, sources: tuple[Source, ...] = SOURCES) -> None:
    """Clone if asked, build, say what was kept."""
    parser = argparse.ArgumentParser(description="real crops from public repositories")
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--clone", type=Path, metavar="DIR", help="clone the repositories into this folder")
    given.add_argument("--from", type=Path, metavar="DIR", dest="clones", help="folder that holds them")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="an empty or new folder")
    parser.add_argument("--cascades", type=Path, metavar="DIR", help="folder of OpenCV's Haar cascades")
    parser.add_argument("--keep-faces", action="store_true", help="do not blur faces")
    options = parser.parse_args(arguments)
    faces = [] if options.keep_faces else face_finders(options.cascades)
    if options.clone is not None:
        for source in sources:
            clone(source, options.clone)
    build(sources, options.clone or options.clones, options.out, faces)


def build(sources: tuple[Source, ...], clones: Path, out: Path, faces: list[cv2.CascadeClassifier]) -> None:
    """Write crops and labels.npz. Raises ValueError, OSError."""
    repositories = [repository(source, clones) for source in sources]
    if out.exists() and any(out.iterdir()):
        raise ValueError(f"{out} is not empty; give a new folder")
    out.mkdir(parents=True, exist_ok=True)
    kept: list[tuple[Source, str, Crop]] = []
    with closing(MediaPipeDetector(max_hands=2, min_score=SURE)) as detector:
        for source, git_folder in zip(sources, repositories, strict=True):
            before = len(kept)
            for path, photo in photographs(source, git_folder):
                for crop in crops_of(photo, detector, faces):
                    file = out / f"{len(kept):05d}.jpg"
                    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
                    file.write_bytes(cv2.imencode(".jpg", crop.image_rgb[..., ::-1], quality)[1].tobytes())
                    kept.append((source, path, crop))
            print(f"{source.name}: {len(kept) - before} crops ({source.licence})", flush=True)
    if not kept:
        raise ValueError("no hand was found in any photograph")
    np.savez_compressed(
        out / "labels.npz",
        image=np.array([f"{k:05d}.jpg" for k in range(len(kept))]),
        source=np.array([source.name for source, _, _ in kept]),
        origin=np.array([path for _, path, _ in kept]),
        side=np.array([crop.hand.handedness for _, _, crop in kept]),
        score=np.array([crop.hand.presence for _, _, crop in kept], np.float32),
        consistency=np.array([crop.consistency for _, _, crop in kept], np.float32),
        scale=np.array([crop.scale for _, _, crop in kept], np.float32),
        joints_2d=np.array([crop.joints_px for _, _, crop in kept], np.float32),
        joints_world=np.array([crop.hand.joints_world_m for _, _, crop in kept], np.float32),
    )


def clone(source: Source, folder: Path) -> None:
    """A bare clone of the source's repository, unless there is one. Raises ValueError."""
    target = folder / source.folder
    if target.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{source.folder}.part"
    shutil.rmtree(part, ignore_errors=True)  # of a clone that was cut off
    done = subprocess.run(
        ["git", "clone", "--quiet", "--bare", source.url, str(part)],
        capture_output=True,
        text=True,
        env=os.environ | {"GIT_TERMINAL_PROMPT": "0"},  # a repository that is gone asks for a password
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["git failed"])[-1]
        raise ValueError(
            f"{source.url} can't be cloned ({reason}); is there a network? Try again, or use --from"
        )
    part.rename(target)


def repository(source: Source, clones: Path) -> Path:
    """The clone of a source, holding its commit. Raises ValueError."""
    for folder in (clones / source.folder, clones / f"{source.folder}.git"):
        if folder.is_dir():
            held = _git(folder, "cat-file", "-e", f"{source.commit}^{{commit}}")
            if held.returncode != 0:
                raise ValueError(f"{folder} lacks the commit {source.commit}; clone {source.url} anew")
            return folder
    raise ValueError(f"{clones / source.folder} is missing; clone {source.url} there, or use --clone")


def photographs(source: Source, folder: Path) -> Iterator[tuple[str, Image]]:
    """Paths and pictures (H, W, 3) RGB of a source at its commit, by path; the same file only once."""
    listed = _git(folder, "ls-tree", "-r", source.commit).stdout.decode(errors="replace").splitlines()
    first_path: dict[str, str] = {}
    for line in listed:
        about, path = line.split("\t", 1)
        if re.fullmatch(source.paths, path):
            first_path.setdefault(about.split()[2], path)
    for path, blob in sorted((path, blob) for blob, path in first_path.items())[:: source.every]:
        data = _git(folder, "cat-file", "blob", blob).stdout
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
        if picture is not None:
            yield path, np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True)


if __name__ == "__main__":
    raise SystemExit(main())
