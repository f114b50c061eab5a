"""Teach the head that proposes hands on what MediaPipe's palm network sees.

    python -m tools.train.palm_head --backgrounds PICTURES --real CROPS --closeups PHOTOS \\
        --without-hands FACES --out assets/weights/palm_head.safetensors

Views for the palm network are composed of drawn hands, of real crops (as tools/build/real_crops.py makes
them) and of photographs of single hands with boxes, over --backgrounds, drawn rooms and --without-hands (more
such pictures, faces say). What the network sees in them is made once and kept in --cache, so that a run that
was stopped goes on. What `models.datasets.kept_out` and the held-out part of --real keep out is not looked
at, nor every fifth of the other photographs, by which `tools.train.measure_thresholds` chooses. In the end
the kept-out photographs of --closeups judge, as they are and in close views.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import save_file

from models.datasets.close_view import close_view
from models.datasets.kept_out import is_kept_out, not_kept_out
from models.datasets.photographs import boxed_photographs
from models.datasets.samples import Box, read_rgb
from models.hand.hand_data import load_open_hand
from models.tracking.pipeline import DEFAULT_MODEL
from models.tracking.reconstruction import make_reconstruction
from models.training.palms.cache import read_cells, write_cells
from models.training.palms.composition import Sources, composed_views
from models.training.palms.fit import HeadConfig, train_head
from models.training.palms.judge import fitting
from models.training.palms.known import boxed_hands, drawn_hands, real_hands
from models.training.palms.views import Image, KnownHand
from models.training.real.pictures import pictures_in
from models.training.synthetic.backgrounds import background_bank
from tools.command import command

_ROOMS, _ROOM_SEED = 2, 77  # drawn rooms for each picture without hands
_LARGE_PX, _FACE_PX = 1000, 400  # longer sides: of pictures that are halved, and to which faces are brought
_OFTEN = 4  # each of --without-hands counts so many times
_FEWER_DRAWN = 4  # of the drawn hands one in so many is shown beside photographs
_DRAWN_SEED = 10


@command
def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backgrounds", type=Path, required=True, help="pictures without hands")
    parser.add_argument("--real", type=Path, required=True, help="real crops with labels.npz")
    parser.add_argument("--closeups", type=Path, required=True, help="photographs of hands, with boxes.json")
    parser.add_argument("--without-hands", type=Path, nargs="*", default=[], help="more such pictures")
    parser.add_argument("--drawn", type=int, default=2400, help="drawn hands (default: %(default)s)")
    parser.add_argument(
        "--views", type=int, default=4000, help="of drawn hands and crops (default: %(default)s)"
    )
    parser.add_argument(
        "--photographs", type=int, default=2000, help="views of photographs (default: %(default)s)"
    )
    parser.add_argument("--cache", type=Path, default=Path("out/palms"))
    parser.add_argument("--out", type=Path, default=Path("out/palms/palm_head.safetensors"))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    return _run(options)


def _run(options: argparse.Namespace) -> int:
    parts = [options.cache / "views.npz", options.cache / "photographs.npz"]
    counts = (options.views, options.photographs)
    if not all(part.is_file() for part in parts):
        for k, sources in enumerate(_sources(options)):
            if not parts[k].is_file():
                start_s, seed = time.perf_counter(), options.seed + k
                cells = write_cells(composed_views(sources, counts[k], seed), parts[k], seed)
                print(f"{parts[k]}: {cells} cells, {time.perf_counter() - start_s:.0f} s", flush=True)
    known, start_s = read_cells(parts), time.perf_counter()
    head = train_head(known, HeadConfig(seed=options.seed))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in head.state_dict().items()}, options.out)
    print(f"{options.out}: {len(known.wanted)} cells, {time.perf_counter() - start_s:.0f} s")
    weights = {k: v.numpy() for k, v in head.state_dict().items()}
    for name, close in (("as they are", False), ("in close views", True)):
        ours, theirs, count = fitting(_judges(options.closeups, close), weights)
        print(f"{count} kept-out photographs {name}: {100 * ours:.1f} % fit, palms {100 * theirs:.1f} %")
    return 0


def _judges(folder: Path, close: bool) -> Iterator[tuple[Image, Box]]:
    """The photographs that are kept out, or close views of them."""
    kept = [s for s in boxed_photographs(folder) if is_kept_out(Path(str(s.image)))]
    for k, sample in enumerate(kept):
        assert sample.box_px is not None
        shown = read_rgb(Path(str(sample.image))), sample.box_px
        yield close_view(*shown, np.random.default_rng(k)) if close else shown


def _sources(options: argparse.Namespace) -> tuple[Sources, Sources]:
    """What views of drawn hands and crops, and what those of photographs are composed of."""
    paths = not_kept_out(pictures_in(options.backgrounds))
    drawn = _kept(
        options.cache / "drawn.npz",
        lambda: list(drawn_hands(load_open_hand(), paths, options.drawn, options.seed + _DRAWN_SEED)),
    )
    grounds = [_halved(read_rgb(path)) for path in paths]
    grounds += list(background_bank(None, drawn=_ROOMS * len(paths), seed=_ROOM_SEED))
    faces = [_small(read_rgb(path)) for folder in options.without_hands for path in pictures_in(folder)]
    grounds += _OFTEN * faces
    method = make_reconstruction(DEFAULT_MODEL)
    boxed = list(boxed_hands(options.closeups, method.sight, method.input_size))
    real = list(real_hands(options.real))
    return Sources(drawn, real, [], grounds), Sources(drawn[::_FEWER_DRAWN], [], boxed, grounds)


def _kept(path: Path, make: Callable[[], list[KnownHand]]) -> list[KnownHand]:
    """Drawn hands of a file, made where it is not there yet."""
    if path.is_file():
        with np.load(path, allow_pickle=False) as file:
            arrays = [file[name] for name in ("image", "joints", "mask")]
        return [KnownHand(*row) for row in zip(*arrays, strict=True)]
    hands = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        path,
        image=np.stack([h.image for h in hands]),
        joints=np.stack([h.joints_px for h in hands]),
        mask=np.stack([h.mask for h in hands if h.mask is not None]),
    )
    return hands


def _halved(picture: Image) -> Image:
    if max(picture.shape) < _LARGE_PX:
        return picture
    return np.asarray(cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)


def _small(picture: Image) -> Image:
    scale = _FACE_PX / max(picture.shape)
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


if __name__ == "__main__":
    raise SystemExit(main())
