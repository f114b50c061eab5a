"""Print how broad fingers are by a model's mesh, against the breadth of the hand cut out of the photograph.

    python -m tools.train.measure_breadth --real CROPS [--model mobrecon_lm,tang_lm] [--every 4]

CROPS: a folder of real crops (tools.build.real_crops), of which those are taken that no training may see,
where GrabCut's silhouette is believed (`models.training.real.silhouettes`; it starts from `fit`'s mesh,
whichever model is measured). Breadth is measured across the finger in the picture, where a ring is worn and
in the middle of the next segment, and told in millimetres at the mesh's own depth: the mesh's minus the
silhouette's. Where fingers touch, the silhouette shows no border: a breadth that is more than a third off is
left out, and how many were is printed.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from app.effects.ring.fit import FINGERS, FingerSections, Section, Segment
from models.geometry import project, warp_crop
from models.hand.hand_data import load_open_hand
from models.inference.landmark_runtime import INPUT_SIZE
from models.tracking.pipeline import MODELS
from models.tracking.reconstruction import Reconstruction, make_reconstruction
from models.training.maps.real import Photograph
from models.training.real.silhouettes import SIDE, silhouette_of
from models.training.real.views import View, view_camera
from models.types import Camera, Crop, Float32, Float64, HandMesh
from tools.build.real_map_cache import crops_of
from tools.command import command

PLACES: tuple[tuple[Segment, float], ...] = (("proximal", 0.55), ("middle", 0.5))
FARTHEST = 1 / 3
"""A breadth that is farther off than this share is no finger's alone."""
_STEP_PX = 0.1
_REFERENCE = "fit"


@dataclass(frozen=True)
class Breadth:
    """Of one finger at one place, millimetres."""

    mesh_mm: float
    silhouette_mm: float

    @property
    def told(self) -> bool:
        """Whether the silhouette's border can be this finger's own."""
        return abs(self.silhouette_mm / self.mesh_mm - 1) < FARTHEST


@command
def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="fingers' breadth, by mesh and by silhouette")
    parser.add_argument("--real", type=Path, required=True, metavar="CROPS")
    parser.add_argument("--model", default=",".join(MODELS), metavar="NAME,…")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth crop")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    hand = load_open_hand()
    sections = FingerSections(hand)
    models = {name: make_reconstruction(name) for name in options.model.split(",")}
    reference = models.get(_REFERENCE) or make_reconstruction(_REFERENCE)
    photographs = list(crops_of(options.real, held_out=True, every=max(1, options.every)))
    found: dict[str, list[Breadth]] = {name: [] for name in models}
    hands = 0
    for photo in photographs:
        crop = crop_of(photo)
        seen = mesh_of(reference, crop, photo)
        uv, joints = (_crop_px(p, crop) / INPUT_SIZE for p in (seen.vertices_m, seen.joints_m))
        cut = silhouette_of(crop.image_rgb, uv, hand.faces, joints)
        if cut is None or not cut.believed():
            continue
        hands += 1
        for name, model in models.items():
            found[name] += breadths(mesh_of(model, crop, photo), crop, sections, cut.hand)
    print(f"{hands} hands of {len(photographs)} with a silhouette that is believed")
    for name, several in found.items():
        print(f"{name}: {line(several)}")


def crop_of(photo: Photograph) -> Crop:
    """The hand as every model sees it."""
    virtual, R = view_camera(photo.camera, photo.joints_px, INPUT_SIZE, View())
    return warp_crop(photo.picture, photo.camera, virtual, R, photo.handedness == "left")


def mesh_of(model: Reconstruction, crop: Crop, photo: Photograph) -> HandMesh:
    """A model's hand in the photograph's camera frame."""
    seen = model.infer(crop, photo.camera)
    lifted = model.lift(seen, photo.handedness, photo.camera)
    return HandMesh(
        photo.handedness, lifted.vertices_m, lifted.joints_m, seen.joints_2d_px, seen.presence, 0, 0.0
    )


def breadths(mesh: HandMesh, crop: Crop, sections: FingerSections, silhouette: np.ndarray) -> list[Breadth]:
    """Of every finger but the thumb at every place where there is something to measure."""
    soft = np.asarray(cv2.GaussianBlur(silhouette.astype(np.float32), (3, 3), 0), np.float32)
    found = []
    for finger in FINGERS[1:]:
        for segment, t in PLACES:
            section = sections.section(mesh, finger, segment, t)
            if section is not None and (one := breadth(section, crop, soft)) is not None:
                found.append(one)
    return found


def breadth(section: Section, crop: Crop, soft: Float32) -> Breadth | None:
    """soft: (SIDE, SIDE) 0..1, the silhouette in the crop. None where the finger points at the camera, leaves
    the crop or lies beside the silhouette."""
    scale = SIDE / INPUT_SIZE
    ends = np.stack([section.center_m, section.center_m + 5e-3 * section.axis])
    middle, ahead = _crop_px(ends, crop) * scale
    along = ahead - middle
    points = _crop_px(section.points, crop) * scale
    if np.linalg.norm(along) < 0.25 * np.ptp(points, axis=0).max() or not _inside(points):
        return None
    across = np.array([-along[1], along[0]]) / np.linalg.norm(along)
    at = (points - middle) @ across
    mesh_px = float(np.ptp(at))
    centre = middle + across * (at.max() + at.min()) / 2
    steps = np.arange(0, mesh_px, _STEP_PX)
    reach = [_inside_until(soft, centre + sign * steps[:, None] * across) for sign in (1.0, -1.0)]
    if min(reach) == 0:
        return None
    mm_px = 1e3 * float(section.center_m @ crop.A[2]) / (crop.camera.fx * scale)
    return Breadth(mesh_px * mm_px, sum(reach) * _STEP_PX * mm_px)


def line(found: list[Breadth]) -> str:
    """The figures of one model."""
    told = [b for b in found if b.told]
    if not told:
        return "no finger told"
    off = np.array([b.mesh_mm - b.silhouette_mm for b in told])
    broad = np.array([b.silhouette_mm for b in told])
    error = 2 * off.std() / len(off) ** 0.5
    return (
        f"{len(told)} breadths of {np.mean(broad):.1f} mm in the mean; off by {np.abs(off).mean():.2f} mm, "
        f"bias {off.mean():+.2f} ± {error:.2f} mm, 95th percentile {np.percentile(np.abs(off), 95):.2f} mm; "
        f"{len(found) - len(told)} left out"
    )


def _inside_until(soft: Float32, places: Float64) -> int:
    """How many of the places, one after the other, lie in the silhouette."""
    x, y = (places - 0.5).astype(np.float32).T
    values = cv2.remap(soft, x[None], y[None], cv2.INTER_LINEAR)[0] > 0.5
    return int(np.argmin(values)) if not values.all() else len(values)


def _inside(points: Float64) -> bool:
    return bool((points > 1).all() and (points < SIDE - 1).all())


def _crop_px(points_m: np.ndarray, crop: Crop) -> Float64:
    """Camera frame -> from border to border of the crop, 0..INPUT_SIZE."""
    camera: Camera = crop.camera
    return np.asarray(project(points_m @ crop.A.T, camera) + 0.5, np.float64)


if __name__ == "__main__":
    raise SystemExit(main())
