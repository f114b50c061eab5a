"""Hands cut out of a photograph, where MediaPipe agrees with itself on its mirror image, faces blurred.

Faces are found with OpenCV's Haar cascades, which newer OpenCV wheels lack: Debian has them in `opencv-data`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.inference.mediapipe.detector import MediaPipeDetector
from models.types import Detection, Float32

SIZE_PX = 224  # side of a crop
SPAN = 1.8  # side of a crop, in larger sides of the hand's box
AGREE = 0.05  # of the box: the most that a photograph and its mirror image may differ, mean over joints
LEAST_BOX_PX = 40
LEAST_PHOTO_PX = 320  # smaller photographs are enlarged before hands are looked for
CASCADES = ("haarcascade_frontalface_default.xml", "haarcascade_profileface.xml")
CASCADE_FOLDERS = (Path(cv2.__file__).parent / "data", Path("/usr/share/opencv4/haarcascades"))

Image = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Crop:
    """One hand, cut out."""

    image_rgb: Image  # (224, 224, 3)
    hand: Detection  # in the photograph
    joints_px: Float32  # (21, 2) in the crop
    scale: float  # crop pixels per photograph pixel
    consistency: float  # mean distance from the mirrored photograph's answer, in boxes


def crops_of(photo_rgb: Image, detector: MediaPipeDetector, faces: list[cv2.CascadeClassifier]) -> list[Crop]:
    """The hands in a photograph on which the detector agrees with itself."""
    photo = _with_margin(photo_rgb)
    hands = detector.detect(photo)
    if not hands:
        return []
    mirrored = detector.detect(np.ascontiguousarray(photo[:, ::-1]))
    photo = without_faces(photo, hands, faces)
    crops = []
    for hand in hands:
        off = disagreement(hand, mirrored, photo.shape[1])
        if off <= AGREE and _box(hand) >= LEAST_BOX_PX:
            crops.append(_cut(photo, hand, off))
    return crops


def disagreement(hand: Detection, mirrored: list[Detection], width: int) -> float:
    """Mean distance of a hand's joints, in boxes, from the nearest hand of the mirrored photograph."""
    off = [
        float(
            np.linalg.norm(other.joints_2d_px * [-1, 1] + [width - 1, 0] - hand.joints_2d_px, axis=1).mean()
        )
        for other in mirrored
        if other.handedness != hand.handedness
    ]
    return min(off, default=float("inf")) / _box(hand)


def face_finders(folder: Path | None) -> list[cv2.CascadeClassifier]:
    """OpenCV's face detectors of a folder, or of where they usually are. Raises ValueError."""
    for place in CASCADE_FOLDERS if folder is None else (folder,):
        if all((place / name).is_file() for name in CASCADES):
            return [cv2.CascadeClassifier(str(place / name)) for name in CASCADES]
    raise ValueError(
        f"{' and '.join(CASCADES)} are not in {folder or CASCADE_FOLDERS[-1]}; "
        "install opencv-data, give --cascades DIR, or --keep-faces"
    )


def without_faces(photo_rgb: Image, hands: list[Detection], faces: list[cv2.CascadeClassifier]) -> Image:
    """A copy of a photograph with blurred faces, hands before them apart."""
    if not faces:
        return photo_rgb
    result, height, width = photo_rgb.copy(), *photo_rgb.shape[:2]
    shrink = max(1, min(height, width) // 240)
    small = cv2.resize(cv2.cvtColor(photo_rgb, cv2.COLOR_RGB2GRAY), (width // shrink, height // shrink),
                       interpolation=cv2.INTER_AREA)  # fmt: skip
    for finder in faces:
        for x, y, w, h in (
            np.reshape(finder.detectMultiScale(small, 1.15, 4, minSize=(20, 20)), (-1, 4)) * shrink
        ):
            rows, columns = (
                slice(max(0, y - h // 6), y + h + h // 5),
                slice(max(0, x - w // 8), x + w + w // 8),
            )
            result[rows, columns] = cv2.GaussianBlur(result[rows, columns], (0, 0), w / 7)
    covered = np.zeros((height, width), np.uint8)
    for hand in hands:
        cv2.fillConvexPoly(covered, cv2.convexHull(np.round(hand.joints_2d_px).astype(np.int32)), 1)
    covered = np.asarray(cv2.dilate(covered, np.ones((25, 25), np.uint8)), np.uint8)
    return np.where(covered[..., None] > 0, photo_rgb, result)


def _with_margin(photo_rgb: Image) -> Image:
    """Large enough, and with a quarter of its border pixels' colours around, for hands at the edge."""
    shorter = min(photo_rgb.shape[:2])
    if shorter < LEAST_PHOTO_PX:
        factor = LEAST_PHOTO_PX / shorter
        photo_rgb = np.asarray(
            cv2.resize(photo_rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC), np.uint8
        )
    margin = max(photo_rgb.shape[:2]) // 4
    return np.asarray(
        cv2.copyMakeBorder(photo_rgb, margin, margin, margin, margin, cv2.BORDER_REPLICATE), np.uint8
    )


def _cut(photo_rgb: Image, hand: Detection, consistency: float) -> Crop:
    low, high = hand.joints_2d_px.min(0), hand.joints_2d_px.max(0)
    scale = SIZE_PX / (SPAN * _box(hand))
    shift = (SIZE_PX - 1) / 2 - scale * (low + high) / 2
    warp = np.column_stack([scale * np.eye(2), shift])
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    image = cv2.warpAffine(photo_rgb, warp, (SIZE_PX, SIZE_PX), flags=kind, borderMode=cv2.BORDER_REPLICATE)
    joints_px = (scale * hand.joints_2d_px + shift).astype(np.float32)
    return Crop(np.asarray(image, np.uint8), hand, joints_px, scale, consistency)


def _box(hand: Detection) -> float:
    """The larger side of the box around a hand's joints, pixels."""
    return max(float(np.ptp(hand.joints_2d_px, axis=0).max()), 1e-6)
