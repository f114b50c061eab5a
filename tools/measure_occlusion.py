"""Print how well a ring sits on its finger and how well the hand hides it, on the demo (its truth is known).

    python -m tools.measure_occlusion [--model NAME] [--finger ring] [--every 3]

Twice: with the clip's true meshes, and with those that a model finds in the pictures.

- Centre and axis: from the true section of the finger to the ring as placed, medians. Found meshes may be
  nearer or farther as a whole: the centre is measured after moving it along its ray to the true depth.
- Occlusion: of the pixels that the placed ring covers, those drawn and those that the true hand leaves in
  view, intersection over union, mean over the frames in which at least SEEN_PX of either are in view.
- Place and occlusion: the same against the ring on the true finger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.command import command

if TYPE_CHECKING:
    from app.render.compositor import Compositor

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.capture import open_file
from app.effects import FINGERS, Rings, RingSettings, make_effect
from app.effects.ring.fit import Finger, FingerSections, Section
from app.render.gl.context import choose_platform
from app.render.layer_scene import LayerScene
from app.render.occlusion_boundary import find_boundaries
from app.render.opening import open_compositor
from app.render.scene import EffectContext, Metal, Prop
from app.render.viewport import viewport_around
from models.geometry import project
from models.hand.hand_data import load_open_hand
from models.tracking.pipeline import DEFAULT_MODEL, MODELS, Pipeline, PipelineConfig
from models.types import HandMesh, UInt8
from tools.build.clip import CLIP_CAMERA, FPS, OUT_DIR, Actor, Posed
from tools.clip.true_view import Mask, TrueView

GLOW = Metal((1e6, 1e6, 1e6), 1.0)  # drawn white wherever there is metal: its coverage can be read
SEEN_PX = 12
POSITION = 0.55  # along the segment, where rings are worn
MARGIN_PX = 4


@dataclass(frozen=True)
class Scene:
    """One frame and its truth."""

    frame_rgb: UInt8
    time_s: float
    hand: HandMesh
    section: Section | None  # None where it is not compared: between, or partly out of view


@dataclass(frozen=True)
class Drawn:
    """A ring in one frame."""

    scene: Scene
    section: Section  # the finger's true one
    prop: Prop
    mask: Mask  # (H, W) where it is drawn


@dataclass(frozen=True)
class Figures:
    """Of one frame; nothing of the ring need be in view."""

    centre_mm: float
    along_mm: float  # the part of it along the finger
    axis_deg: float
    occlusion_iou: float  # NaN where too little is in view
    whole_iou: float


def scenes(finger: Finger, every: int) -> list[Scene]:
    """Every frame of the clip; every N-th with the finger's true section."""
    hand = load_open_hand()
    actor, sections = Actor(hand), FingerSections(hand)
    with np.load(OUT_DIR / "demo_truth.npz") as truth:
        in_view = truth["in_view"]
    found = []
    for k, frame in enumerate(open_file(OUT_DIR / "demo.mp4").frames()):
        mesh = true_mesh(actor.at(k / FPS), frame.time_s)
        compared = k % every == 0 and in_view[k]
        section = sections.section(mesh, finger, "proximal", POSITION) if compared else None
        found.append(Scene(frame.image_rgb, frame.time_s, mesh, section))
    return found


def true_mesh(posed: Posed, time_s: float) -> HandMesh:
    """The clip's hand as a perfect model would find it."""
    px = project(posed.joints_m, CLIP_CAMERA).astype(np.float32)
    return HandMesh("right", posed.vertices_m, posed.joints_m, px, 1.0, 0, time_s)


def draw(clip: Sequence[Scene], finger: Finger, model: str | None) -> list[Drawn]:
    """The compared frames with a ring; model: that finds the meshes, None: the true ones."""
    compositor = open_compositor(load_open_hand())
    pipeline = None if model is None else Pipeline(PipelineConfig(model))
    effect, found = make_effect("ring", Rings((RingSettings(finger=finger, position=POSITION),))), []
    for scene in clip:
        hands: Sequence[HandMesh] = [scene.hand]
        if pipeline is not None:
            hands = pipeline.process(scene.frame_rgb, scene.time_s, CLIP_CAMERA).hands
        things = effect.place(EffectContext(scene.frame_rgb, hands, CLIP_CAMERA, scene.time_s))
        props = [replace(t, material=GLOW, opacity=1.0) for t in things if isinstance(t, Prop)]
        if scene.section is not None and len(hands) == 1 and props:
            found.append(Drawn(scene, scene.section, props[0], coverage(compositor, scene, hands, props)))
    if pipeline is not None:
        pipeline.close()
    compositor.close()
    return found


