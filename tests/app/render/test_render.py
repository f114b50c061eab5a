"""What the compositor draws, by counting pixels."""

from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest

from app.effects import Rings, RingSettings, make_effect
from app.render.layer_scene import LayerScene
from app.render.scene import EffectContext
from app.render.viewport import Viewport
from models.geometry import camera_from_fov, project
from models.hand.hand_data import load_open_hand
from tests.app.render.render_help import BACK, PALM, grey_frame, open_compositor, posed_hand

CAMERA = camera_from_fov(640, 480)


@pytest.fixture(scope="module")
def compositor():
    made = open_compositor()
    yield made
    made.close()


def ring(**settings):
    return make_effect("ring", Rings((RingSettings(**settings),)))


def ring_layer(compositor, hands, viewport=None, camera=CAMERA, **settings):
    """The rendered layer (H, W, 4) of the frame with rings on the first hand, and the props."""
    props = ring(**settings).place(EffectContext(grey_frame(camera), hands[:1], camera, 0.0))
    viewport = viewport or Viewport(0, 0, camera.width, camera.height, 2)
    return compositor.render(LayerScene(hands, props, camera), viewport)[1], props


def metal(layer) -> np.ndarray:
    """(H, W) where there is metal, not its shadow, which is nearly black."""
    return layer[..., :3].max(-1) > 40


def test_no_hand_gives_an_equal_new_picture(compositor):
    frame = np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)
    out = compositor.compose(frame, [], CAMERA, ring(), 0.0, frozenset({"joints", "mesh", "wireframe"}))
    np.testing.assert_array_equal(out, frame)
    assert out is not frame


def test_ring_is_drawn_at_its_finger_and_nowhere_else(compositor):
    frame, hand = grey_frame(CAMERA), posed_hand(CAMERA)
    before = frame.copy()
    out = compositor.compose(frame, [hand], CAMERA, ring(), 0.0)
    np.testing.assert_array_equal(frame, before)
    _, (prop,) = ring_layer(compositor, [hand])
    center = project(prop.pose[:3, 3], CAMERA)
    ys, xs = np.nonzero(np.abs(out.astype(int) - frame).max(-1) > 8)
    assert len(xs) > 100
    reach = 0.02 / 0.4 * CAMERA.fx
    assert np.hypot(xs - center[0], ys - center[1]).max() < reach


def test_gold_looks_like_gold(compositor):
    layer, _ = ring_layer(compositor, [posed_hand(CAMERA, at=(0, 0.06, 0.25))])
    rgb = layer[metal(layer) & (layer[..., 3] > 250)][:, :3].astype(float)
    assert (np.median(rgb, 0)[:2] > np.median(rgb, 0)[1:]).all()  # red over green over blue
    dark, bright = np.percentile(rgb.mean(1), [10, 90])
    assert bright - dark > 60  # polished: dark and bright reflections side by side


@pytest.mark.parametrize("turn", [BACK, PALM, (0.7, np.pi, 0), (0, 2.3, 0), (-0.6, 0, 0.4)])
def test_far_half_is_hidden(compositor, turn):
    hand = posed_hand(CAMERA, turn=turn, at=(0, 0.05, 0.3))
    layer, (prop,) = ring_layer(compositor, [hand], finger="middle")
    angle = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    r = (prop.mount.inner_radius_m + prop.mount.outer_radius_m) / 2
    local = np.stack([r * np.cos(angle), r * np.sin(angle), 0 * angle, 1 + 0 * angle], 1)
    points = (local @ prop.pose.T)[:, :3]
    view = prop.pose[:3, 3] / np.linalg.norm(prop.pose[:3, 3])
    behind = (points - prop.pose[:3, 3]) @ view
    x, y = np.rint(project(points, CAMERA)).astype(int).T
    # Points of the far half that the near half does not cover anyway
    near = np.stack([x, y], 1)[behind < 0]
    band_px = 0.0028 / 0.3 * CAMERA.fx
    apart = np.array([np.hypot(*(near - p).T).min() for p in np.stack([x, y], 1)])
    far = (behind > 0.3 * r) & (apart > band_px)
    assert not metal(layer)[y[far], x[far]].any()
    assert metal(layer).sum() > 150


def test_ring_is_as_wide_as_its_finger(compositor):
    camera = camera_from_fov(1280, 960)
    layer, (prop,) = ring_layer(compositor, [posed_hand(camera)], camera=camera)
    ys, xs = np.nonzero(metal(layer))
    along = prop.pose[:2, 2] / np.linalg.norm(prop.pose[:2, 2])
    drawn_m = np.ptp(xs * along[1] - ys * along[0]) / camera.fx * prop.pose[2, 3]
    oval = np.linalg.norm(prop.pose[:3, 0])
    assert drawn_m == pytest.approx(2 * prop.mount.outer_radius_m * oval, rel=0.06)


