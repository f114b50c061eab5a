"""Build the demo clip and its truth: assets/clips/demo.mp4, demo_truth.npz, background.jpg.

    python -m tools.build.clip [--out DIR] [--truth] [--world interior.exr]

A right hand, rendered by tools/clip/hand_renderer.py before a photograph of a room and lit by it
(assets/env/interior.npz). The same seed gives the same clip; it takes a few minutes on two cores.
--truth rewrites only demo_truth.npz, which is needed when the hand's joint regressor changes.
--world makes the background anew from the CC0 panorama `interior.exr` of Debian's blender-data (see
tools/build/env.py); without it the stored background.jpg is used.

demo_truth.npz, n frames: `intrinsics` (4,) fx, fy, cx, cy; `fps`; `pose` (n, 16, 3) axis-angle, wrist first;
`betas` (10,); `translation_m` (n, 3); `joints_m` (n, 21, 3) camera frame; `in_view` (n,) whether all 21
joints lie within the picture. `models.hand.skinning.pose_hand` gives the vertices.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from models.geometry import camera_from_fov, project, rays, rotation_from_axis_angle
from models.hand.hand_data import HandData, load_open_hand
from models.hand.joint_limits import anatomical_frames, angles_to_rotations
from models.hand.skinning import pose_hand
from models.training.synthetic.lighting import Light, light_from_panorama
from models.types import Camera, Float64
from tools.build.env import read_panorama
from tools.clip.demo_motion import DURATION_S, demo_keys
from tools.clip.hand_renderer import HandRenderer, Layer, Skin
from tools.clip.motion import Motion
from tools.clip.photo import CameraResponse, apply_response, mean_layer, to_srgb
from tools.command import command

ROOT = Path(__file__).resolve().parents[2]
OUT_DIR = ROOT / "assets" / "clips"
SEED = 7
FPS = 30
SHUTTER_S = 0.4 / FPS
BLUR_STEP_PX = 1.6  # one sample of the exposure for each so many pixels of movement
VIEW_YAW_DEG, VIEW_PITCH_DEG = -24.0, -12.0  # where the camera looks in the panorama
VIEW_ZOOM = 1.6  # the background is wider than the camera's view: the panorama is coarse
CLIP_CAMERA = camera_from_fov(640, 480)
SKIN = Skin(melanin=0.48, haemoglobin=0.26)


@dataclass(frozen=True)
class Posed:
    """The hand at one time, camera frame, metres."""

    rotations: Float64  # (16, 3, 3)
    wrist_m: Float64  # (3,)
    elbow_m: Float64  # (3,)
    vertices_m: NDArray[np.float32]  # (778, 3)
    joints_m: NDArray[np.float32]  # (21, 3)


class Actor:
    """The demo's hand at any time."""

    def __init__(self, hand: HandData) -> None:
        self._hand = hand
        self._frames = anatomical_frames(hand)
        self._motion = Motion(demo_keys(), SEED)
        self.betas = np.zeros(10, np.float32)

    def at(self, time_s: float) -> Posed:
        moment = self._motion.at(time_s)
        rotations = np.concatenate(
            [moment.R_wrist[None], angles_to_rotations(moment.angles_rad, self._frames)]
        )
        vertices, joints = pose_hand(self._hand, rotations, self.betas, moment.wrist_m)
        return Posed(rotations, moment.wrist_m, moment.elbow_m, vertices, joints)


def room_light() -> Light:
    """The interior's light, with the window on the right as the key."""
    with np.load(ROOT / "assets" / "env" / "interior.npz") as maps:
        panorama = maps["level0"].astype(np.float64)
    return light_from_panorama(
        0.33 * panorama, -VIEW_YAW_DEG, (0.72, -0.52, -0.46), (0.76, 0.68, 0.585), key_softness=0.16
    )


def background_from_world(panorama: NDArray[np.float32], camera: Camera) -> NDArray[np.uint8]:
    """The room as a camera focused on the hand sees it: (H, W, 3) sRGB, softly out of focus."""
    h, w = panorama.shape[:2]
    u, v = np.meshgrid(np.arange(camera.width), np.arange(camera.height))
    d = rays(np.stack([u, v], -1), camera) * [VIEW_ZOOM, VIEW_ZOOM, 1]
    turn = rotation_from_axis_angle([0, np.radians(VIEW_YAW_DEG), 0])
    d = d @ (turn @ rotation_from_axis_angle([np.radians(VIEW_PITCH_DEG), 0, 0])).T
    d /= np.linalg.norm(d, axis=-1, keepdims=True)
    x = (np.arctan2(d[..., 0], d[..., 2]) + np.pi) / (2 * np.pi) * w - 0.5
    y = (np.pi / 2 - np.arcsin(-d[..., 1])) / np.pi * h - 0.5
    radiance = np.minimum(panorama / panorama.mean(), 25)
    seen = cv2.remap(radiance, x.astype(np.float32), y.astype(np.float32), cv2.INTER_CUBIC)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)).astype(np.float32)
    seen = cv2.filter2D(np.maximum(seen, 0), -1, disc / disc.sum(), borderType=cv2.BORDER_REFLECT)
    return np.asarray(to_srgb(1 - np.exp(-cv2.GaussianBlur(seen, (0, 0), 1.0))) * 255, np.uint8)