def coverage(compositor: Compositor, scene: Scene, hands: Sequence[HandMesh], props: Sequence[Prop]) -> Mask:
    """(H, W) where at least half of a pixel of the ring is drawn."""
    mask = np.zeros(scene.frame_rgb.shape[:2], bool)
    corners = np.concatenate([p.geometry.vertices_m @ p.pose[:3, :3].T + p.pose[:3, 3] for p in props])
    w = viewport_around(corners, CLIP_CAMERA, MARGIN_PX)
    if w is not None:
        boundaries = find_boundaries(scene.frame_rgb, props, hands, load_open_hand().regions, CLIP_CAMERA)
        w, rgba = compositor.render(
            LayerScene(hands, props, CLIP_CAMERA, boundaries=boundaries), boundaries.widen(w)
        )
        mask[w.y : w.y + w.height, w.x : w.x + w.width] = rgba[..., :3].min(-1) > 127
    return mask


def compare(drawn: Drawn, view: TrueView) -> Figures:
    """The figures of one ring."""
    prop, section, hand = drawn.prop, drawn.section, drawn.scene.hand
    placed = prop.pose.copy()
    placed[:3] *= section.center_m[2] / prop.pose[2, 3]
    axis = placed[:3, 2] / np.linalg.norm(placed[:3, 2])
    on_truth = np.eye(4)
    on_truth[:3, :3] = np.stack([section.across, section.up, section.axis], 1)
    on_truth[:3, 3] = section.center_m
    assert prop.mount is not None
    half_axes_m = 1e-3 * np.array([section.half_width_mm, section.half_height_mm])
    on_truth[:3, :2] *= half_axes_m / prop.mount.inner_radius_m
    off_mm = 1e3 * (placed[:3, 3] - section.center_m)
    return Figures(
        float(np.linalg.norm(off_mm)),
        abs(float(off_mm @ section.axis)),
        float(np.degrees(np.arccos(np.clip(axis @ section.axis, -1, 1)))),
        iou(drawn.mask, view.in_view(prop, placed, hand, CLIP_CAMERA)),
        iou(drawn.mask, view.in_view(prop, on_truth, hand, CLIP_CAMERA)),
    )


def iou(a: Mask, b: Mask) -> float:
    """Intersection over union; NaN where too little of either is in view."""
    if max(a.sum(), b.sum()) < SEEN_PX:
        return float("nan")
    return float((a & b).sum() / (a | b).sum())


def report(name: str, figures: Sequence[Figures]) -> None:
    """One line."""
    centre, along, axis, occlusion, whole = np.array([[*vars(f).values()] for f in figures]).T
    print(
        f"{name}: {len(figures)} frames; centre {np.median(centre):.2f} mm off, {np.median(along):.2f} mm "
        f"along the finger, axis {np.median(axis):.1f} degrees (medians); IoU of occlusion "
        f"{np.nanmean(occlusion):.3f}, of place and occlusion {np.nanmean(whole):.3f} (means of "
        f"{np.isfinite(occlusion).sum()} frames)"
    )


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=MODELS, default=DEFAULT_MODEL)
    parser.add_argument("--finger", choices=FINGERS, default="ring")
    parser.add_argument("--every", type=int, default=3, metavar="N", help="compare every N-th frame")
    options = parser.parse_args()
    choose_platform()
    clip = scenes(options.finger, options.every)
    drawn = {
        "true mesh": draw(clip, options.finger, None),
        options.model: draw(clip, options.finger, options.model),
    }
    with TrueView(load_open_hand()) as view:
        for name, rings in drawn.items():
            report(name, [compare(ring, view) for ring in rings])


if __name__ == "__main__":
    raise SystemExit(main())
