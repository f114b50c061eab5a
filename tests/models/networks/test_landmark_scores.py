"""Presence and handedness on the landmark encoder: in torch, without torch, and attached to an encoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from models.inference.landmark_scores import LandmarkScorer
from models.networks.encoders.landmark_net import FEATURES, LandmarkFeatures, LandmarkNet, LandmarkOutput
from models.networks.encoders.landmark_scores import N_INPUTS, LandmarkScores, score_inputs
from models.training.scores.crops import CropFile, ScoreCrop, write_crops
from models.training.scores.features import (
    Features,
    encoder_digest,
    encoder_named,
    features_of,
    known_of,
    views_of,
)
from models.training.scores.fit import ScoresConfig, probabilities, report, train_scores
from models.weights import find_weights


def seen(n: int = 3) -> LandmarkOutput:
    """What an encoder might say of n crops."""
    torch.manual_seed(0)
    features = LandmarkFeatures(torch.zeros(n, 1), torch.zeros(n, 1), torch.rand(n, FEATURES, 7, 7))
    logits = torch.tensor([2.0, -20.0, 0.1])[:n], torch.tensor([-1.0, 3.0, 40.0])[:n]
    return LandmarkOutput(100 * torch.rand(n, 21, 3), *logits, 0.1 * torch.rand(n, 21, 3), features)


def random_scores() -> LandmarkScores:
    torch.manual_seed(1)
    scores = LandmarkScores().eval()
    for parameter in scores.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    scores.mean.normal_()
    scores.deviation.uniform_(0.5, 2)
    return scores


def test_inputs_know_neither_place_nor_size() -> None:
    one = seen()
    joints = one.joints_px.clone()
    joints[..., :2] += 30
    moved = one._replace(joints_px=joints, joints_world_m=2 * one.joints_world_m + 0.3)
    torch.testing.assert_close(score_inputs(moved), score_inputs(one), rtol=1e-4, atol=1e-4)
    assert score_inputs(one).shape == (3, N_INPUTS)


def test_without_torch_it_is_the_same() -> None:
    scores, output = random_scores(), seen()
    with torch.no_grad():
        presence, handedness = (logit.sigmoid().numpy() for logit in scores(output))
    channels = np.random.default_rng(0).permutation(2 * FEATURES)[:FEATURES]
    scorer = LandmarkScorer({k: v.numpy() for k, v in scores.state_dict().items()}, channels)
    for k in (0, 2):
        own = (float(logit[k].sigmoid()) for logit in (output.presence_logit, output.handedness_logit))
        published = np.zeros(2 * FEATURES, np.float32)
        published[channels] = output.features.f7[k].mean((1, 2)).numpy()
        answer = scorer(
            published,
            output.joints_px[k].numpy(),
            output.joints_world_m[k].numpy(),
            *own,
        )
        np.testing.assert_allclose(answer, (presence[k], handedness[k]), atol=1e-4)


def test_an_encoder_with_scores_asks_them() -> None:
    encoder = LandmarkNet().eval()
    features = LandmarkFeatures(torch.zeros(1, 1), torch.zeros(1, 1), torch.rand(1, FEATURES, 7, 7))
    plain = encoder.answer(features)
    encoder.scores = random_scores()
    scored = encoder.answer(features)
    presence, handedness = random_scores()(plain)
    torch.testing.assert_close(scored.presence_logit, presence)
    torch.testing.assert_close(scored.handedness_logit, handedness)
    torch.testing.assert_close(scored.joints_px, plain.joints_px)


@pytest.fixture(scope="module")
def taught() -> tuple[LandmarkScores, Features]:
    """Scores taught on made-up features in which feature 5 tells a hand and feature 9 its side."""
    rng = np.random.default_rng(0)
    n = 2000
    inputs = rng.normal(0, 0.01, (n, N_INPUTS)).astype(np.float32)
    present, right = rng.random(n) < 0.6, rng.random(n) < 0.5
    inputs[:, 5] += np.where(present, 2.5, -2.5)
    inputs[:, 9] += np.where(right, 2.5, -2.5)
    inputs[:, -2:] = rng.normal(0, 1, (n, 2))
    source = np.where(rng.random(n) < 0.5, "drawn", "photo")
    claimed = np.where(present, right, -1).astype(np.int8)
    wrong = (source == "photo") & (rng.random(n) < 0.3) & present
    claimed[wrong] = 1 - claimed[wrong]
    features = Features(inputs, present, claimed, source, np.arange(n) % 5 == 0)
    return train_scores(features, ScoresConfig(epochs=10, batch=32)), features


def test_what_tells_is_learnt_and_wrong_names_of_photographs_are_not(
    taught: tuple[LandmarkScores, Features],
) -> None:
    scores, features = taught
    drawn = features.held_out & (features.source == "drawn") & features.present
    presence, handedness = probabilities(scores, features.inputs[drawn])
    assert (presence > 0.5).mean() >= 0.97, "as many are kept as was asked"
    assert ((handedness > 0.5) == (features.right[drawn] == 1)).mean() > 0.85
    false, _ = probabilities(scores, features.inputs[features.held_out & ~features.present])
    assert (false > 0.5).mean() < 0.1


def test_the_report_names_every_source(taught: tuple[LandmarkScores, Features]) -> None:
    figures = report(*taught)
    assert set(figures) == {"drawn", "photo"}
    assert figures["drawn"]["views"] > 100


@pytest.mark.slow
def test_crops_are_kept_and_shown_to_several_encoders_at_once(tmp_path: Path) -> None:
    """Sharing blocks, they give what each gives alone; a mirrored hand is of the other side."""
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 255, (224, 224, 3), np.uint8) for _ in range(3)]
    crops = [
        ScoreCrop(images[0], True, True, "drawn"),
        ScoreCrop(images[1], False, None, "none"),
        ScoreCrop(images[2], True, False, "photo", held_out=True),
    ]
    assert write_crops(crops, tmp_path / "crops.npz") == 3
    file = CropFile(tmp_path / "crops.npz")
    seen = views_of(file, 10, seed=1)
    assert list(seen.crop) == [0, 1, 2, 2], "what is held out is seen both ways"
    torch.manual_seed(0)
    one, same, other = LandmarkNet().eval(), LandmarkNet().eval(), LandmarkNet().eval()
    same.load_state_dict(one.state_dict())
    torch.nn.init.normal_(same.head_presence.weight)
    together = features_of(file, seen, {"one": one, "same": same, "other": other})
    for name, encoder in (("same", same), ("other", other)):
        image = torch.from_numpy(file.image(1)).permute(2, 0, 1)[None].float() / 255
        with torch.no_grad():
            alone = score_inputs(encoder(image.flip(3) if seen.mirrored[1] else image))[0]
        np.testing.assert_allclose(together[name][1], alone, atol=1e-3)
    known = known_of(file, seen, together["one"])
    assert list(known.right[2:]) == [0, 1]
    assert known.right[0] == (0 if seen.mirrored[0] else 1)
    assert known.right[1] == -1
    assert list(known.present) == [True, False, True, True]


@pytest.mark.parametrize("name", ["mobrecon_lm", "landmark_net"])
def test_shipped_scores_belong_to_the_shipped_encoder(name: str) -> None:
    """An encoder taught further wants its scores taught anew (`tools.train_scores`)."""
    asset = find_weights(f"{name}_scores")
    if asset is None:
        pytest.skip(f"no scores ship for {name}")
    with safe_open(asset.path, "pt") as file:
        assert file.metadata()["encoder"] == encoder_digest(encoder_named(name))
