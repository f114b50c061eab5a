"""Photographs in a cache: their rows, and what a decoder learns from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from models.geometry import camera_from_fov, project, rays, warp_crop
from models.hand.hand_data import load_open_hand
from models.networks.declaration import MapTeaching
from models.networks.systems.tang_lm import TangLm, TangLmConfig
from models.tracking.fitting import HandFitter
from models.training.maps import looks, real
from models.training.maps.cache import MapCache
from models.training.maps.encoder import EncodedCrops
from models.training.maps.real import REAL_COLUMNS, VIEWS, HandLabel, Photograph, RealViews
from models.training.maps.real_batch import RealHandsCached
from models.training.maps.real_refine import RealRefineObjective
from models.training.real.silhouettes import drawn_mask
from models.training.real.views import View, view_camera
from models.types import Crop, CropPrediction

HAND = load_open_hand()
TEACHING = MapTeaching(learns=("parameter_step", "offset_step"), level=2)
CAMERA = camera_from_fov(320, 240)


def encode(images: Tensor) -> EncodedCrops:
    """An encoder that sees noise, and joints in a ring."""
    n, rng = len(images), np.random.default_rng(0)
    angle = np.linspace(0, 5, 21)
    ring = np.stack([112 + 60 * np.cos(angle), 112 + 60 * np.sin(angle), 0 * angle], 1)
    joints = np.tile(ring.astype(np.float32), (n, 1, 1))
    maps = [rng.random((n, *REAL_COLUMNS[f].shape), np.float32) for f in ("f56", "f28", "f14", "pooled")]
    small = (joints - joints[:, :1]) / 1000
    return EncodedCrops(*maps, joints, small, small)


@pytest.fixture(scope="module")
def photo() -> tuple[Photograph, HandLabel]:
    """A left hand, drawn flat over a ground, and its true label."""
    joints = HAND.regressor_21 @ HAND.template_m
    turn = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]]) if np.ptp(joints[:, 1]) < 0.06 else np.eye(3)
    seen = (joints - joints.mean(0)) @ turn.T * [-1, 1, 1] + [0, 0, 0.45]
    fit = HandFitter(HAND).fit(rays(project(seen, CAMERA), CAMERA)[:, :2], seen, "left")
    uv = project(fit.vertices_m, CAMERA)
    mask = drawn_mask((uv + 0.5) / [320, 240] * [1, 0.75], HAND.faces, 320)[:240]
    picture = np.where(mask[..., None] > 0, [210, 160, 140], [50, 70, 80]).astype(np.uint8)
    px = project(fit.joints_m, CAMERA).astype(np.float32)
    return Photograph(picture, CAMERA, px, "left"), HandLabel(px, fit, 0.0)


@pytest.fixture(scope="module")
def cache(photo: tuple[Photograph, HandLabel], tmp_path_factory: pytest.TempPathFactory) -> MapCache:
    class Known:
        def __init__(self, hand: object) -> None: ...

        def label(self, *_: object) -> HandLabel:
            return photo[1]

    class Seen:
        def __call__(self, crops: list[Crop]) -> tuple[np.ndarray, ...]:
            label, crop = photo[1].fit, crops[0]
            points = (label.vertices_m @ crop.A.T, label.joints_m @ crop.A.T)
            return tuple((project(p, crop.camera) + 0.5) / crop.camera.width for p in points)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(real, "RealLabeller", Known)
        patch.setattr(real, "MeshLooks", Seen)
        views = RealViews(HAND, encode, seed=0)  # type: ignore[arg-type]
        rows = list(views.rows([photo[0], photo[0]]))
    scales = {
        name: np.full(REAL_COLUMNS[name].shape[0], 1 / 127, np.float32) for name in ("f56", "f28", "f14")
    }
    made = MapCache.create(tmp_path_factory.mktemp("real") / "cache", 4 * VIEWS, REAL_COLUMNS, scales)
    for of_hand in rows:
        made.append(of_hand)
    return made


def test_labels_and_silhouettes_are_where_each_view_shows_the_hand(cache: MapCache) -> None:
    d = cache.read(np.arange(VIEWS), tuple(cache.columns))
    assert (d["silhouette"] == 1).all()
    assert np.linalg.det(d["turn"]).round(3).tolist() == [-1.0] * VIEWS  # a left hand is mirrored
    for k in range(VIEWS):
        J, V = d["true_joints_m"][k], d["true_vertices_m"][k]
        uv = J[:, :2] / J[:, 2:] * d["focal"][k] + 0.5
        np.testing.assert_allclose(uv, d["label_2d"][k], atol=1e-3)
        inside = drawn_mask(V[:, :2] / V[:, 2:] * d["focal"][k] + 0.5, HAND.faces, 224)
        x, y = np.clip(d["outline"][k] * 224, 0, 223).astype(int).T
        rim = np.array([inside[b - 4 : b + 5, a - 4 : a + 5].mean() for a, b in zip(x, y, strict=True)])
        assert ((rim > 0.05) & (rim < 0.95)).mean() > 0.9
    camera_V = d["true_vertices_m"] @ d["turn"]
    assert np.abs(camera_V - camera_V[0]).max() < 1e-5  # every view's hand is the same


def test_a_decoder_learns_from_photographs(cache: MapCache) -> None:
    torch.manual_seed(0)
    net = TangLm(TangLmConfig(), HAND)
    hands = RealHandsCached(cache, net.palm_m)
    assert len(hands) == 2
    d = hands.draw(4, np.random.default_rng(0))
    assert len(d.focal) == 4
    apart = (d.vertices @ d.rotation)[0::2] - (d.vertices @ d.rotation)[1::2]
    assert apart.abs().max() < 1e-5
    objective = RealRefineObjective(net, HAND, TEACHING)
    parts = [*net.parameter_step.parameters(), *net.offset_step.parameters()]
    optimiser = torch.optim.Adam(parts, 1e-3)
    lost = []
    for _ in range(6):
        loss = torch.stack(list(objective(d).values())).sum()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        lost.append(loss.item())
    assert lost[-1] < 0.98 * lost[0]
    assert objective.validate(d)["real_final_px"] > 0


def test_where_a_mesh_lies_on_its_border_nothing_is_missing(cache: MapCache) -> None:
    net = TangLm(TangLmConfig(), HAND)
    d = RealHandsCached(cache, net.palm_m).read(np.arange(VIEWS))
    objective = RealRefineObjective(net, HAND, TEACHING)
    raw = cache.read(np.arange(VIEWS), ("true_vertices_m", "focal"))
    V, f = torch.from_numpy(raw["true_vertices_m"]), torch.from_numpy(raw["focal"])
    uv = (V[..., :2] / V[..., 2:] * f[:, None, None] + 0.5)[:, objective.pick]
    out, gap = objective.silhouette_distances(uv, d)
    far_out, far_gap = objective.silhouette_distances(uv + 0.1, d)
    assert out.max() < 0.004
    assert gap.max() < 0.012
    assert (far_out > 4 * out + 0.01).all()
    assert (far_gap > gap + 0.01).all()


def test_an_empty_cache_is_refused(tmp_path: Path) -> None:
    empty = MapCache.create(tmp_path / "none", VIEWS, {"silhouette": REAL_COLUMNS["silhouette"]}, {})
    with pytest.raises(ValueError, match="holds no hand"):
        RealHandsCached(empty, 0.09)


def test_the_mean_of_several_looks_lies_where_each_of_them_sees_the_hand(
    photo: tuple[Photograph, HandLabel], monkeypatch: pytest.MonkeyPatch
) -> None:
    (shown, label), looked = photo, []
    views = [View(), View(roll_rad=0.4, scale=0.9), View(shift=(0.03, -0.02))]
    cut = [view_camera(CAMERA, shown.joints_px, 224, view) for view in views]
    crops = [warp_crop(shown.picture, CAMERA, virtual, R, True) for virtual, R in cut]

    class Network:
        def __call__(self, crop_rgb: np.ndarray, focal: float) -> CropPrediction:
            crop = crops[len(looked)]
            looked.append(focal)
            V, J = (p @ crop.A.T for p in (label.fit.vertices_m, label.fit.joints_m))
            return CropPrediction(project(J, crop.camera).astype(np.float32), 1.0, 1.0, V - J[0], J - J[0])

    monkeypatch.setattr(looks.runtime, "load", lambda name: Network())
    vertices, joints = looks.MeshLooks()(crops)
    first = crops[0]
    for found, true in ((vertices, label.fit.vertices_m), (joints, label.fit.joints_m)):
        np.testing.assert_allclose(found * 224 - 0.5, project(true @ first.A.T, first.camera), atol=0.05)
    assert looked == [c.camera.fx / 224 for c in crops]
