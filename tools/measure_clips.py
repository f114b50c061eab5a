"""Print how well hands are followed in clips composed of real hands, whose places and sides are known.

    python -m tools.measure_clips --crops CROPS --backgrounds PICTURES

`live`: a hand comes, leaves, comes back, comes close until it fills the picture, turns. `touch`, `cross`: a
right and a left hand meet, or one passes before the other; `same`: so do two right ones. Hands are cut out of
the held-out photographs of CROPS (`tools/build/real_crops.py`). Beside ours runs MediaPipe's video mode.
With --live a clip's frames come at their times, the search runs beside, and the milliseconds are told from a
hand's coming into view until its first mesh. --sheet FILE.png shows what the clips look like.
"""

from __future__ import annotations

import argparse
import time
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.datasets.cutout import Cutout, cut_out
from models.datasets.kept_out import kept_out
from models.datasets.real_crops import read_real_crops
from models.datasets.samples import read_rgb
from models.evaluation.composed import (
    CLIPS,
    HEIGHT,
    MOSTLY_SEEN,
    WIDTH,
    Follow,
    Followed,
    compose,
    hands_of,
    mirrored,
)
from models.evaluation.found import pictures_without_hands
from models.inference.mediapipe.landmarker import HandLandmarker
from models.tracking.pipeline import DEFAULT_MODEL, Pipeline, PipelineConfig
from models.types import Handedness
from tools.command import command