def expose(actor: Actor, renderer: HandRenderer, time_s: float, light: Light, skin: Skin) -> Layer:
    """One frame's light, with motion blur where the hand is fast."""
    ends = [project(actor.at(time_s + s * SHUTTER_S / 2).joints_m, CLIP_CAMERA) for s in (-1, 1)]
    moved = float(np.linalg.norm(ends[1] - ends[0], axis=-1).max())
    samples = int(np.clip(np.ceil(moved / BLUR_STEP_PX), 1, 7))
    offsets = ((np.arange(samples) + 0.5) / samples - 0.5) * SHUTTER_S
    layers = []
    for offset in offsets:
        p = actor.at(time_s + offset)
        layers.append(renderer.render(p.vertices_m, p.rotations[0], p.elbow_m, CLIP_CAMERA, skin, light))
    return mean_layer(layers)


def write_truth(actor: Actor, path: Path) -> None:
    """The clip's true poses, joints and camera."""
    posed = [actor.at(k / FPS) for k in range(round(DURATION_S * FPS))]
    joints = np.stack([p.joints_m for p in posed])
    px = project(joints, CLIP_CAMERA)
    inside = ((px > 0) & (px < [CLIP_CAMERA.width - 1, CLIP_CAMERA.height - 1])).all((1, 2))
    pose = [Rotation.from_matrix(p.rotations).as_rotvec() for p in posed]
    c = CLIP_CAMERA
    np.savez_compressed(
        path,
        intrinsics=np.array([c.fx, c.fy, c.cx, c.cy]),
        fps=np.array(FPS),
        pose=np.stack(pose).astype(np.float32),
        betas=actor.betas,
        translation_m=np.stack([p.wrist_m for p in posed]).astype(np.float32),
        joints_m=joints.astype(np.float32),
        in_view=inside,
    )


def write_clip(actor: Actor, hand: HandData, background_rgb: NDArray[np.uint8], path: Path) -> None:
    """Render and encode every frame."""
    light, response, rng = room_light(), CameraResponse(), np.random.default_rng(SEED)
    frames = round(DURATION_S * FPS)
    partial = path.with_name(f"{path.stem}.partial.mp4")  # nobody meets half a clip
    with (
        HandRenderer(hand) as renderer,
        av.open(str(partial), "w", options={"movflags": "faststart"}) as file,
    ):
        stream = file.add_stream("libx264", rate=FPS, options={"crf": "19", "preset": "slow", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = CLIP_CAMERA.width, CLIP_CAMERA.height, "yuv420p"
        stream.time_base = Fraction(1, FPS)
        for k in range(frames):
            layer = expose(actor, renderer, k / FPS, light, SKIN)
            picture = apply_response(layer, background_rgb, response, rng)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = k
            file.mux(stream.encode(frame))
            if sys.stderr.isatty():
                print(f"\r{k + 1}/{frames}", end="", file=sys.stderr)
        file.mux(stream.encode())
    partial.replace(path)


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=OUT_DIR, help="folder to write to")
    parser.add_argument("--truth", action="store_true", help="write only demo_truth.npz")
    parser.add_argument("--world", type=Path, help="interior.exr: make background.jpg anew")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    hand = load_open_hand()
    actor = Actor(hand)
    write_truth(actor, args.out / "demo_truth.npz")
    if args.truth:
        return
    background = OUT_DIR / "background.jpg"
    if args.world:
        picture = background_from_world(read_panorama(args.world), CLIP_CAMERA)
        background = args.out / "background.jpg"
        cv2.imwrite(str(background), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 93])
    picture_bgr = cv2.imread(str(background))
    if picture_bgr is None:
        raise SystemExit(f"build_clip: cannot read {background}; make it with --world interior.exr")
    write_clip(actor, hand, np.ascontiguousarray(picture_bgr[..., ::-1]), args.out / "demo.mp4")


if __name__ == "__main__":
    raise SystemExit(main())
