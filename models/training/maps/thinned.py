"""tang_lm as it was taught until 29 November 2026, laid out as it is now: closed form, before it learns on.

Its wide layers become thin pairs that answer nearest on cached crops, and the looks beside a vertex that the
parameters' step did not take begin at nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from models.networks.joint_fit import joints_of
from models.networks.systems.tang_lm import TangLm
from models.training.maps.batch import maps_of
from models.training.maps.cache import MAPS, MapCache
from models.training.maps.factors import factored, inputs_of

_AT_ONCE = 64
_READ = (*MAPS, "joints_px", "world_m", "focal")


def lay_out(net: TangLm, old: dict[str, Tensor], caches: Sequence[MapCache], crops: int = 2000) -> None:
    """Fill all of `net` but its encoder with the old network's.

    crops: of each cache, to be nearest on. Raises ValueError where `old` is not such a network's."""
    try:
        _lay_out(net, {name: value.float() for name, value in old.items()}, caches, crops)
    except (KeyError, RuntimeError) as error:
        raise ValueError(f"not weights of tang_lm with one look and wide layers: {error}") from error


def _lay_out(net: TangLm, old: dict[str, Tensor], caches: Sequence[MapCache], crops: int) -> None:
    def run() -> None:
        rng = np.random.default_rng(0)
        for cache in caches:
            for _ in range(crops // _AT_ONCE):
                rows = rng.integers(0, len(cache), _AT_ONCE)
                d = {name: torch.from_numpy(cache.columns[name][rows]) for name in _READ}
                maps = maps_of(d)
                net.decode(maps, *joints_of(d["joints_px"], d["world_m"], net.palm_m), d["focal"])

    net.eval()
    stage, rank = net.mesh_stage, net.mesh_rank
    for name in ("a", "b", "c"):
        setattr(stage, name, _linear(_part(old, f"mesh_stage.{name}.")))
    stage.out.load_state_dict(_part(old, "mesh_stage.out."))
    for name in ("a", "b", "c"):
        layer = stage.get_submodule(name)
        setattr(stage, name, factored(layer, inputs_of(layer, run), rank))
    step, offset = net.parameter_step, net.offset_step
    places = step.token.finer.shape[0] - old["parameter_step.token.finer"].shape[0]
    finer = torch.cat([old["parameter_step.token.finer"], torch.zeros(places, *step.token.finer.shape[1:])])
    step.token.load_state_dict(_part(old, "parameter_step.token.") | {"finer": finer})
    offset.load_state_dict(_part(old, "offset_step."))
    net.joint_step.load_state_dict(_part(old, "joint_step."))
    step.out.load_state_dict(_part(old, "parameter_step.out."))
    together, a = old["parameter_step.together.weight"], _part(old, "parameter_step.a.")
    n = len(together)
    weight = torch.cat([a["weight"][:, :n] @ together, a["weight"][:, n:]], 1)
    step.a, step.b = _linear({"weight": weight, "bias": a["bias"]}), _linear(_part(old, "parameter_step.b."))
    step.a = factored(step.a, inputs_of(step.a, run), net.config.rank)
    step.b = factored(step.b, inputs_of(step.b, run), net.config.rank)


def _part(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


def _linear(state: dict[str, Tensor]) -> nn.Linear:
    layer = nn.Linear(*state["weight"].shape[::-1])
    layer.load_state_dict(state)
    return layer