def test_another_hand_in_front_hides_the_ring(compositor):
    wearer = posed_hand(CAMERA, at=(0, 0.06, 0.5))
    front = posed_hand(CAMERA, turn=PALM, at=(0.02, 0.06, 0.3), track_id=2)
    alone, _ = ring_layer(compositor, [wearer])
    covered, _ = ring_layer(compositor, [wearer, front])
    behind, _ = ring_layer(compositor, [wearer, front.moved(np.array([0.0, 0.03, 0.5]))])
    assert metal(covered).sum() < 0.02 * metal(alone).sum()
    assert metal(behind).sum() == metal(alone).sum()


def test_the_own_fist_hides_the_ring_from_the_palm_side(compositor):
    """Bent fingertips come between the camera and the ring."""
    straight, _ = ring_layer(compositor, [posed_hand(CAMERA, turn=PALM)])
    fist, _ = ring_layer(compositor, [posed_hand(CAMERA, turn=PALM, flexion=1.35)])
    assert metal(fist).sum() < 0.5 * metal(straight).sum()


def test_no_ring_is_seen_through_the_wrist(compositor):
    layer, _ = ring_layer(compositor, [posed_hand(CAMERA, turn=(-1.6, 0, 0), at=(0, 0, 0.35))])
    assert metal(layer).sum() < 30


def test_cuts_are_soft(compositor):
    hand = posed_hand(CAMERA, turn=(0, 2.3, 0), at=(0, 0.06, 0.25))
    layer, _ = ring_layer(compositor, [hand], viewport=Viewport(0, 0, 640, 480, 3))
    alpha = layer[..., 3][metal(layer)]
    partly = ((alpha > 30) & (alpha < 225)).mean()
    assert 0.03 < partly < 0.5


@pytest.mark.parametrize("z_m", [0.3, 0.7, 1.3])
def test_edges_do_not_shimmer_at_any_size(compositor, z_m):
    """Moved by parts of a pixel, a ring covers as much and is as bright."""
    hand, viewport = posed_hand(CAMERA, at=(0, 0.06, z_m)), Viewport(0, 0, 640, 480, 3)
    sums = []
    for step in range(4):
        moved = hand.moved(np.array([0.25 * step, 0.1 * step, 0]) * z_m / CAMERA.fx)
        layer, _ = ring_layer(compositor, [moved], viewport)
        sums.append(layer.reshape(-1, 4).sum(0, dtype=np.float64)[[0, 3]])
    bright, covered = np.array(sums).T
    assert np.ptp(covered) < 0.03 * covered.mean()
    assert np.ptp(bright) < 0.08 * bright.mean()


def test_shadow_is_soft_dark_and_close_to_the_band(compositor):
    frame, hand = grey_frame(CAMERA), posed_hand(CAMERA, at=(0, 0.06, 0.25))
    out = compositor.compose(frame, [hand], CAMERA, ring(), 0.0).astype(float)
    _, (prop,) = ring_layer(compositor, [hand])
    half = prop.mount.half_width_m

    def shade(distance_m: float) -> float:
        """The picture beside the band, on the near side of the finger, over the frame."""
        values = []
        for sign in (-1, 1):
            toward_eye = -prop.pose[:3, 3] / np.linalg.norm(prop.pose[:3, 3])
            up = prop.pose[:3, 1] * np.sign(prop.pose[:3, 1] @ toward_eye)
            point = (
                prop.pose[:3, 3]
                + prop.mount.inner_radius_m * up
                + sign * (half + distance_m) * prop.pose[:3, 2]
            )
            x, y = np.rint(project(point, CAMERA)).astype(int)
            values.append(out[y, x].mean() / frame[y, x].mean())
        return float(np.mean(values))

    assert shade(0.001) < 0.80
    assert shade(0.001) < shade(0.0025) < shade(0.005)
    assert shade(0.008) > 0.97


def test_window_equals_the_whole_frame(compositor):
    hands = [posed_hand(CAMERA, turn=(0.3, 2.8, 0.2))]
    whole, _ = ring_layer(compositor, hands, viewport=Viewport(0, 0, 640, 480, 3))
    ys, xs = np.nonzero(whole[..., 3])
    x, y, x1, y1 = xs.min() - 4, ys.min() - 3, xs.max() + 5, ys.max() + 6
    part, _ = ring_layer(compositor, hands, viewport=Viewport(int(x), int(y), int(x1 - x), int(y1 - y), 3))
    difference = np.abs(part.astype(int) - whole[y:y1, x:x1])
    assert difference.max() <= 12
    assert difference.mean() < 0.1


def test_left_hand_is_the_mirror_of_the_right(compositor):
    right, _ = ring_layer(compositor, [posed_hand(CAMERA, turn=BACK)])
    left, _ = ring_layer(compositor, [posed_hand(CAMERA, turn=BACK, handedness="left")])
    a, b = metal(right), metal(left)[:, ::-1]
    assert a.sum() > 100
    assert (a & b).sum() / (a | b).sum() > 0.9


