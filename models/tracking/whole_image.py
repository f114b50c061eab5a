"""One hand in a picture that was cut to it: no palm detector, and always an answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.geometry import rays, rotation_from_axis_angle, warp_crop
from models.inference.landmark_runtime import crop_hand
from models.tracking.reconstruction import Reconstruction
from models.types import Camera, Crop, Detection, Handedness

ROLLS = np.radians([-25, -10, 10, 25])


def infer_whole(
    method: Reconstruction, image_rgb: NDArray[np.uint8], camera: Camera, handedness: Handedness | None = None
) -> Detection:
    """The hand in an image (H, W, 3), RGB uint8, taken as one crop. handedness: where it is known.

    Networks want fingers up, so the image is first shown in four turns, and the one in which a hand is seen
    most surely is kept. From there the hand is cropped again, as in tracking, and then several times: as it
    is and mirrored, where the network can take that, else in ROLLS: their mean is nearer the truth than one.
    """

    def again(detection: Detection, handedness: Handedness, roll_rad: float = 0.0) -> Detection:
        crop = crop_hand(image_rgb, camera, detection.joints_2d_px, handedness, method.input_size, roll_rad)
        return method.infer(crop, camera)

    quarters = [quarter * np.pi / 2 for quarter in range(4)]
    turns = (
        whole_crop(image_rgb, camera, method.input_size, roll, handedness == "left") for roll in quarters
    )
    detection = max((method.infer(crop, camera) for crop in turns), key=lambda d: d.presence)
    detection = again(detection, handedness or detection.handedness)
    if method.mirror_invariant:
        return _mean([again(detection, "right"), again(detection, "left")], handedness)
    found = handedness or detection.handedness
    return replace(_mean([again(detection, found, roll) for roll in ROLLS], handedness), handedness=found)


def whole_crop(
    image_rgb: NDArray[np.uint8], camera: Camera, size: int, roll_rad: float, mirrored: bool
) -> Crop:
    """The whole image, its longer side filling the crop of `size` pixels, turned about its middle."""
    z = rays([(camera.width - 1) / 2, (camera.height - 1) / 2], camera)
    z = z / np.linalg.norm(z)
    x = np.cross([0.0, 1.0, 0.0], z)
    x = x / np.linalg.norm(x)
    R_crop_cam = rotation_from_axis_angle([0, 0, roll_rad]) @ np.stack([x, np.cross(z, x), z])
    scale = size / max(camera.width, camera.height)
    middle = (size - 1) / 2
    virtual = Camera(camera.fx * scale, camera.fy * scale, middle, middle, size, size)
    return warp_crop(image_rgb, camera, virtual, R_crop_cam, mirrored)


def _mean(views: list[Detection], handedness: Handedness | None) -> Detection:
    """Several views of one hand in one, those in which it was seen. handedness: where it is known."""
    views = [view for view in views if view.presence > 0] or views
    meshes = [view.vertices_m for view in views if view.vertices_m is not None]
    right = float(
        np.mean([d.handedness_score if d.handedness == "right" else 1 - d.handedness_score for d in views])
    )
    if handedness is not None:
        right = 1.0 if handedness == "right" else 0.0
    return Detection(
        joints_2d_px=np.mean([d.joints_2d_px for d in views], axis=0, dtype=np.float32),
        joints_world_m=np.mean([d.joints_world_m for d in views], axis=0, dtype=np.float32),
        handedness="right" if right >= 0.5 else "left",
        presence=max(d.presence for d in views),
        handedness_score=max(right, 1 - right),
        vertices_m=np.mean(meshes, axis=0, dtype=np.float32) if len(meshes) == len(views) else None,
    )
