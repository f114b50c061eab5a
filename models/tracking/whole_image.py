"""One hand in a picture that was cut to it: no palm detector, and always an answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.geometry import rays, rotation_from_axis_angle, warp_crop
from models.inference.landmark_runtime import crop_hand
from models.tracking.reconstruction import Reconstruction
from models.types import Camera, Crop, Detection, Side

ROLLS = np.radians([-25, -10, 10, 25])


def observe_whole(
    way: Reconstruction, image_rgb: NDArray[np.uint8], camera: Camera, side: Side | None = None
) -> Detection:
    """The hand in an image (H, W, 3), RGB uint8, taken as one crop. side: where it is known.

    Networks want fingers up, so the image is first shown in four turns, and the one in which a hand is seen
    most surely is kept. From there the hand is cropped again, as in tracking, and then several times: as it
    is and mirrored, where the network can take that, else in ROLLS: their mean is nearer the truth than one.
    """

    def again(seen: Detection, side: Side, roll_rad: float = 0.0) -> Detection:
        crop = crop_hand(image_rgb, camera, seen.joints_2d_px, side, way.input_size, roll_rad)
        return way.look(crop, camera)

    quarters = [quarter * np.pi / 2 for quarter in range(4)]
    turns = (whole_crop(image_rgb, camera, way.input_size, roll, side == "left") for roll in quarters)
    seen = max((way.look(crop, camera) for crop in turns), key=lambda d: d.score)
    seen = again(seen, side or seen.side)
    if way.sees_both_sides:
        return _mean([again(seen, "right"), again(seen, "left")], side)
    found = side or seen.side
    return replace(_mean([again(seen, found, roll) for roll in ROLLS], side), side=found)


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


def _mean(views: list[Detection], side: Side | None) -> Detection:
    """Several views of one hand in one, those in which it was seen. side: where it is known."""
    views = [view for view in views if view.score > 0] or views
    meshes = [view.vertices_m for view in views if view.vertices_m is not None]
    right = float(np.mean([d.side_score if d.side == "right" else 1 - d.side_score for d in views]))
    if side is not None:
        right = 1.0 if side == "right" else 0.0
    return Detection(
        joints_2d_px=np.mean([d.joints_2d_px for d in views], axis=0, dtype=np.float32),
        joints_world_m=np.mean([d.joints_world_m for d in views], axis=0, dtype=np.float32),
        side="right" if right >= 0.5 else "left",
        score=max(d.score for d in views),
        side_score=max(right, 1 - right),
        vertices_m=np.mean(meshes, axis=0, dtype=np.float32) if len(meshes) == len(views) else None,
    )
