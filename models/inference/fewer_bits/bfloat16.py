"""An encoder in bfloat16, but where that harms.

bfloat16 keeps 8 bits of a number. All of the encoder in it, landmarks move by half a pixel of 224, and a
still hand shakes. Nearly all of that comes from three places, and they stay in 32 bits: the first convolution
and the depthwise one behind it (differences between bright neighbours are lost in the rounding), the last
one with the mean of its map, and what follows the encoder (a joint is the sum of a thousand numbers). The
picture itself, whole numbers up to 255, is not rounded.
"""

from __future__ import annotations

import tempfile
import xml.etree.ElementTree as ET
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from models.inference.fewer_bits.graph_walk import behind, convolutions, source_of

KEPT_FIRST, KEPT_LAST = 2, 1
"""Convolutions at both ends that stay in 32 bits."""
_MARK = {"name": "precise", "version": "0"}
"""What OpenVINO's file format calls an operation that is not to be rounded."""


@lru_cache
def runs_bfloat16() -> bool:
    """Whether OpenVINO runs it on this processor."""
    import openvino as ov

    return "BF16" in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def marked(core: Any, encoder: Any, kept_first: int = KEPT_FIRST) -> Any:
    """The encoder with both of its ends marked to stay in 32 bits.

    kept_first: how many convolutions at its beginning; none where the first reads bytes.
    """
    import openvino as ov

    all_of_them = convolutions(encoder.get_ordered_ops())
    first = behind(all_of_them[kept_first - 1]) if kept_first else set()
    but_last = behind(source_of(all_of_them[-KEPT_LAST]))
    kept = {
        node.get_friendly_name()
        for node in encoder.get_ordered_ops()
        if node.get_friendly_name() in first or node.get_friendly_name() not in but_last
    }
    with tempfile.TemporaryDirectory(prefix="palmistry-") as folder:
        description, weights = Path(folder) / "encoder.xml", Path(folder) / "encoder.bin"
        ov.serialize(encoder, description, weights)  # marks can't be set but in a file
        tree = ET.parse(description)
        for layer in tree.iter("layer"):
            if layer.get("name") in kept and layer.get("type") not in ("Const", "Parameter", "Result"):
                notes = layer.find("rt_info")
                if notes is None:
                    notes = ET.Element("rt_info")
                    layer.insert(int(layer.find("data") is not None), notes)
                ET.SubElement(notes, "attribute", _MARK)
        return core.read_model(ET.tostring(tree.getroot()), ov.Tensor(np.fromfile(weights, np.uint8)))
