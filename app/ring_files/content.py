"""Which kind of ring file it is, by its first bytes: its ending may say anything."""

from __future__ import annotations

import re
from pathlib import Path

from app.ring_files.piece import Unusable

_HEAD_BYTES = 4096
_STL_HEAD, _STL_EACH = 84, 50  # bytes before the triangles, and of each
_OBJ_LINE = re.compile(rb"(?m)^\s*(?:v\s+[-+.\d]|(?:o|g|mtllib|usemtl)\s+\S)")
_OTHERS = (  # how the files begin that people give in place of a ring file
    (b"PK\3\4", "a ZIP archive (or USDZ, 3MF); unpack it and give the .glb, .obj or .stl in it"),
    (b"Rar!", "a RAR archive; unpack it and give the .glb, .obj or .stl in it"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it and give the .glb, .obj or .stl in it"),
    (b"ISO-10303-21", "a STEP file; export it as GLB or STL"),
    (b"3D Geometry File Format", "a Rhino file; export it as GLB or STL"),
    (b"Kaydara FBX", "an FBX file; export it as GLB"),
    (b"BLENDER", "a Blender file; export it as GLB"),
    (b"ply", "a PLY file; export it as STL or GLB"),
    (b"\x1f\x8b", "a gzip archive; unpack it and give the .glb, .obj or .stl in it"),
    (b"OFF", "an OFF file; export it as STL or GLB"),
    (b"#VRML", "a VRML file; export it as GLB"),
    (b"\xd0\xcf\x11\xe0", "a CAD program's own file; export it as GLB or STL"),
    (b"AC10", "an AutoCAD file; export it as GLB or STL"),
    (b"#usda", "a USD file; export it as GLB"),
    (b"PXR-USDC", "a USD file; export it as GLB"),
    (b"<COLLADA", "a COLLADA file; export it as GLB"),
    (b"<", "a web page or another text, no 3D model; download the ring again"),
    (b"\x89PNG", "a picture, no 3D model"),
    (b"\xff\xd8\xff", "a picture, no 3D model"),
    (b"%PDF", "a PDF, no 3D model"),
)


def kind_of(path: Path) -> str | None:
    """glb, stl or obj; None where its bytes don't tell. Raises Unusable for what is surely none of them."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head[:4] == b"glTF":
        return "glb"
    count = int.from_bytes(head[80:84], "little")
    if count and path.stat().st_size == _STL_HEAD + _STL_EACH * count:
        return "stl"
    begin = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if begin[:1] == b"{":
        return "glb"  # as text
    if begin[:5].lower() == b"solid" and b"facet" in head.lower():
        return "stl"
    for signature, what in _OTHERS:
        if begin.startswith(signature):
            raise Unusable(f"it is {what}")
    return "obj" if b"\0" not in head and _OBJ_LINE.search(head) else None
