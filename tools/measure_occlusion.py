"""Print how well a ring sits on its finger and how well the hand hides it, on the demo (its truth is known).

    python -m tools.measure_occlusion [--finger ring] [--every 3]

Twice: with the clip's true meshes, and with those that the default model finds in the pictures.

- Centre and axis: from the true section of the finger to the ring as placed, medians. Found meshes may be
  nearer or farther as a whole: the centre is measured after moving it along its ray to the true depth.
- Occlusion: of the pixels that the placed ring covers, those drawn and those that the true hand leaves in
  view, intersection over union, mean over the frames in which at least SEEN_PX of either are in view.
- Place and occlusion: the same against the ring on the true finger.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from app.capture import open_file
from app.effects import FINGERS, RingSettings, make_effect
from app.effects.ring_fit import Finger, FingerSections, Section
from app.render.compositor import Compositor
from app.render.context import choose_platform
from app.render.scene import EffectContext, Metal, Prop
from models.geometry import project
from models.hand_data import load_open_hand
from models.pipeline import Pipeline
from models.training.hand_renderer import HandRenderer
from models.types import HandMesh
from tools.build_clip import CLIP_CAMERA, FPS, OUT_DIR, SKIN, Actor, Posed, room_light

Float = NDArray[np.float64]
Mask = NDArray[np.bool_]

NOTHING_M = 100.0
GLOW = Metal((1e6, 1e6, 1e6), 1.0)  # drawn white wherever there is metal: its coverage can be read
SINKS_M = 0.002  # a band may lie this deep in the mesh of its own finger; the skin gives way
SEEN_PX = 12
FINE = 4  # the truth is sampled so many times along each side of a pixel
POSITION = 0.55  # along the segment, where rings are worn


@dataclass(frozen=True)
class Scene:
    """One frame and its truth."""

    frame_rgb: NDArray[np.uint8]
    time_s: float
    hand: HandMesh
    section: Section
    depth_m: NDArray[np.float32]  # (2H, 2W) of the true hand; infinite beside it
    parts: NDArray[np.int8]


@dataclass(frozen=True)
class Figures:
    """Of one frame; nothing of the ring need be in view."""

    centre_mm: float
    axis_deg: float
    occlusion_iou: float  # NaN where too little is in view
    whole_iou: float


def scenes(finger: Finger, every: int) -> list[Scene | None]:
    """Every frame of the clip; None for those whose truth is not needed: between, or partly out of view."""
    hand = load_open_hand()
    actor, sections = Actor(hand), FingerSections(hand)
    frames = list(open_file(OUT_DIR / "demo.mp4").frames())
    with np.load(OUT_DIR / "demo_truth.npz") as truth:
        in_view = truth["in_view"]
    double = CLIP_CAMERA.scaled(2 * CLIP_CAMERA.width, 2 * CLIP_CAMERA.height)
    found: list[Scene | None] = []
    with HandRenderer(hand, supersampling=1) as renderer:
        for k, frame in enumerate(frames):
            posed = actor.at(k / FPS)
            mesh = true_mesh(posed, frame.time_s)
            section = sections.section(mesh, finger, "proximal", POSITION)
            if k % every or not in_view[k] or section is None:
                found.append(None)
                continue
            layer = renderer.render(
                posed.vertices_m, posed.rotations[0], posed.elbow_m, double, SKIN, room_light()
            )
            found.append(Scene(frame.image_rgb, frame.time_s, mesh, section, layer.depth_m, layer.parts))
    return found


def true_mesh(posed: Posed, time_s: float) -> HandMesh:
    """The clip's hand as a perfect model would find it."""
    px = project(posed.joints_m, CLIP_CAMERA).astype(np.float32)
    return HandMesh("right", posed.vertices_m, posed.joints_m, px, 1.0, 0, time_s)


def measure(name: str, finger: Finger, truth: Sequence[Scene | None], found: bool) -> list[Figures]:
    """Draw every frame and compare; `found`: with the meshes of the default model."""
    compositor, pipeline = Compositor(load_open_hand()), Pipeline()
    effect = make_effect("ring", RingSettings(finger=finger, position=POSITION))
    actor, figures = Actor(load_open_hand()), []
    for k, frame in enumerate(open_file(OUT_DIR / "demo.mp4").frames()):
        hands: Sequence[HandMesh] = [true_mesh(actor.at(k / FPS), frame.time_s)]
        if found:
            hands = pipeline.process(frame.image_rgb, frame.time_s, CLIP_CAMERA).hands
        props = effect.place(EffectContext(frame.image_rgb, hands, CLIP_CAMERA, frame.time_s))
        scene = truth[k]
        if scene is None or len(hands) != 1:
            continue
        props = [replace(p, material=GLOW, opacity=1.0) for p in props]
        drawn = coverage(compositor, scene, hands, props)
        if props:
            figures.append(compare(scene, props[0], drawn, 1 + FINGERS.index(finger)))
    pipeline.close()
    compositor.close()
    return figures


