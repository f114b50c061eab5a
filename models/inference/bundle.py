"""MediaPipe's two hand networks as they are published, in one file (Apache-2.0), run by OpenVINO."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from models.inference.openvino_options import Precision, cpu_options
from models.manifest import ASSETS, shipped

BUNDLE = ASSETS / "detector" / "hand_landmarker.task"


def compile_bundled(
    network: str,
    bundle: Path,
    threads: int = 1,
    change: Callable[[Any], None] = lambda model: None,
    precision: Precision = "f32",
) -> Any:
    """OpenVINO's compiled model of a bundle's network. change: of the model, before it is compiled.

    Raises FileNotFoundError or ChangedAsset if the bundle is not whole.
    """
    import openvino as ov

    if not bundle.is_file():
        raise FileNotFoundError(f"{bundle} is missing; build it with: python -m tools.build.detector")
    core = ov.Core()
    with tempfile.TemporaryDirectory() as folder:  # OpenVINO reads this format from a file only
        with zipfile.ZipFile(shipped(bundle)) as z:
            file = z.extract(network, folder)
        model = core.read_model(file)
        change(model)
        return core.compile_model(model, "CPU", cpu_options(threads, precision))
