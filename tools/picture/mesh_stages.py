"""Draw assets/pictures/mesh_stages.webp: how `tang_lm` comes from a picture to its mesh, stage by stage.

    python -m tools.picture.mesh_stages --clips FOLDER

A row is one crop: the picture with the joints, the rough mesh, the final one, how far the refine stage moved
each vertex, as colours, and both silhouettes: the final one bright, the rough one's outline over it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import torch

from app.capture import DEMO_CLIP, open_file
from models.geometry import camera_from_fov
from models.hand.hand_data import load_open_hand
from models.inference.landmark_runtime import crop_hand
from models.networks.encoders.landmark_net import LandmarkFeatures
from models.networks.joint_fit import joints_of
from models.networks.landmark_system import LandmarkMaps, Stages
from models.networks.systems.tang_lm import TangLm
from models.networks.zoo import build
from models.tracking.pipeline import Pipeline, PipelineConfig
from models.training.real.silhouettes import drawn_mask
from models.types import Crop, Float32, UInt8
from tools.command import command
from tools.picture.tiles import ROOT

SHOTS = (("demo", 10), ("demo", 150), ("counting.mp4", 60), ("reach.mp4", 120))
TILE = 224
FARTHEST_M = 0.004  # of the colours
SKIN, LIGHT = np.array([214.0, 190.0, 172.0]), np.array([-0.3, -0.5, -0.8])
BONES = [(0 if k % 4 == 1 else k - 1, k) for k in range(1, 21)]

Paint = Callable[[Float32], np.ndarray]  # (F, 3) unit normals -> (F, 3) colours


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--clips", type=Path, required=True, help="the folder of counting.mp4 and reach.mp4")
    parser.add_argument("--out", type=Path, default=ROOT / "assets" / "pictures" / "mesh_stages.webp")
    arguments = parser.parse_args()
    network = build("tang_lm")
    assert isinstance(network, TangLm)
    rows = []
    for clip, number in SHOTS:
        crop = crop_at(DEMO_CLIP if clip == "demo" else arguments.clips / clip, number)
        rows.append(row(crop, *stages_of(network, crop)))
    picture = cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(arguments.out), picture, [cv2.IMWRITE_WEBP_QUALITY, 82])
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e3:.0f} kB")


def crop_at(clip: Path, number: int) -> Crop:
    """The hand of one frame as the network sees it. Raises ValueError where there is none."""
    with closing(Pipeline(PipelineConfig("tang_lm", max_hands=1))) as pipeline:
        for k, frame in enumerate(open_file(clip).frames()):
            if k < number - 5:
                continue
            image = frame.image_rgb
            camera = camera_from_fov(image.shape[1], image.shape[0])
            hands = pipeline.process(image, frame.time_s, camera).hands
            if k >= number and hands:
                return crop_hand(image, camera, hands[0].joints_2d_px, hands[0].handedness)
    raise ValueError(f"{clip}: no hand from frame {number} on")


@torch.no_grad()
def stages_of(network: TangLm, crop: Crop) -> tuple[Stages, np.ndarray, float]:
    """The meshes, the joints (21, 2), 0..1 of the crop, and its focal length in its widths."""
    image = torch.from_numpy(np.ascontiguousarray(crop.image_rgb)).permute(2, 0, 1)[None].float() / 255
    maps = LandmarkMaps(*network.encoder.early_maps(image))
    seen = network.encoder.answer(LandmarkFeatures(maps.f28, maps.f14, network.encoder.late(maps.f14)))
    joints_2d, joints_m = joints_of(seen.joints_px, seen.joints_world_m, network.palm_m)
    focal = crop.camera.fx / crop.camera.width
    stages = network.decode(network.scaled(maps), joints_2d, joints_m, torch.tensor([focal]))
    return stages, joints_2d[0].numpy(), focal


def row(crop: Crop, stages: Stages, joints_uv: np.ndarray, focal: float) -> UInt8:
    """(TILE, 5 TILE, 3)."""
    photo, faces = np.asarray(crop.image_rgb), load_open_hand().faces
    rough, final = ((s.vertices + s.root[:, None])[0].numpy() for s in (stages.rough, stages.final))
    assert stages.posed is not None
    offsets = (stages.final.vertices - stages.posed.vertices)[0].numpy()
    moved = np.linalg.norm(offsets - offsets.mean(0), axis=1)
    warm = cv2.applyColorMap(
        (255 * np.clip(moved / FARTHEST_M, 0, 1)).astype(np.uint8)[:, None], cv2.COLORMAP_VIRIDIS
    )
    colours = warm[:, 0, ::-1].astype(float)[faces].mean(1)
    tiles = [
        skeleton(photo, joints_uv),
        shaded(photo, rough, faces, focal, lambda n: SKIN * _lit(n)),
        shaded(photo, final, faces, focal, lambda n: SKIN * _lit(n)),
        shaded(photo, final, faces, focal, lambda n: colours * (0.4 + 0.6 * _lit(n))),
        silhouettes(photo, rough, final, faces, focal),
    ]
    return np.asarray(np.hstack(tiles), np.uint8)


def skeleton(photo: UInt8, joints_uv: np.ndarray) -> UInt8:
    """The picture with the joints that were seen."""
    drawn, at = photo.copy(), np.round(16 * (joints_uv * TILE - 0.5)).astype(int)
    for a, b in BONES:
        cv2.line(drawn, at[a].tolist(), at[b].tolist(), (255, 255, 255), 1, cv2.LINE_AA, 4)
    for point in at:
        cv2.circle(drawn, point.tolist(), 32, (235, 80, 60), -1, cv2.LINE_AA, 4)
    return drawn


def shaded(photo: UInt8, vertices_m: Float32, faces: np.ndarray, focal: float, paint: Paint) -> UInt8:
    """A mesh, the far faces first, over the darkened picture."""
    side = 2 * TILE
    drawn = cv2.resize((0.45 * photo).astype(np.uint8), (side, side), interpolation=cv2.INTER_LINEAR)
    corners = vertices_m[faces]
    flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    smooth = np.zeros_like(vertices_m)
    for corner in range(3):
        np.add.at(smooth, faces[:, corner], flat)
    normals = smooth[faces].mean(1)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    colour = np.clip(paint(normals), 0, 255)
    at = np.round(16 * (_uv(vertices_m, focal) * side - 0.5)).astype(np.int32)[faces]
    for k in np.argsort(-corners[..., 2].mean(1)):
        cv2.fillConvexPoly(drawn, at[k], colour[k].tolist(), cv2.LINE_AA, 4)
    return np.asarray(cv2.resize(drawn, (TILE, TILE), interpolation=cv2.INTER_AREA), np.uint8)


def silhouettes(photo: UInt8, rough_m: Float32, final_m: Float32, faces: np.ndarray, focal: float) -> UInt8:
    """The final mesh's left bright, the rough one's outline in red, the final one's in white."""
    masks = [drawn_mask(_uv(v, focal), faces, TILE) for v in (rough_m, final_m)]
    drawn = np.where(masks[1][..., None] > 0, photo, (0.35 * photo).astype(np.uint8))
    for mask, colour in zip(masks, ((235, 80, 60), (255, 255, 255)), strict=True):
        outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(drawn, outlines, -1, colour, 1, cv2.LINE_AA)
    return np.asarray(drawn, np.uint8)


def _uv(vertices_m: Float32, focal: float) -> Float32:
    return np.asarray(vertices_m[:, :2] / vertices_m[:, 2:] * focal + 0.5, np.float32)


def _lit(normals: Float32) -> np.ndarray:
    light = LIGHT / np.linalg.norm(LIGHT)
    return 0.4 + 0.7 * np.clip(normals @ light, 0, 1)[:, None]


if __name__ == "__main__":
    raise SystemExit(main())
