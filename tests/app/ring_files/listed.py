"""The list of ring files, and what is right for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.app.ring_files.glb_builder import Glb
from tests.app.ring_files.moved_rings import (
    as_text,
    as_text_with_others,
    badly_named,
    mirrored,
    morphed,
    skinned,
)
from tests.app.ring_files.ring_kinds import (
    GOLD,
    INNER_MM,
    PAINT,
    ascii_stl,
    band,
    draco,
    draco_quantised,
    grown_together,
    instanced,
    meshopt,
    meshopt_filtered,
    named,
    obj,
    on_a_stand,
    quantised,
    rod,
    sparse,
    stl,
    stone_of,
    strip,
    two_rings,
    with_extensions,
)
from tests.app.ring_files.several_rings import (
    BOARD,
    FLAT,
    LEANING,
    RIM,
    SLOTS,
    TRAY,
    linked,
    one_mesh,
    rings_at,
)


@dataclass(frozen=True)
class Kind:
    """A file, and what is right for it."""

    name: str
    make: Callable[[Path], Path]
    stones: int = 0
    inner_mm: float = INNER_MM
    unit: str = ""  # "": as usual for the ending
    rings: int = 1
    says: str = ""  # in the line on how it was understood
    worn: str = ""  # the ring that is worn
    slow: bool = False  # much like another one


def _text(path: Path, head: bytes) -> Path:
    path.write_bytes(head + b" " * 400)
    return path


def _changed(make: Callable[[Path], Path], change: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
    def made(path: Path) -> Path:
        make(path).write_bytes(change(path.read_bytes()))
        return path

    return made


def _cut(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:-700])
    return path


def _marked(data: bytes) -> bytes:
    return b"\xef\xbb\xbf" + data[data.index(b"v") :]  # the first line is a vertex


def _needs(path: Path, extension: str) -> Path:
    glb = Glb()
    glb.plain("Ring", band())
    glb.required.add(extension)
    return glb.write(path)


def _scrambled(path: Path) -> Path:
    data = bytearray(path.read_bytes())
    at = data.index(b"DRACO")
    data[at + 12 : at + 60] = bytes(48)
    path.write_bytes(data)
    return path


_FINGER = ("mannequin_finger", rod(8.4, -40, 30))
GOOD = (
    Kind("draco.glb", draco),
    Kind("draco_quantised.glb", draco_quantised),
    Kind("meshopt.glb", meshopt),
    Kind("meshopt_filtered.glb", meshopt_filtered, slow=True),
    Kind("quantised_i16.glb", quantised("i2", True)),
    Kind("quantised_u16.glb", quantised("u2", True), slow=True),
    Kind("quantised_plain.glb", quantised("u2", False)),
    Kind("morphed.glb", morphed(False)),
    Kind("morphed_by_node.glb", morphed(True)),
    Kind("not_morphed.glb", morphed(True, 0.0), slow=True),
    Kind("skinned.glb", skinned),
    Kind("mirrored.glb", mirrored, 1),
    Kind("as_text.gltf", as_text, unit="m"),
    Kind("text_named.glb", as_text, slow=True),
    Kind("sparse_alone.glb", sparse(False)),
    Kind("sparse_over.glb", sparse(True), slow=True),
    Kind("instanced.glb", instanced(False), 24, slow=True),
    Kind("instanced_turned.glb", instanced(True), 24),
    Kind("strips.glb", strip),
    Kind("transmission.glb", stone_of(with_extensions(transmission={"transmissionFactor": 1})), 1),
    Kind("dispersion.glb", stone_of(with_extensions(dispersion={"dispersion": 0.044})), 1, slow=True),
    Kind("volume.glb", stone_of(with_extensions(volume={"thicknessFactor": 0.002})), 1, slow=True),
    Kind("ior.glb", stone_of(with_extensions(ior={"ior": 2.4})), 1, slow=True),
    Kind("plastic.glb", stone_of(with_extensions(ior={"ior": 1.5}))),
    Kind(
        "clear.glb",
        stone_of({"alphaMode": "BLEND", "pbrMetallicRoughness": {"baseColorFactor": [1, 1, 1, 0.3]}}),
        1,
        slow=True,
    ),
    Kind("prongs.glb", stone_of(GOLD, "diamond_prongs"), slow=True),
    Kind("metal_named_diamonds.glb", stone_of(GOLD, "Diamonds")),
    Kind("stein.glb", named("Schiene", "Stein_01"), 1),
    Kind("piedra.glb", named("anillo", "PiedraCentral"), 1, slow=True),
    Kind("emeraude.glb", named("bague", "Émeraude.001"), 1, slow=True),
    Kind("kamen.glb", named("Кольцо", "Камень"), 1),
    Kind("keystone.glb", named("Ring", "Keystonework"), slow=True),  # no whole word
    Kind("common_words.glb", named("emerald_halo_base", "emerald_halo_ruby"), 1),  # the ring's own name
    Kind("own_stone_twice.glb", named("RubyRing", "RubyRing_Ruby"), 1),
    Kind(
        "own_stone_as_material.glb", stone_of(PAINT | {"name": "Ruby"}, "RubyRing", "RubyRing"), 1, slow=True
    ),
    Kind("Diamond.glb", stone_of(PAINT | {"name": "mat2"}, "Diamond", "Diamond")),
    Kind("Diamond_Ring.glb", named("DiamondRing", "diamond ring claw")),
    Kind("pair.glb", two_rings(False), 1, 19.0, rings=2, says="2 rings (1 his, 2 hers): his", worn="his"),
    Kind("badly_named.glb", badly_named, rings=2, says="1 his [31m, 2 hers line", worn="his"),
    Kind("wedding_set.glb", two_rings(True), 1, 19.0, rings=2, says="2 rings", worn="his", slow=True),
    Kind("tray.glb", rings_at(TRAY, BOARD), 1, rings=12, says="1 part beside the ring", worn="No 1"),
    Kind("flat_tray.glb", rings_at(FLAT, RIM), 1, rings=12, says="1 part beside", worn="No 1", slow=True),
    Kind("ring_box.glb", rings_at(SLOTS), 1, rings=12, says="12 No 12", worn="No 1"),
    Kind("leaning.glb", rings_at(LEANING), 1, rings=5, worn="No 1", slow=True),
    Kind("printing_bed.stl", one_mesh, rings=12, says="12 rings", worn="ring 1", slow=True),
    Kind("chain.glb", linked, slow=True),
    Kind("on_a_finger.glb", on_a_stand(_FINGER), 1, says="beside the ring"),
    Kind("on_a_cone.glb", on_a_stand(("Object_7", rod(8.2, -60, 30))), 1, says="beside the ring"),
    Kind("on_a_plinth.glb", on_a_stand(("Cube", rod(40, -30, -12))), 1, says="beside the ring", slow=True),
    Kind("relative.obj", obj(), 1),
    Kind("absolute.obj", obj(False), 1, slow=True),
    Kind("stl_named.obj", stl()),
    Kind("stl_named.glb", stl(), unit="mm", slow=True),
    Kind("text_stl_named.glb", ascii_stl(False), unit="mm", slow=True),
    Kind("obj_named.stl", obj(), 1),
    Kind("obj_named.glb", obj(), 1, unit="mm", slow=True),
    Kind("glb_named.stl", draco, unit="m", slow=True),
    Kind(
        "byte_order_mark.obj",
        _changed(obj(False), _marked),
        1,
    ),
    Kind("utf16.obj", _changed(obj(False), lambda data: data.decode().encode("utf-16")), 1, slow=True),
    Kind("needs_looks.glb", lambda path: _needs(path, "EXT_materials_diamond"), slow=True),
    Kind("solid_header.stl", stl(b"solid made by a CAD"), slow=True),
    Kind("trailing.stl", stl(b"solid ", bytes(64))),
    Kind("text.stl", ascii_stl(False), slow=True),
    Kind("capitals.stl", _changed(ascii_stl(False), bytes.upper), slow=True),
    Kind("tenths.stl", stl(unit_m=1e-4), unit="0.1mm"),
    Kind("metres.stl", stl(unit_m=1.0), unit="m", slow=True),
    Kind("centimetres.obj", obj(unit_m=1e-2), 1, unit="cm"),
    Kind("inches.stl", stl(unit_m=25.4e-3), unit="in", says="no metric unit makes a ring of it", slow=True),
    Kind("large_in_mm.stl", stl(inner_mm=26.0), inner_mm=26.0, unit="mm", slow=True),
    Kind("small_in_cm.stl", stl(unit_m=1e-2, inner_mm=11.0), inner_mm=11.0, unit="cm", says="inches would"),
)

REFUSED = {
    "usdz.glb": (lambda path: _text(path, b"PK\3\4 ring.usdc"), "ZIP archive"),
    "step.stl": (lambda path: _text(path, b"ISO-10303-21;\nHEADER;"), "a STEP file"),
    "page.glb": (lambda path: _text(path, b"<!DOCTYPE html><html>404"), "a web page"),
    "scene.glb": (as_text_with_others, "one GLB"),
    "scene.gltf": (as_text_with_others, "one GLB"),
    "points.ply": (lambda path: _text(path, b"ply\nformat ascii 1.0"), "a PLY file"),
    "print.3mf": (lambda path: _text(path, b"PK\3\4 3D/3dmodel.model"), "or USDZ, 3MF"),
    "download.zip": (lambda path: _text(path, b"PK\3\4 ring.glb"), "unpack it"),
    "ring.glb.gz": (lambda path: _text(path, b"\x1f\x8b\x08"), "a gzip archive"),
    "part.step": (lambda path: _text(path, b"ISO-10303-21;"), "a STEP file"),
    "scene.usda": (lambda path: _text(path, b"#usda 1.0"), "a USD file"),
    "scene.dae": (lambda path: _text(path, b'<?xml version="1.0"?>'), "no 3D model"),
    "letter.txt": (lambda path: _text(path, b"Dear jeweller"), "no 3D model that can be read"),
    "old.glb": (lambda path: _text(path, b"glTF\1\0\0\0"), "glTF 1"),
    "grown_together.stl": (grown_together, "joined to a stand"),
    "commas.obj": (obj(comma=True), "decimal commas"),
    "commas.stl": (ascii_stl(True), "decimal commas"),
    "cut_off.stl": (lambda path: _cut(stl()(path)), "cut off"),
    "unknown.glb": (lambda path: _needs(path, "ACME_packed_mesh"), "needs ACME_packed_mesh"),
    "damaged_draco.glb": (lambda path: _scrambled(draco(path)), "can't be worn"),
}
