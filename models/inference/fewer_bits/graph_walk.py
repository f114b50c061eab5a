"""Ways around a graph of OpenVINO."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

_CONVOLUTIONS = ("Convolution", "GroupConvolution")
_NOT_COMPUTED = ("Constant", "Parameter", "Result")


def convolutions(nodes: Iterable[Any]) -> list[Any]:
    """Those among operations, depthwise ones too."""
    return [node for node in nodes if node.get_type_name() in _CONVOLUTIONS]


def source_of(node: Any, of_input: int = 0) -> Any:
    """The operation that one of its inputs comes from."""
    return node.input_value(of_input).get_node()


def behind(node: Any) -> set[str]:
    """Names of a node and of all that it depends on."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if node.get_friendly_name() not in found:
            found.add(node.get_friendly_name())
            waiting += [port.get_node() for port in node.input_values()]
    return found


def users_outside(node: Any, names: set[str]) -> Sequence[Any]:
    """Inputs, of nodes that are not among these names, that read what a node computes."""
    return [
        port
        for port in node.output(0).get_target_inputs()
        if port.get_node().get_friendly_name() not in names
    ]


def is_computed(node: Any) -> bool:
    """Whether it changes with the picture's contents, not a constant, wide or narrow, nor a shape."""
    if node.get_type_name() in _NOT_COMPUTED or not node.get_output_element_type(0).is_real():
        return False
    return node.get_type_name() != "Convert" or is_computed(source_of(node))
