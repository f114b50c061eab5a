"""Ring files whose vertices are not where they are written: morph targets, skins, mirrors; glTF as text."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.app.ring_files.glb_builder import Glb
from tests.app.ring_files.ring_kinds import GOLD, ball, band


def morphed(by_node: bool, weight: float = 1.0) -> Callable[[Path], Path]:
    """A ring of 12 mm that a target makes as large as it should be; at weight 0 it is so already."""

    def make(path: Path) -> Path:
        glb, (right, f) = Glb(), band()
        small = band(12.0)[0] if weight else right
        target = {"POSITION": glb.accessor((right - small if weight else 3 * right).astype("<f4"))}
        positions, indices = glb.accessor(small.astype("<f4")), glb.accessor(f.astype("<u4").ravel())
        mesh = glb.mesh("Ring", positions, indices, GOLD, targets=[target])
        if not by_node:
            glb.document["meshes"][mesh]["weights"] = [weight]
        glb.node(mesh, **({"weights": [weight]} if by_node else {}))
        return glb.write(path)

    return make


def skinned(path: Path) -> Path:
    """Joints make it ten times as large; the mesh's own node, a thousand times, doesn't count."""
    glb, (v, f) = Glb(), band()
    v = v / 10
    mesh = glb.mesh("Ring", glb.accessor(v.astype("<f4")), glb.accessor(f.astype("<u4").ravel()), GOLD)
    which, weights = np.zeros((len(v), 4), "<u2"), np.zeros((len(v), 4), "<f4")
    which[:, 1], weights[:, :2] = 1, 0.5
    glb.document["meshes"][mesh]["primitives"][0]["attributes"] |= {
        "JOINTS_0": glb.accessor(which),
        "WEIGHTS_0": glb.accessor(weights),
    }
    inverse = np.tile(np.eye(4, dtype="<f4").ravel(), (2, 1))
    inverse[1, 12] = -0.004  # where the second joint stands at rest, in its own numbers
    glb.document["skins"] = [{"joints": [1, 2], "inverseBindMatrices": glb.accessor(inverse)}]
    glb.node(mesh, skin=0, scale=[1000, 1000, 1000])
    glb.document["nodes"] += [{"scale": [10, 10, 10]}, {"scale": [10, 10, 10], "translation": [0.04, 0, 0]}]
    return glb.write(path)


def mirrored(path: Path) -> Path:
    """A mirrored ring with its stone."""
    glb = Glb()
    glb.plain("Ring", band(), GOLD, scale=[-1, 1, 1])
    glb.plain("Diamond", ball(0, 12, 0, 2), scale=[-1, 1, 1])
    return glb.write(path)


def as_text(path: Path) -> Path:
    """A .gltf that carries its numbers itself."""
    glb = Glb()
    glb.plain("Ring", band(), GOLD)
    return _text(path, glb, "data:application/octet-stream;base64," + base64.b64encode(glb.binary).decode())


def as_text_with_others(path: Path) -> Path:
    """A .gltf whose numbers are in another file."""
    glb = Glb()
    glb.plain("Ring", band(), GOLD)
    return _text(path, glb, "../scene.bin")


def _text(path: Path, glb: Glb, uri: str) -> Path:
    nodes = list(range(len(glb.document["nodes"])))
    buffers = [{"byteLength": len(glb.binary), "uri": uri}]
    path.write_text(json.dumps(glb.document | {"buffers": buffers, "scenes": [{"nodes": nodes}]}))
    return path


def badly_named(path: Path) -> Path:
    """Names with what ends lines, colours terminals and rings bells."""
    glb = Glb()
    glb.plain("his\n\x1b[31m\x07", band(), GOLD)
    glb.plain("hers\r\nline", band(), GOLD, translation=[0.03, 0, 0])
    return glb.write(path)
