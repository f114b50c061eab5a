"""Every kind of ring file that people bring: the listed ones are worn as is right for them, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.effects.ring import file as ring_file
from app.effects.ring.file import describe, load_own_ring
from app.errors import UserError
from app.ring_files import hole, program
from app.ring_files.piece import Unusable
from app.ring_files.words import names_a_stone, names_scenery
from tests.app.ring_files.glb_builder import Glb
from tests.app.ring_files.listed import GOOD, REFUSED, Kind
from tests.app.ring_files.ring_kinds import band


@pytest.fixture(autouse=True)
def here(monkeypatch, tmp_path):
    """Reading in this process: the limited one is tested elsewhere, and takes a second a file to start."""

    def read(path: Path, said: dict) -> program.Read:
        try:
            found = program.read(path, path.suffix[1:], ring_file.MOST_TRIANGLES, program.Options(**said))
        except Unusable as error:
            raise UserError(f"{path.name} can't be worn: {error}") from error
        except Exception as error:
            raise UserError(f"{path.name} can't be worn: it is damaged") from error
        return program.unpacked(program.packed(found))

    monkeypatch.setattr(ring_file, "_read", read)
    monkeypatch.setattr(hole, "_DIRECTIONS", 60)  # the holes here are not hard to find
    monkeypatch.setenv("PALMISTRY_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize(
    "kind", [pytest.param(k, marks=[pytest.mark.slow] * k.slow, id=k.name) for k in GOOD]
)
def test_it_is_worn(tmp_path: Path, kind: Kind) -> None:
    own = load_own_ring(kind.make(tmp_path / kind.name))
    assert own.inner_diameter_mm == pytest.approx(kind.inner_mm, abs=0.15)
    assert own.unit == (kind.unit or ("m" if kind.name.endswith(".glb") else "mm"))
    assert sum(part.material == "stone" for part in own.model.parts) == kind.stones
    assert len(own.rings) == kind.rings
    assert own.rings[own.picked].startswith(kind.worn)
    assert kind.says in describe(own)
    assert "\n" not in describe(own)
    reach = max(abs(part.geometry.vertices_m).max() for part in own.model.parts)
    assert reach < 0.017  # the ring alone


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    make, words = REFUSED[name]
    with pytest.raises(UserError, match=words) as caught:
        load_own_ring(make(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_the_other_ring_of_a_pair_can_be_worn(tmp_path: Path) -> None:
    kind = next(kind for kind in GOOD if kind.rings == 2)
    own = load_own_ring(kind.make(tmp_path / kind.name), ring=1)
    assert own.rings[own.picked] == "hers"
    assert own.inner_diameter_mm == pytest.approx(17.3, abs=0.15)
    assert sum(part.material == "stone" for part in own.model.parts) == 1


def test_what_a_part_is_can_be_told(tmp_path: Path) -> None:
    kind = next(kind for kind in GOOD if kind.name == "metal_named_diamonds.glb")
    path = kind.make(tmp_path / kind.name)
    own = load_own_ring(path, kinds={"Diamonds": "stone", "Ring": "metal"})
    assert [(p.label, p.guess, p.kind) for p in own.labels] == [
        ("Ring", "file", "metal"),
        ("Diamonds", "file", "stone"),
    ]
    assert {part.material for part in own.model.parts} == {"metal", "stone"}


@pytest.mark.parametrize(
    "name",
    [
        "Steinchen",
        "diamantje_2",
        "Gyémánt",
        "ädelsten",
        "ÆDELSTEN",
        "timantti",
        "drahokam",
        "Камінь",
        "διαμάντι",
        "الماس",
        "हीरा_01",
        "主石",
        "ルビー",
        "Pırlanta",
        "Briljanten",
        "Bergkristall",
    ],
)
def test_stones_are_known_in_many_languages(name: str) -> None:
    assert names_a_stone(name)
    assert not names_a_stone(f"{name} prong")


@pytest.mark.parametrize(
    "name",
    ["stone_seat", "StoneHolder", "Diamond Cutter", "Chatons diamant", "Крапан камень", "DiamondShoulders"],
)
def test_what_holds_a_stone_is_metal_and_no_stand(name: str) -> None:
    assert not names_a_stone(name)
    assert not names_scenery(name)


def test_there_are_enough_of_them() -> None:
    assert len(GOOD) + len(REFUSED) >= 20


def test_a_bracelet_is_said_to_be_one(tmp_path: Path) -> None:
    glb = Glb()
    glb.plain("Bangle", band(60.0))
    line = describe(load_own_ring(glb.write(tmp_path / "bangle.glb")))
    assert "59.9 mm would be a bracelet's: --effect wrist --bracelet" in line