def coverage(compositor: Compositor, scene: Scene, hands: Sequence[HandMesh], props: Sequence[Prop]) -> Mask:
    """(H, W) where the ring is drawn."""
    mask = np.zeros(scene.frame_rgb.shape[:2], bool)
    layer = compositor.layer(scene.frame_rgb, hands, props, CLIP_CAMERA, scene.time_s)
    if layer is not None:
        w, rgba = layer
        mask[w.y : w.y + w.height, w.x : w.x + w.width] = rgba[..., :3].min(-1) > 127
    return mask


def compare(scene: Scene, prop: Prop, drawn: Mask, region: int) -> Figures:
    """The figures of one ring."""
    section = scene.section
    nearer = section.center_m[2] / prop.pose[2, 3]
    placed = prop.pose.copy()
    placed[:3] *= nearer
    axis = placed[:3, 2] / np.linalg.norm(placed[:3, 2])
    on_truth = np.eye(4)
    on_truth[:3, :3] = np.stack([section.across, section.up, section.axis], 1)
    on_truth[:3, 3] = section.center_m
    assert prop.grip is not None
    half_axes_m = 1e-3 * np.array([section.half_width_mm, section.half_height_mm])
    on_truth[:3, :2] *= half_axes_m / prop.grip.inner_radius_m
    return Figures(
        1e3 * float(np.linalg.norm(placed[:3, 3] - section.center_m)),
        float(np.degrees(np.arccos(np.clip(axis @ section.axis, -1, 1)))),
        iou(drawn, in_view(scene, prop, placed, region)),
        iou(drawn, in_view(scene, prop, on_truth, region)),
    )


def in_view(scene: Scene, prop: Prop, pose: Float, region: int) -> Mask:
    """(H, W) where the true hand leaves at least half of a pixel of the prop visible."""
    g = prop.geometry
    a, b, c = (g.vertices_m[g.faces[:, k]].astype(np.float64) for k in range(3))
    steps = (np.arange(6) + 0.5) / 6
    points = np.concatenate([a + u * (b - a) + v * (1 - u) * (c - a) for u in steps for v in steps])
    points = points @ pose[:3, :3].T + pose[:3, 3]
    w, h = FINE * CLIP_CAMERA.width, FINE * CLIP_CAMERA.height
    x, y = np.rint(project(points, CLIP_CAMERA.scaled(w, h))).astype(int).T
    inside = (x >= 0) & (x < w) & (y >= 0) & (y < h)
    nearest = np.full((h, w), NOTHING_M)
    np.minimum.at(nearest, (y[inside], x[inside]), points[inside, 2])
    y, x = np.nonzero(nearest < NOTHING_M)
    at = y * scene.depth_m.shape[0] // h, x * scene.depth_m.shape[1] // w
    own = (scene.parts[at] == region) | (scene.parts[at] == 0)
    seen = nearest[y, x] - scene.depth_m[at] < np.where(own, SINKS_M, 0.0)
    share = np.zeros((h, w), np.float32)
    share[y[seen], x[seen]] = 1
    return np.asarray(cv2.resize(share, None, fx=1 / FINE, fy=1 / FINE, interpolation=cv2.INTER_AREA) > 0.5)


def iou(a: Mask, b: Mask) -> float:
    """Intersection over union; NaN where too little of either is in view."""
    if max(a.sum(), b.sum()) < SEEN_PX:
        return float("nan")
    return float((a & b).sum() / (a | b).sum())


def report(name: str, figures: Sequence[Figures]) -> None:
    """One line."""
    centre, axis, occlusion, whole = np.array([[*vars(f).values()] for f in figures]).T
    print(
        f"{name}: {len(figures)} frames; centre {np.median(centre):.2f} mm and axis {np.median(axis):.1f} "
        f"degrees off (medians); IoU of occlusion {np.nanmean(occlusion):.3f}, of place and occlusion "
        f"{np.nanmean(whole):.3f} (means of {np.isfinite(occlusion).sum()} frames)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--finger", choices=FINGERS, default="ring")
    parser.add_argument("--every", type=int, default=3, metavar="N", help="compare every N-th frame")
    options = parser.parse_args()
    choose_platform()
    truth = scenes(options.finger, options.every)
    report("true mesh", measure("true", options.finger, truth, found=False))
    report("default model", measure("found", options.finger, truth, found=True))


if __name__ == "__main__":
    main()
