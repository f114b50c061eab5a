"""Each paper's objective: its terms, least at the truth, and what it needs from a network."""

from dataclasses import replace

import pytest
import torch

from models.hand.hand_data import load_open_hand
from models.networks.layers.lixel import BINS
from models.networks.network import NetworkOutput
from models.training import losses
from models.training.batch import Labels, LabelWeights
from models.training.objectives import Objectives
from tests.models.tiny_hands import TinyHands, make_hands


@pytest.fixture(scope="module")
def hands() -> TinyHands:
    return make_hands(2, 64)


@pytest.fixture(scope="module")
def objectives() -> Objectives:
    return Objectives(load_open_hand(), render_size=32)


def truth_of(h: TinyHands) -> Labels:
    return Labels(h.vertices_m, h.joints_m, h.joints_2d, h.vertices_2d, h.mask)


def perfect(h: TinyHands, objectives: Objectives) -> NetworkOutput:
    """What a network that makes no error would say."""
    maps = losses.gaussian_heatmaps(h.joints_2d, 32)
    camera = losses.weak_perspective_camera(h.joints_m, h.joints_2d, objectives.bones)
    return NetworkOutput(
        joints_2d=h.joints_2d,
        vertices_m=h.vertices_m,
        joints_m=h.joints_m,
        presence_logit=torch.zeros(2),
        handedness_logit=torch.zeros(2),
        heatmaps=maps,
        early_heatmaps=maps,
        silhouette_logit=40 * (2 * h.mask - 1),
        joints_uvz=torch.cat([h.joints_2d, h.joints_m[..., 2:]], -1),
        vertices_2d=h.vertices_2d,
        rough_vertices_m=h.vertices_m,
        rough_vertices_2d=h.vertices_2d,
        camera=camera,
    )


def worse(output: NetworkOutput) -> NetworkOutput:
    random = torch.Generator().manual_seed(0)

    def shaken(name: str, by: float) -> dict[str, torch.Tensor]:
        value = getattr(output, name)
        return {name: value + by * torch.randn(value.shape, generator=random)}

    return replace(
        output,
        **shaken("vertices_m", 0.01),
        **shaken("rough_vertices_m", 0.01),
        **shaken("joints_m", 0.01),
        **shaken("joints_2d", 0.05),
        **shaken("vertices_2d", 0.05),
        **shaken("rough_vertices_2d", 0.05),
        **shaken("joints_uvz", 0.05),
        **shaken("heatmaps", 0.1),
        **shaken("silhouette_logit", 60.0),
        **shaken("camera", 0.5),
    )


@pytest.mark.parametrize("system", ["mobrecon", "tang", "hamr"])
def test_every_term_is_least_at_the_truth(system: str, hands: TinyHands, objectives: Objectives) -> None:
    objective, output = getattr(objectives, system), perfect(hands, objectives)
    best, bad = objective(output, truth_of(hands)), objective(worse(output), truth_of(hands))
    for name, value in best.items():
        assert value < bad[name], name
    exact = set(best) - {"geo", "seg", "2D"}  # hands need not be planar; a soft edge is no mask
    assert all(best[name] < 2e-3 for name in exact), best


def test_consistency_needs_no_labels(hands: TinyHands, objectives: Objectives) -> None:
    """A view and the same view turned by a right angle agree; unturned they don't."""
    view = perfect(hands, objectives)
    R = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]).expand(2, 3, 3)
    T = torch.tensor([[0.0, -1, 1], [1, 0, 0]]).expand(2, 2, 3)  # about the crop's middle
    uv = torch.stack([1 - view.joints_2d[..., 1], view.joints_2d[..., 0]], -1)
    turned = replace(view, vertices_m=torch.einsum("bij,bvj->bvi", R, view.vertices_m), joints_2d=uv)
    assert all(value < 1e-6 for value in objectives.consistency(view, turned, R, T).values())
    assert all(value > 1e-2 for value in objectives.consistency(view, view, R, T).values())


def test_tang_needs_all_branches(hands: TinyHands, objectives: Objectives) -> None:
    cut = replace(perfect(hands, objectives), silhouette_logit=None)
    with pytest.raises(ValueError, match="training mode"):
        objectives.tang(cut, truth_of(hands))


def test_a_bin_off_costs_one(hands: TinyHands, objectives: Objectives) -> None:
    """Tang's lengths are counted in bins, in the image and in depth alike."""
    output = perfect(hands, objectives)
    assert output.joints_uvz is not None
    off = replace(output, joints_uvz=output.joints_uvz + torch.tensor([1 / BINS, 0, 0]))
    assert objectives.tang(off, truth_of(hands))["joint"].item() == pytest.approx(1 / 3, abs=1e-3)


@pytest.mark.parametrize("system", ["mobrecon", "tang", "hamr"])
def test_a_label_counts_as_far_as_it_is_trusted(
    system: str, hands: TinyHands, objectives: Objectives
) -> None:
    """A sample of no trust costs nothing and moves nothing, however wrong; half trust costs half."""
    objective = getattr(objectives, system)
    output, truth = worse(perfect(hands, objectives)), truth_of(hands)
    moving = output.joints_m if system == "hamr" else output.vertices_m
    moving.requires_grad_(True)

    def cost(first: float, second: float) -> torch.Tensor:
        trust = torch.tensor([first, second])
        terms: dict[str, torch.Tensor] = objective(output, truth, LabelWeights(trust, trust, trust, trust))
        return torch.stack(list(terms.values())).sum()

    whole = torch.stack(list(objective(output, truth).values())).sum()
    assert cost(1, 1).item() == pytest.approx(whole.item(), rel=1e-5)
    assert (cost(1, 0) + cost(0, 1)).item() == pytest.approx(whole.item(), rel=1e-5)
    assert cost(0.5, 0.5).item() == pytest.approx(whole.item() / 2, rel=1e-5)
    (gradient,) = torch.autograd.grad(cost(1, 0), moving)
    assert gradient[0].abs().max() > 0
    assert gradient[1].abs().max() == 0
