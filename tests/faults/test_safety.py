"""Files of strangers run nothing and reach nothing else; nothing reaches the network."""

from __future__ import annotations

import os
import pickle
import platform
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.capture import SourceError, open_file
from app.folders import file_stem
from app.measure.profiles import load_profile
from models.datasets.real_crops import read_real_crops
from models.inference.mediapipe.landmarker import HandLandmarker
from models.inference.mediapipe.no_network_thread import NoNetworkThread
from tests.app.clips import first_frames, steady, write_clip
from tests.paths import ROOT

pytestmark = pytest.mark.fault

DEMO = ROOT / "assets" / "clips" / "demo.mp4"


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self.mark,)


@pytest.mark.filterwarnings("ignore:Detected pickle")
def test_a_checkpoint_that_is_a_program_runs_nothing(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from models.training.checkpoint import read_checkpoint

    mark = tmp_path / "mark"
    for name, save in (
        ("a.pt", torch.save),
        ("b.pt", lambda bomb, path: path.write_bytes(pickle.dumps(bomb))),
    ):
        save(Bomb(mark), tmp_path / name)
        with pytest.raises(ValueError, match="no checkpoint"):
            read_checkpoint(tmp_path / name, "a", "b")
    assert not mark.exists()


def test_labels_that_are_objects_run_nothing(tmp_path: Path) -> None:
    mark, objects = tmp_path / "mark", np.empty(1, object)
    objects[0] = Bomb(mark)
    np.savez(tmp_path / "labels.npz", allow_pickle=True, image=objects)
    with pytest.raises(ValueError, match="can't be read"):
        read_real_crops(tmp_path)
    assert not mark.exists()


def test_no_code_of_ours_unpickles_or_evaluates() -> None:
    """`models/hand/inert_pickle.py` alone reads others' pickles, and calls nothing they name.

    What a Ray cluster carries from one of our processes to the next is pickled by Ray in any case.
    """
    own = "cluster.py: task, item = pickle.loads(payload)  # of our own process, through Ray"
    forbidden = re.compile(
        r"pickle\.loads?\(|\bdill\b|joblib\.load|\beval\(|\bexec\(|allow_pickle=True|os\.system\("
        r"|shell=True|torch\.load\((?![^)]*weights_only=True)|np\.load\((?![^\n]*allow_pickle=False)"
    )
    files = [path for environment in ("app", "models") for path in (ROOT / environment).rglob("*.py")]
    allowed = re.compile(r"\.exec\(|\beval\(\)|application\.exec")  # Qt's loops, networks' mode
    found = [
        f"{path.name}: {line.strip()}"
        for path in files
        for line in path.read_text("utf-8").splitlines()
        if forbidden.search(allowed.sub("", line))
    ]
    assert found == [own]


@pytest.mark.parametrize("name", ["list.m3u8", "list.mp4", "ff.mp4"])
def test_a_playlist_opens_no_other_file(tmp_path: Path, name: str) -> None:
    other = write_clip(tmp_path / "other.ts", steady(10))
    hls = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.0,\n{other}\n#EXT-X-ENDLIST\n"
    (tmp_path / name).write_text("ffconcat version 1.0\nfile other.ts\n" if name == "ff.mp4" else hls)
    with pytest.raises(SourceError, match="not a readable video"):
        open_file(tmp_path / name)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "..", "a/../b", "\\\\host\\x", "\0", "con:"]
)
def test_names_are_never_paths(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of hands and cameras: they come from settings files and from what cameras call themselves."""
    assert re.fullmatch(r"[\w-]+", file_stem(name))
    monkeypatch.setenv("PALMISTRY_HOME", str(tmp_path))
    with pytest.raises(Exception, match="there is no hand named"):
        load_profile(name)


WATCHED = """
import os, sys

def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto") and arguments[0].family.name in ("AF_INET", "AF_INET6"):
        os.write(2, f"NETWORK {arguments[1]}\\n".encode())
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "urllib.Request"):
        os.write(2, f"NETWORK {event} {arguments[0]}\\n".encode())

sys.addaudithook(watch)
sys.argv = ["main.py", *sys.argv[1:]]
import main
from tests.paths import ROOT
sys.exit(main.run())
"""


@pytest.mark.skipif(not DEMO.exists(), reason="needs the demo clip")
@pytest.mark.parametrize("what", ["process", pytest.param("live", marks=pytest.mark.slow)])
def test_nothing_reaches_the_network(tmp_path: Path, what: str) -> None:
    """By what Python does; and in a network of its own, where the machine lets us make one."""
    clip = first_frames(DEMO, tmp_path / "in.mp4", 20)
    arguments = {
        "process": ["process", str(clip), "--out", str(tmp_path / "out.mp4")],
        "live": ["live", "--source", str(clip), "--quit-after", "6"],
    }[what]
    if what == "live":
        pytest.importorskip("PyQt6", reason="needs PyQt6")
    environment = os.environ | {
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    command = [sys.executable, "-c", WATCHED, *arguments]
    apart = ["unshare", "-rn"]
    try:
        can = subprocess.run([*apart, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        can = False
    done = subprocess.run(
        [*(apart if can else ()), *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert done.returncode == 0, done.stderr
    assert "NETWORK" not in done.stderr


@pytest.mark.skipif(platform.machine() not in ("x86_64", "aarch64"), reason="not known there")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux can refuse a thread its sockets")
def test_an_offline_thread_opens_no_socket_nor_do_those_it_starts() -> None:
    def fail_in_another() -> list[str]:
        said: list[str] = []

        def attempt() -> None:
            try:
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
            except OSError as error:
                said.append(error.strerror or "")

        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()
        return said

    offline = NoNetworkThread("no network")
    with pytest.raises(PermissionError):
        offline(socket.socket)
    assert offline(fail_in_another) == ["Permission denied"]
    assert fail_in_another() == []  # everybody else still may
    offline.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux tells of threads")
def test_every_thread_of_mediapipe_is_offline() -> None:
    """It sends figures of its use to its makers, and has no switch for it."""
    tasks = Path("/proc/self/task")
    before = {task.name for task in tasks.iterdir()}
    landmarker = HandLandmarker(False, 1)
    started = [task for task in tasks.iterdir() if task.name not in before]
    states = [re.findall(r"Seccomp:\t(\d)", (task / "status").read_text()) for task in started]
    landmarker.close()
    assert started
    assert states == [["2"]] * len(started)
