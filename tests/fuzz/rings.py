"""Ring files to be damaged."""

from __future__ import annotations

from pathlib import Path

from app.errors import UserError
from tests.fuzz.format import Format

_HOLES_S = 8.0  # a file of several rings is looked at for several holes


def _ring(kind: str) -> Format:
    from tests.app.effects.ring.ring_models import bare_ring, ring_scene

    def make(path: Path) -> None:
        scene = ring_scene("solitaire", 1.0) if kind == "glb" else bare_ring(40).scene()
        exported = scene.export(file_type=kind)
        data = exported if isinstance(exported, bytes) else str(exported).encode()
        path.write_bytes(data)

    return Format(make, _wear, f"ring.{kind}")


def _wear(path: Path) -> None:
    """As `load_own_ring` does, but for the process of its own: this one is one already."""
    from app.effects.ring import file as ring_file
    from app.ring_files import program

    try:
        read = program.read(path, path.suffix[1:], ring_file.MOST_TRIANGLES)
    except Exception as error:  # that process makes one line of whatever happens
        raise UserError("refused") from error
    ring_file._read = lambda *_: read
    ring_file.load_own_ring(path)


def ring_formats() -> dict[str, Format]:
    """All of them."""
    from tests.app.ring_files.moved_rings import as_text, morphed, skinned
    from tests.app.ring_files.ring_kinds import draco, instanced, meshopt, meshopt_filtered, sparse, two_rings

    kinds = {
        "draco": draco,
        "meshopt": meshopt,
        "filtered": meshopt_filtered,
        "instanced": instanced(True),
        "sparse": sparse(True),
        "pair": two_rings(False),
        "morphed": morphed(False),
        "skinned": skinned,
        "text": as_text,
    }
    return {
        **{f"ring.{kind}": _ring(kind) for kind in ("glb", "obj", "stl")},
        **{
            f"ring.{name}": Format(make, _wear, f"{name}.glb", most_s=_HOLES_S)
            for name, make in kinds.items()
        },
    }
