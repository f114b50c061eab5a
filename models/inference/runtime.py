"""Networks by name, run by the engine that is fastest here.

    network = load("mobrecon_lm")
    answer = network(crop.image_rgb)

The graph comes from assets/weights/NAME.onnx where that ships, else it is exported once and kept in the
user's cache. Engine and threads are named by the caller, or chosen by a short measurement at first use and
remembered.
torch is imported only where a graph doesn't ship, or when it is the engine.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.geometry import TYPICAL_FOCAL
from models.inference.autotune import Call, autotune, medians_ms, thread_choices
from models.inference.engines import (
    ENGINES,
    POSE_OUTPUTS,
    SIGHT_OUTPUTS,
    Engine,
    EngineName,
    MixedEngine,
    OnnxEngine,
    OpenVinoEngine,
    TorchEngine,
)
from models.inference.exposure import exposed
from models.inference.fewer_bits.bfloat16 import runs_bfloat16
from models.inference.fewer_bits.int8 import multiplies_bytes
from models.inference.graph_sources import SCORES_MODULE, graph_sources
from models.inference.openvino_options import Precision
from models.inference.pair_engine import PairEngine
from models.inference.sight_engine import SightEngine
from models.manifest import ASSETS, Asset, read_manifest
from models.types import CropPrediction, CropSight, Float32, HandPose
from models.weights import find_weights, scores_of, shipped_networks

_fixed: EngineName | None = None

_STEADY_IN_BFLOAT16 = ("tang_lm", "tang_lm_192", "mobrecon_lm_192")
"""Networks whose accuracy and steadiness are those of 32 bits; docs/fewer_bits.md has the figures.
A still hand's mesh shakes by a twelfth more with `mobrecon_lm`, by a tenth with `hamr_lm`."""


