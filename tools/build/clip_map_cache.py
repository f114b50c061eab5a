"""Show clips of one hand to the frozen landmark encoder, frame by frame, and keep its maps.

    python -m tools.build.clip_map_cache --out DIR --clips VIDEO[:FROM-TO] ... --scales CACHE

Frames in turn teach a decoder to be steady: `tools.train.decoder --clips DIR`. Seconds that the jitter of a
still hand is judged by should be left out. CACHE: the cache of drawn hands that is learnt from beside it, for
its byte scales. 150 kB a frame.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import torch

from models.datasets.sets.still import still
from models.hand.hand_data import load_open_hand
from models.tracking.pipeline import Pipeline, PipelineConfig
from models.training.maps.cache import MapCache
from models.training.maps.clips import CLIP_COLUMNS, clip_rows
from models.training.maps.encoder import MapEncoder
from tools.command import command


@command
def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="the landmark encoder's maps of clips")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--clips", type=Path, required=True, nargs="+", metavar="VIDEO[:FROM-TO]")
    parser.add_argument("--scales", type=Path, required=True, metavar="CACHE")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    clips = [still(clip) for clip in options.clips]
    scales, encode = MapCache(options.scales).scales, MapEncoder(load_open_hand())
    cache = MapCache.create(options.out, sum(clip.count for clip in clips), CLIP_COLUMNS, scales)
    pipeline = Pipeline(PipelineConfig(max_hands=1, smoothing=None))
    run = 0
    for clip in clips:
        pipeline.reset()
        for rows in clip_rows(clip.read(), pipeline, encode, run + 1):
            cache.append(rows)
            run = int(rows["run"][-1])
    pipeline.close()
    print(f"{cache.written} frames with a hand")


if __name__ == "__main__":
    raise SystemExit(main())
