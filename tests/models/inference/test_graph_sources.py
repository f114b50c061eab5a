"""A graph is exported anew where what it is built from changed, and only then."""

from __future__ import annotations

from models.inference.graph_sources import graph_sources
from models.networks.zoo import networks


def names(module: str) -> set[str]:
    return {path.relative_to(path.parents[1]).as_posix() for path in graph_sources(module)}


def test_a_network_depends_on_its_own_parts_alone() -> None:
    tang = names("models.networks.systems.tang")
    assert {"systems/tang.py", "layers/lixel.py", "encoders/resnet.py", "networks/network.py"} <= tang
    assert not {"systems/hamr.py", "systems/mobrecon.py", "layers/spiral.py", "encoders/hourglass.py"} & tang


def test_parts_of_parts_count() -> None:
    m3dhmr = names("models.networks.systems.m3dhmr")
    assert {"systems/mobrecon.py", "encoders/stack.py", "mesh/spirals.py"} <= m3dhmr
    assert "systems/tang.py" not in m3dhmr


def test_every_network_has_its_file() -> None:
    for network in networks().values():
        assert graph_sources(network.module.__module__), network.name
    assert graph_sources(__name__) == ()
