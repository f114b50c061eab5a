"""Ring files as users and strangers make them."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import trimesh
from trimesh.visual import TextureVisuals
from trimesh.visual.material import PBRMaterial

from app.effects.ring_designs import build_design

TRIANGLE = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], "<f4").tobytes()


def ring_scene(design: str, scale: float = 1.0) -> trimesh.Scene:
    """A design as a file has it: numbers of 1 / scale metres, named materials with colours."""
    scene = trimesh.Scene()
    for part in build_design(design, 0.0085).parts:
        geometry = part.geometry
        stone = part.material == "stone"
        material = PBRMaterial(
            name="diamond" if stone else "rose gold",
            baseColorFactor=[230, 150, 120, 255],
            metallicFactor=1.0,
            roughnessFactor=0.25,
        )
        for pose in [np.eye(4)] if geometry.copies is None else geometry.copies:
            mesh = trimesh.Trimesh(geometry.vertices_m, geometry.faces, process=False)
            mesh.apply_transform(pose)
            mesh.apply_scale(scale)
            mesh.visual = TextureVisuals(material=material)
            scene.add_geometry(mesh)
    return scene


def bare_ring(sections: int = 120, scale: float = 1000.0) -> trimesh.Trimesh:
    """A plain wire ring, 17 mm across inside, in millimetres unless scaled otherwise."""
    return trimesh.creation.torus(0.0093 * scale, 0.0008 * scale, sections, max(12, sections // 8))


def glb(path: Path, document: dict, binary: bytes = b"") -> Path:
    """A GLB of this JSON and these bytes, whatever they are."""
    text = json.dumps({"asset": {"version": "2.0"}} | document).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<II", len(text), 0x4E4F534A) + text
    if binary:
        chunks += struct.pack("<II", len(binary), 0x004E4942) + binary
    path.write_bytes(struct.pack("<III", 0x46546C67, 2, 12 + len(chunks)) + chunks)
    return path


def one_mesh(count: int, nodes: int = 1, **buffer: object) -> dict:
    """glTF: a mesh of `count` vertices, placed `nodes` times."""
    return {
        "buffers": [{"byteLength": len(TRIANGLE)} | buffer],
        "bufferViews": [{"buffer": 0, "byteLength": len(TRIANGLE)}],
        "accessors": [{"bufferView": 0, "componentType": 5126, "count": count, "type": "VEC3"}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "nodes": [{"mesh": 0} for _ in range(nodes)],
        "scenes": [{"nodes": list(range(nodes))}],
    }