MEDIAPIPE = "mediapipe"


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--crops", type=Path, required=True, help="real crops with labels.npz")
    parser.add_argument("--backgrounds", type=Path, required=True, help="pictures without hands")
    parser.add_argument("--draws", type=int, default=4, help="hands of each clip (default: %(default)s)")
    parser.add_argument("--clips", nargs="*", default=list(CLIPS), choices=list(CLIPS))
    parser.add_argument("--models", nargs="*", default=[DEFAULT_MODEL, MEDIAPIPE])
    parser.add_argument("--live", action="store_true", help="measure the time until the first mesh")
    parser.add_argument("--sheet", type=Path, help="write a picture of the clips, and measure nothing")
    options = parser.parse_args()
    hands = cutouts(options.crops, 2 * options.draws)
    grounds = [_fitted(path) for path in kept_out(pictures_without_hands(options.backgrounds))]
    pairs = [(hands[2 * k], hands[2 * k + 1], grounds[k % len(grounds)]) for k in range(len(hands) // 2)]
    if options.sheet is not None:
        _write_sheet(options.sheet, pairs[0], options.clips)
    elif options.live:
        for model in options.models:
            if model != MEDIAPIPE:
                waits = [_first_mesh_ms(model, pair, k) for k, pair in enumerate(pairs)]
                print(f"{model}: first mesh after {' '.join(f'{w:.0f}' for w in sorted(waits))} ms")
    else:
        print(
            "clip | model | found % | wrong side % | flips | switches (swaps) | ghosts | frames until found"
        )
        for clip in options.clips:
            for model in options.models:
                _print(clip, model, _followed(clip, model, pairs))


def cutouts(folder: Path, count: int) -> list[Cutout]:
    """So many right hands of the held-out photographs, from all sources. Raises ValueError."""
    labels = read_real_crops(folder)
    rows = np.random.default_rng(0).permutation(np.flatnonzero(labels.held_out))
    found: list[Cutout] = []
    for row in rows:
        side: Handedness = "left" if labels.handedness[row] == "left" else "right"
        hand = cut_out(read_rgb(folder / str(labels.image[row])), labels.joints_2d_px[row], side)
        if hand is not None:
            found.append(hand if side == "right" else mirrored(hand))
        if len(found) == count:
            return found
    raise ValueError(f"{folder}: only {len(found)} hands could be cut out of its held-out photographs")


def _followed(clip: str, model: str, pairs: list[tuple[Cutout, Cutout, NDArray[np.uint8]]]) -> Followed:
    figures = Followed()
    for k, (one, other, ground) in enumerate(pairs):
        frames = compose(clip, hands_of(clip, one, other), ground, k)
        if model == MEDIAPIPE:
            with closing(HandLandmarker(True, 2)) as landmarker:
                figures.judge(frames, _mediapipe(landmarker))
        else:
            with closing(Pipeline(PipelineConfig(model, smoothing=None))) as pipeline:
                figures.judge(frames, _ours(pipeline))
    return figures


def _ours(pipeline: Pipeline) -> Follow:
    def follow(frame: NDArray[np.uint8], time_s: float):  # type: ignore[no-untyped-def]
        return [(h.track_id, h.joints_2d_px, h.handedness) for h in pipeline.process(frame, time_s).hands]

    return follow


def _mediapipe(landmarker: HandLandmarker) -> Follow:
    """Its hands have no identities but their places in its answer."""

    def follow(frame: NDArray[np.uint8], time_s: float):  # type: ignore[no-untyped-def]
        result = landmarker(frame, time_s)
        size = np.array([frame.shape[1], frame.shape[0]], np.float32)
        return [
            (
                k,
                np.array([[p.x, p.y] for p in points], np.float32) * size,
                "right" if kinds[0].category_name == "Right" else "left",
            )
            for k, (points, kinds) in enumerate(zip(result.hand_landmarks, result.handedness, strict=True))
        ]

    return follow


def _first_mesh_ms(model: str, pair: tuple[Cutout, Cutout, NDArray[np.uint8]], seed: int) -> float:
    """Milliseconds on the clock from a hand's being mostly in view until its mesh is there. Late frames are
    dropped, as a camera's are."""
    frames = list(compose("live", [pair[0]], pair[2], seed))[:75]
    with closing(Pipeline(PipelineConfig(model, search_beside=True))) as pipeline:
        pipeline.process(frames[0].image, -1.0)
        time.sleep(0.5)
        pipeline.process(frames[0].image, -0.5)
        entered_s, start_s = None, time.perf_counter()
        for frame in frames:
            late_s = time.perf_counter() - start_s - frame.time_s
            if entered_s is None and any(h.seen >= MOSTLY_SEEN for h in frame.hands):
                entered_s = frame.time_s
            if late_s > 1 / 30:
                continue
            time.sleep(max(-late_s, 0.0))
            if pipeline.process(frame.image, frame.time_s).hands and entered_s is not None:
                return 1000 * max(time.perf_counter() - start_s - entered_s, 0.0)
    return float("inf")


def _print(clip: str, model: str, f: Followed) -> None:
    waits = " ".join(str(w) for w in sorted(f.waits or []))
    print(
        f"{clip} | {model} | {100 * f.found / max(f.frames, 1):.1f} of {f.frames} | "
        f"{100 * f.wrong_side / max(f.found, 1):.1f} | {f.flips} | {f.switches} ({f.swaps}) | "
        f"{f.ghosts} | {waits}",
        flush=True,
    )


def _fitted(path: Path) -> NDArray[np.uint8]:
    """A picture that fills the frame."""
    picture = read_rgb(path)
    height, width = picture.shape[:2]
    scale = max(WIDTH / width, HEIGHT / height)
    size = (max(round(width * scale), WIDTH), max(round(height * scale), HEIGHT))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA)[:HEIGHT, :WIDTH], np.uint8)


def _write_sheet(
    path: Path, pair: tuple[Cutout, Cutout, NDArray[np.uint8]], clips: list[str], columns: int = 8
) -> None:
    rows = []
    for clip in clips:
        frames = list(compose(clip, hands_of(clip, pair[0], pair[1]), pair[2], 0))
        chosen = [frames[int(k)] for k in np.linspace(0, len(frames) - 1, columns)]
        rows.append(np.hstack([cv2.resize(f.image, (240, 180)) for f in chosen]))
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.vstack(rows)[..., ::-1])


if __name__ == "__main__":
    raise SystemExit(main())