@pytest.mark.parametrize("size", [(480, 640), (641, 363), (32, 24), (3840, 2160), (1, 1)])
def test_frames_of_any_size(compositor, size):
    camera = camera_from_fov(*size)
    frame = grey_frame(camera)
    everything = frozenset({"joints", "mesh", "wireframe"})
    out = compositor.compose(frame, [posed_hand(camera, at=(0, 0.06, 0.5))], camera, ring(), 0.0, everything)
    assert out.shape == frame.shape
    assert out.dtype == np.uint8
    assert (out != frame).any()


@pytest.mark.parametrize(
    "at", [(0.2, 0.06, 0.4), (-0.24, -0.1, 0.4), (0, 0.3, 0.4), (5.0, 0, 0.4), (0, 0, 0.12)]
)
def test_hand_partly_or_wholly_outside(compositor, at):
    frame = grey_frame(CAMERA)
    out = compositor.compose(
        frame, [posed_hand(CAMERA, at=at)], CAMERA, ring(), 0.0, frozenset({"mesh", "joints"})
    )
    assert out.shape == frame.shape


@pytest.mark.parametrize("at", [(0, 0, -0.5), (0, 0.05, 0.01)])
def test_hand_behind_the_camera_is_not_drawn(compositor, at):
    frame = grey_frame(CAMERA)
    hand = posed_hand(CAMERA, at=at)
    out = compositor.compose(frame, [hand], CAMERA, ring(), 0.0, frozenset({"mesh"}))
    np.testing.assert_array_equal(out, frame)


def test_mesh_overlay_covers_the_hand(compositor):
    frame, hand = grey_frame(CAMERA), posed_hand(CAMERA, turn=(0.2, 2.7, 0.3))
    out = compositor.compose(frame, [hand], CAMERA, make_effect("none"), 0.0, frozenset({"mesh"}))
    drawn = np.abs(out.astype(int) - frame).sum(-1) > 6
    silhouette = np.zeros((480, 640), np.uint8)
    for face in project(hand.vertices_m, CAMERA)[load_open_hand().faces]:
        cv2.fillConvexPoly(silhouette, np.rint(face * 16).astype(np.int32), 1, cv2.LINE_8, 4)
    inside = cv2.erode(silhouette, np.ones((3, 3))) > 0
    assert drawn[inside].mean() > 0.97
    assert not drawn[cv2.dilate(silhouette, np.ones((7, 7))) == 0].any()


def test_wireframe_draws_thin_lines(compositor):
    frame, hand = grey_frame(CAMERA), posed_hand(CAMERA, at=(0, 0.05, 0.2))
    none = make_effect("none")
    mesh = compositor.compose(frame, [hand], CAMERA, none, 0.0, frozenset({"mesh"})).astype(int) - frame
    wire = compositor.compose(frame, [hand], CAMERA, none, 0.0, frozenset({"wireframe"})).astype(int) - frame
    fraction = (np.abs(wire).sum(-1) > 30).sum() / (np.abs(mesh).sum(-1) > 6).sum()
    assert 0.05 < fraction < 0.5


def test_two_compositors_take_turns():
    compositor, other = open_compositor(), open_compositor()  # neither has seen another light before
    frame, hand = grey_frame(CAMERA), posed_hand(CAMERA)
    first = compositor.compose(frame, [hand], CAMERA, ring(), 0.0)
    second = other.compose(frame, [hand], CAMERA, ring(), 0.0)
    other.close()
    other.close()
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(compositor.compose(frame, [hand], CAMERA, ring(), 0.0), first)
    with pytest.raises(RuntimeError, match="closed"):
        other.compose(frame, [hand], CAMERA, ring(), 0.0)
    compositor.close()


def test_nothing_piles_up_on_the_gpu(compositor):
    frame, hand = grey_frame(CAMERA), posed_hand(CAMERA)
    kept = []
    for i in range(12):
        compositor.compose(frame, [hand], CAMERA, ring(size_mm=15 + 0.5 * i), 0.0)
        kept.append(len(compositor._renderer._meshes))
    assert max(kept) == kept[0]  # the hands met so far, one ring, its sleeve


def test_another_thread_is_told(compositor):
    caught = []

    def use():
        try:
            compositor.compose(grey_frame(CAMERA), [], CAMERA, ring(), 0.0)
        except RuntimeError as error:
            caught.append(str(error))

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert "thread" in caught[0]


def test_wrong_frames_and_overlays_are_told(compositor):
    with pytest.raises(ValueError, match=r"expected a uint8 frame \(480, 640, 3\)"):
        compositor.compose(np.zeros((10, 10, 3), np.uint8), [], CAMERA, ring(), 0.0)
    with pytest.raises(ValueError, match="no 'joint'; choose from joints"):
        compositor.compose(grey_frame(CAMERA), [], CAMERA, ring(), 0.0, frozenset({"joint"}))
