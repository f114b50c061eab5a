"""What exports cost a frame, and how near bones lie to the mesh.

    python -m tools.export.measure_exports [SOURCE] [--model NAME] [--mano-model MANO_RIGHT.pkl]

The hands of the demo, or of another source, go through each export alone, then through those with a skeleton
together, as `process --also` writes them. Saving is shared out among the frames. MANO needs MANO's own file.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from app.capture import open_file, source_path
from app.export import Exports, make_writers
from app.frame import FrameHands
from app.session import Settings
from app.session.finder import load_pipeline, pipeline_config
from models.hand.poser import HandPoser
from tools.command import command

_FILES = {"gltf": "a.glb", "bvh": "bvh", "mano": "a.npz", "joints": "a.csv", "hands": "a.jsonl"}


def hands_of(source: str, model: str, frames: int) -> list[FrameHands]:
    """The hands of a source's first frames. Raises UserError."""
    settings, found = replace(Settings(), model=model), list[FrameHands]()
    with closing(load_pipeline(pipeline_config(settings))) as pipeline:
        for frame in islice(open_file(source_path(source)).frames(), frames):
            height, width = frame.image_rgb.shape[:2]
            camera = settings.camera(width, height)
            hands = pipeline.process(frame.image_rgb, frame.time_s, camera).hands
            found.append(FrameHands(frame.index, frame.time_s, camera, hands))
    return found


def cost_ms(found: list[FrameHands], names: tuple[str, ...], mano_model: Path | None) -> np.ndarray:
    """Milliseconds that each frame takes these exports together, and the files' saving shared out."""
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / _FILES[name] for name in names}
        writers, times = make_writers(Exports(files, {"mano_model": mano_model})), list[float]()
        for frame in found:
            began_s = time.perf_counter()
            for writer in writers:
                writer.add(frame)
            times.append(1e3 * (time.perf_counter() - began_s))
        began_s = time.perf_counter()
        for writer in writers:
            writer.save()
        return np.array(times) + 1e3 * (time.perf_counter() - began_s) / len(found)


@command
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", nargs="?", default="demo")
    parser.add_argument("--model", default=Settings().model)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--mano-model", type=Path)
    arguments = parser.parse_args()
    found = hands_of(arguments.source, arguments.model, arguments.frames)
    skeletons = ("gltf", "bvh") if arguments.mano_model is None else ("gltf", "mano", "bvh")
    for names in (*((name,) for name in (*skeletons, "joints", "hands")), skeletons):
        median, mean = np.median(times := cost_ms(found, names, arguments.mano_model)), np.mean(times)
        print(f"{' + '.join(names)}: {median:.2f} ms a frame in the median, {mean:.2f} in the mean")
    poser = HandPoser()
    errors_mm = [1e3 * poser(hand).error_m for frame in found for hand in frame.hands]
    print(
        f"bones to the mesh, root mean square: {np.mean(errors_mm):.3f} mm, at most {max(errors_mm):.2f} mm"
    )


if __name__ == "__main__":
    raise SystemExit(main())