class HandRuntime:
    """A network ready to run: call it with a crop."""

    def __init__(
        self,
        name: str,
        engine_name: EngineName,
        engine: Engine,
        sight_engine: Engine | None = None,
        pair_engine: PairEngine | None = None,
    ) -> None:
        """sight_engine: gives the same joints and scores, and no mesh. pair_engine: the same answers to two
        crops at once. None: `engine` does."""
        self.name, self.engine_name, self.input_size = name, engine_name, engine.input_size
        self._engine, self._sight_engine, self._pair_engine = engine, sight_engine or engine, pair_engine

    def __call__(self, crop_rgb: NDArray[np.uint8], focal: float = TYPICAL_FOCAL) -> CropPrediction:
        """(S, S, 3) RGB uint8, S = input_size -> the network's answer. focal: of the crop, in its widths."""
        return self._prediction(self._engine(self._batch(crop_rgb), focal))

    def pair(self, crops_rgb: Sequence[NDArray[np.uint8]], focals: Sequence[float]) -> list[CropPrediction]:
        """The same of two crops, in one call where that is quicker."""
        if self._pair_engine is None:
            return [self(crop, focal) for crop, focal in zip(crops_rgb, focals, strict=True)]
        crops = np.concatenate([self._batch(crop) for crop in crops_rgb])
        return [self._prediction(a) for a in self._pair_engine(crops, np.array(focals, np.float32))]

    def _prediction(self, answer: dict[str, np.ndarray]) -> CropPrediction:
        pose, vertices_m = None, answer["vertices_m"][0] if "vertices_m" in answer else None
        if POSE_OUTPUTS[0] in answer and all(np.isfinite(answer[name]).all() for name in POSE_OUTPUTS):
            pose = HandPose(*(answer[name][0] for name in POSE_OUTPUTS))
        return CropPrediction(*self._seen(answer), vertices_m, answer["joints_m"][0], pose)

    def sight(self, crop_rgb: NDArray[np.uint8], focal: float = TYPICAL_FOCAL) -> CropSight:
        """The same without a mesh, which is quicker where many crops are looked at."""
        return CropSight(*self._seen(self._sight_engine(self._batch(crop_rgb), focal)))

    def _batch(self, crop_rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        shape = (self.input_size, self.input_size, 3)
        if crop_rgb.shape != shape or crop_rgb.dtype != np.uint8:
            raise ValueError(
                f"crop for {self.name}: expected uint8 {shape}, got {crop_rgb.dtype} {crop_rgb.shape}"
            )
        return np.ascontiguousarray(exposed(crop_rgb))[None]

    def _seen(self, answer: dict[str, np.ndarray]) -> tuple[Float32, float, float]:
        """Joints, pixels of the crop; presence; that it is a right hand."""
        joints = answer["joints_2d"][0] * self.input_size - 0.5
        return joints, answer["presence"].item(), answer["handedness"].item()


def load(
    name: str,
    engine: EngineName | None = None,
    threads: int | None = None,
    cache: Path | None = None,
    untrained: bool = False,
) -> HandRuntime:
    """A zoo network, ready to run. engine, threads: None takes the fastest here. cache: None: cache_dir().

    Raises ValueError for an unknown name, and for a network without weights unless `untrained` is set: then
    what it answers means nothing, only how fast it is.
    """
    if engine is not None and engine not in (known := engines_for(name)):
        raise ValueError(f"engine: expected one of {', '.join(known)} for {name} here, got {engine!r}")
    if name not in shipped_networks():
        from models.networks.zoo import own_weights

        if own_weights(name) is None and not untrained:
            raise ValueError(f"{name} has no weights yet: train it first, or choose another model")
    cache = cache or cache_dir()
    if engine is None or threads is None:
        engine, threads = fastest(name, engine, threads, cache)
    return _start(name, engine, threads, cache)


def fastest(
    name: str, engine: EngineName | None = None, threads: int | None = None, cache: Path | None = None
) -> tuple[EngineName, int]:
    """The engine and the threads of the least median latency, as remembered, or measured now.

    engine, threads: as given, or None for what is fastest. torch is left out: it has been the slowest
    everywhere, and importing it alone takes over a second.
    """
    cache = cache or cache_dir()
    engine = engine or _fixed
    engines = (engine,) if engine else [e for e in engines_for(name) if e != "torch"]
    choices = {
        f"{e}/{n}": (e, n) for e in engines for n in (thread_choices() if threads is None else (threads,))
    }
    candidates = {key: partial(_call, name, *choice, cache) for key, choice in choices.items()}
    return choices[autotune(f"{name}/{_digest(name)}/{','.join(choices)}", candidates, cache)]


def engines_for(name: str) -> tuple[EngineName, ...]:
    """The engines that run a network on this machine."""
    runs = dict.fromkeys(ENGINES, True)
    runs["openvino-bf16"] = name in _STEADY_IN_BFLOAT16 and runs_bfloat16()
    runs["openvino-int8"] = ranges_of(name) is not None and multiplies_bytes()
    return tuple(engine for engine in ENGINES if runs[engine])


def ranges_of(name: str) -> list[Float32] | None:
    """How large the channels get that a network's blocks are given, for its encoder in bytes; None where that
    is not known of the graph that ships. Raises ChangedAsset."""
    asset, graph = _shipped("weights/ranges.json"), _shipped(f"weights/{name}.onnx")
    if asset is None or graph is None:
        return None
    asset.check()
    known = json.loads(asset.path.read_text(encoding="utf-8")).get(name)
    if known is None or known["graph"] != graph.sha256:
        return None
    return [np.array(block, np.float32) for block in known["ranges"]]


def fastest_precision(what: str, make: Callable[[Precision], Call], cache: Path | None = None) -> Precision:
    """In which a network of OpenVINO's is the fastest here, that bfloat16 does no harm to.

    what: the network and its contents. make: what makes the function that is then timed.
    """
    if not runs_bfloat16() or _fixed not in (None, "openvino-bf16"):
        return "f32"
    choices: dict[str, Precision] = {"f32": "f32", "bf16": "bf16"}
    candidates = {key: partial(make, precision) for key, precision in choices.items()}
    return choices[autotune(f"{what}/{','.join(choices)}", candidates, cache or cache_dir())]


def fix_engine(engine: EngineName) -> None:
    """Take this engine from now on where none is named: machines that share work must say the same.

    One that a network is not offered with is taken all the same: to measure what it would do.
    """
    global _fixed
    _fixed = engine


def measure(
    name: str, engines: Sequence[EngineName] = ENGINES, threads: int = 1, cache: Path | None = None
) -> dict[EngineName, float]:
    """Median milliseconds a crop for each engine that runs the network here."""
    here = [engine for engine in engines if engine in engines_for(name)]
    return medians_ms({e: _call(name, e, threads, cache or cache_dir()) for e in here})


def graph_path(name: str, cache: Path | None = None) -> Path:
    """The network's ONNX graph: the one that ships, or one exported now into the cache."""
    shipped = _shipped(f"weights/{name}.onnx")
    if shipped is not None:
        shipped.check()
        return shipped.path
    path = (cache or cache_dir()) / f"{name}-{_digest(name)}.onnx"
    if not path.is_file():
        from models.inference.export import export_onnx
        from models.networks.zoo import build

        export_onnx(build(name), path)
        for old in path.parent.glob(f"{name}-*.onnx"):  # of earlier weights or code; they can be 300 MB each
            if old != path:
                old.unlink(missing_ok=True)
    return path


def cache_dir() -> Path:
    """The folder for what can be made again: the user's cache, or a temporary one if that is read-only."""
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    user = os.getuid() if hasattr(os, "getuid") else ""
    for folder in (base / "palmistry", Path(tempfile.gettempdir()) / f"palmistry-{user}"):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            ours = user == "" or folder.stat().st_uid == user  # anybody may make a folder in /tmp
        except OSError:
            continue
        if ours and os.access(folder, os.W_OK):
            return folder
    raise OSError(f"no folder to keep exported networks in: make {base / 'palmistry'} writable")


def _start(name: str, engine: EngineName, threads: int, cache: Path) -> HandRuntime:
    if engine == "torch":
        from models.inference.export import Deployed
        from models.networks.zoo import build

        return HandRuntime(name, engine, TorchEngine(Deployed(build(name)), threads))
    graph = graph_path(name, cache)
    if engine == "onnxruntime":
        return HandRuntime(name, engine, OnnxEngine(graph, threads))
    make: Callable[..., OpenVinoEngine | MixedEngine] = OpenVinoEngine
    if engine == "openvino-bf16":
        make = MixedEngine
    elif engine == "openvino-int8":
        ranges = ranges_of(name)
        if ranges is None:
            raise ValueError(f"{name} can't run in bytes: its ranges aren't measured (tools.build.ranges)")
        make = partial(MixedEngine, ranges=ranges)
    whole = make(graph, threads)
    if "vertices_m" not in whole.outputs:
        return HandRuntime(name, engine, whole)
    sight = SightEngine(whole, partial(make, graph, threads, SIGHT_OUTPUTS))
    pair = PairEngine(whole, partial(make, graph, threads, pair=True))
    return HandRuntime(name, engine, whole, sight, pair)


def _call(name: str, engine: EngineName, threads: int, cache: Path) -> Call:
    """One look of a network at a crop of noise."""
    network = _start(name, engine, threads, cache)
    size = network.input_size
    crop = np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8)
    return lambda: network(crop)


def _digest(name: str) -> str:
    """Changes with what the graph depends on: the one that ships, or weights, hand model and its own code."""
    shipped = _shipped(f"weights/{name}.onnx")
    if shipped is not None:
        return shipped.sha256[:16]
    from models.networks.zoo import declared, own_weights

    network = declared(name)
    scores, encoder = find_weights(scores_of(network.scored_as)), network.encoder_of
    assets = [own_weights(name), scores, _shipped("hand/open_hand.npz")]
    digest = hashlib.sha256()
    for asset in assets + ([find_weights(encoder)] if encoder else []):
        digest.update((asset.sha256 if asset else "none").encode())
    modules = [network.module.__module__] + [SCORES_MODULE] * (scores is not None)
    for source in (*graph_sources(*modules), Path(__file__).with_name("export.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _shipped(file: str) -> Asset | None:
    """An entry of the manifest, where there is a manifest."""
    return read_manifest().get(file) if (ASSETS / "manifest.json").is_file() else None
