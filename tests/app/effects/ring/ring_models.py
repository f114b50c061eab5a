"""Ring files as users and strangers make them."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import numpy as np
import trimesh
from trimesh.visual import TextureVisuals
from trimesh.visual.material import PBRMaterial

from app.effects.ring.designs import build_design

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


def links_of_chain(count: int, colours: int) -> trimesh.Scene:
    """A ring of small links, 17 mm across inside, in metres."""
    scene = trimesh.Scene()
    for k in range(colours):
        link = trimesh.creation.torus(0.4, 0.1, 12, 6).apply_scale(1e-3)
        link.visual = TextureVisuals(
            material=PBRMaterial(name=f"m{k}", baseColorFactor=[90 + k, 90, 20, 255])
        )
        scene.geometry[f"link{k}"] = link
    for k in range(count):
        turn = 2 * np.pi * k / count
        pose = trimesh.transformations.rotation_matrix(k % 2 * np.pi / 2, [np.cos(turn), np.sin(turn), 0])
        pose[:2, 3] = 0.009 * np.cos(turn), 0.009 * np.sin(turn)
        scene.graph.update(frame_to=f"n{k}", matrix=pose, geometry=f"link{k % colours}")
    return scene


def glb(path: Path, document: dict, binary: bytes = b"", nested: int = 0) -> Path:
    """A GLB of this JSON and these bytes, whatever they are. nested: lists within lists in it."""
    text = json.dumps({"asset": {"version": "2.0"}} | document).encode()
    text = text[:-1] + b', "extras": ' + b"[" * nested + b"0" + b"]" * nested + b"}"
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


def ring_with_picture(path: Path, side_px: int) -> Path:
    """A GLB ring, 17 mm across inside, with a black texture that packs well."""
    ring = bare_ring(scale=1.0)
    row = zlib.compressobj(9)
    pixels = b"".join(row.compress(bytes(1 + side_px // 8)) for _ in range(side_px)) + row.flush()
    chunks = (b"IHDR" + struct.pack(">IIBBBBB", side_px, side_px, 1, 0, 0, 0, 0), b"IDAT" + pixels, b"IEND")
    picture = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks
    )
    stored = [
        ring.vertices.astype("<f4").tobytes(),
        ring.faces.astype("<u4").tobytes(),
        np.zeros((len(ring.vertices), 2), "<f4").tobytes(),
        picture,
    ]
    starts = np.cumsum([0, *map(len, stored)]).tolist()
    views = [
        {"buffer": 0, "byteOffset": start, "byteLength": len(part)}
        for start, part in zip(starts, stored, strict=False)
    ]
    accessors = [
        {"bufferView": k, "componentType": kind, "count": count, "type": shape}
        for k, (kind, count, shape) in enumerate(
            (
                (5126, len(ring.vertices), "VEC3"),
                (5125, 3 * len(ring.faces), "SCALAR"),
                (5126, len(ring.vertices), "VEC2"),
            )
        )
    ]
    primitive = {"attributes": {"POSITION": 0, "TEXCOORD_0": 2}, "indices": 1, "material": 0}
    document = {
        "buffers": [{"byteLength": starts[-1]}],
        "bufferViews": views,
        "accessors": accessors,
        "images": [{"bufferView": 3, "mimeType": "image/png"}],
        "textures": [{"source": 0}],
        "materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
        "meshes": [{"primitives": [primitive]}],
        "nodes": [{"mesh": 0}],
        "scenes": [{"nodes": [0]}],
    }
    binary = b"".join(stored)
    return glb(path, document, binary + bytes(-len(binary) % 4))
