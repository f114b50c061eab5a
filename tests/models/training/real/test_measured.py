"""A user's own data sets as training sources."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.datasets.registry import training_sets
from models.datasets.sets.freihand import freihand
from models.datasets.sets.still import still
from models.hand.hand_data import load_open_hand
from models.training.pairs import Together
from models.training.real.measured import MeasuredHands, measured_hands
from models.training.real.photo import AugmentConfig
from models.training.real.views import ViewRange
from models.training.sources import DataConfig, gather
from tests.app.clips import steady, write_clip
from tests.models.datasets.tiny_sets import hand, write_freihand, write_ho3d, write_obman

SETS: dict[str, Callable[[Path], Path]] = {
    "ho3d": write_ho3d,
    "obman": lambda folder: write_obman(folder, split="train"),
}


@pytest.mark.parametrize("name", SETS)
def test_joints_are_a_right_hand_s_as_the_app_crops_it(tmp_path: Path, name: str) -> None:
    batch = measured_hands(name, SETS[name](tmp_path), 96, 5).batch(0, 6)
    joints, seen = batch.labels.joints_m, batch.labels.joints_2d
    true = torch.from_numpy(hand()[0].astype(np.float32))
    for joint in (9, 20):
        lengths = (joints[:, joint] - joints[:, 0]).norm(dim=1)
        torch.testing.assert_close(lengths, (true[joint] - true[0]).norm().expand(6), atol=1e-4, rtol=0)
    out = torch.linalg.cross(joints[:, 9], joints[:, 5] - joints[:, 17])[:, 2]
    assert bool((out.sign() == torch.linalg.cross(true[9] - true[0], true[5] - true[17])[2].sign()).all())
    assert bool((joints[:, 9, 1] < 0).all())  # fingers up
    assert float(seen.min()) > 0
    assert float(seen.max()) < 1
    assert float(batch.weights.joints.min()) == 1
    assert float(batch.weights.mesh.max()) == 0
    again = measured_hands(name, tmp_path, 96, 5).batch(0, 6)
    assert torch.equal(batch.images, again.images)


def test_masks_follow_the_hand_and_count_where_there_are_any(tmp_path: Path) -> None:
    source = measured_hands("obman", write_obman(tmp_path, split="train"), 96, 0)
    batch = source.batch(1, 4)
    assert float(batch.weights.mask.min()) == 1
    side = batch.labels.mask.shape[-1]
    at = (batch.labels.joints_2d * side).long().clamp(0, side - 1)
    on = batch.labels.mask[torch.arange(4)[:, None], 0, at[..., 1], at[..., 0]]
    assert float(on.mean()) > 0.9
    assert float(batch.labels.mask.mean()) < 0.6
    without = measured_hands("ho3d", write_ho3d(tmp_path / "ho3d"), 96, 0).batch(0, 2)
    assert float(without.weights.mask.max()) == 0


def test_any_set_of_stills_can_be_taken(tmp_path: Path) -> None:
    plain = AugmentConfig(0, 0, 0, grey=0, low_resolution=0, blur=0, noise=0, jpeg=0, occluder=0)
    range_ = ViewRange(0.0, (1.0, 1.0), 0.0)
    batch = MeasuredHands(freihand(write_freihand(tmp_path)), 64, 0, range_, plain).batch(0, 3)
    wrist, knuckle = batch.labels.joints_2d[:, 0], batch.labels.joints_2d[:, 9]
    assert float((knuckle - wrist)[:, 0].abs().max()) < 0.002  # upright


def test_two_views_and_sources_together(tmp_path: Path) -> None:
    sources = [measured_hands(name, write(tmp_path / name), 96, 3) for name, write in SETS.items()]
    together = Together(sources)
    a, b, R, T = together.pair(0, 5)
    assert len(a.images) == len(R) == len(T) == 5
    turned = torch.einsum("bij,bvj->bvi", R, a.labels.joints_m)
    torch.testing.assert_close(turned, b.labels.joints_m, atol=1e-6, rtol=0)
    moved = torch.einsum("bij,bkj->bki", T[:, :, :2], a.labels.joints_2d) + T[:, None, :, 2]
    assert float((moved - b.labels.joints_2d).abs().max()) < 0.01
    batch = together.batch(1, 5)
    assert batch.weights.mask.tolist() == [0, 0, 0, 1, 1]  # three of HO-3D, two of ObMan
    assert torch.equal(batch.images[:3], sources[0].batch(1, 3).images)
    assert len(together.batch(0, 1).images) == 1
    with pytest.raises(ValueError, match="one source at least"):
        Together([])


def test_a_run_learns_from_them_and_is_judged_by_others(tmp_path: Path) -> None:
    measured = (("obman", write_obman(tmp_path / "obman", split="train")),)
    judges = (("freihand", write_freihand(tmp_path / "freihand")),)
    config = DataConfig(64, synthetic=False, measured=measured, validate=judges)
    data = gather(config, load_open_hand())
    assert data.real is not None
    assert len(data.real.batch(0, 3).images) == 3
    assert [judged.name for judged in data.validator.sets] == ["freihand"]
    with pytest.raises(ValueError, match="nothing to judge"):
        gather(replace(config, validate=()), load_open_hand())
    with pytest.raises(ValueError, match="nothing to learn from"):
        gather(replace(config, measured=()), load_open_hand())


def test_what_can_t_be_learnt_from(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected one of freihand, ho3d, obman, rhd, stb"):
        measured_hands("crops", tmp_path, 64, 0)
    with pytest.raises(ValueError, match="is not a folder"):
        measured_hands("rhd", tmp_path / "none", 64, 0)
    for name in training_sets():
        with pytest.raises(ValueError, match="give"):
            measured_hands(name, tmp_path, 64, 0)
    write_clip(tmp_path / "clip.mp4", steady(6))
    with pytest.raises(ValueError, match="expected stills"):
        MeasuredHands(still(tmp_path / "clip.mp4"), 64, 0)
    (tmp_path / "freihand").mkdir()
    unlabelled = freihand(write_freihand(tmp_path / "freihand", truth=False))
    with pytest.raises(ValueError, match="no measured joints"):
        MeasuredHands(unlabelled, 64, 0).batch(0, 1)
