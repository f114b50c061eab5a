"""Throughput of `process --ray` against one process: the same videos by each, and whether they are the same.

usage: python -m tools.measure_ray [VIDEO] [--videos 4] [--ray local] [--ray-cores 1]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from app.capture import source_path
from app.commands.process_ray import add_ray
from tools.command import command


@command
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", nargs="?", default="demo")
    parser.add_argument("--videos", type=int, default=4)
    add_ray(parser)
    parser.set_defaults(ray="local", ray_cores=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "in").mkdir()
        content = source_path(arguments.video).read_bytes()
        for number in range(arguments.videos):
            (folder / "in" / f"{number}.mp4").write_bytes(content)
        flags = ["--ray", arguments.ray, "--ray-cores", str(arguments.ray_cores)]
        alone = processed(folder / "in", folder / "alone", [])
        cluster = processed(folder / "in", folder / "ray", flags)
        same = [
            (folder / "alone" / path.name).read_bytes() == path.read_bytes()
            for path in sorted((folder / "ray").iterdir())
        ]
    frames = sum(file["frames"] for file in cluster["files"])
    print(f"one process: {frames / alone['wall_s']:.1f} frames/s, with its start ({alone['wall_s']:.1f} s)")
    print(
        f"--ray {arguments.ray}: {cluster['fps']:.1f} frames/s once the cluster is there "
        f"({cluster['seconds']:.1f} s; with its start {cluster['wall_s']:.1f} s)"
    )
    print(f"files that are the same byte for byte: {sum(same)} of {len(same)}")


def processed(source: Path, out: Path, flags: list[str]) -> dict:
    """The figures of `process` on a folder, and the seconds of the whole command as `wall_s`."""
    command = [sys.executable, "main.py", "process", str(source), "--out", str(out), "--also", "joints"]
    started_s = time.perf_counter()
    done = subprocess.run([*command, *flags, "--json"], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return {**json.loads(done.stdout.splitlines()[-1]), "wall_s": time.perf_counter() - started_s}


if __name__ == "__main__":
    raise SystemExit(main())
