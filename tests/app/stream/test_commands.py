"""`process --stream` and the receivers of docs/receivers; bad addresses; streams that come and go."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from app.capture import open_file, source_path
from app.recorder import VideoWriter
from app.stream import PROTOCOLS, StreamSet, parse_address
from tests.app.commands.command_help import failing_line
from tests.app.stream.hands import free_port, moment
from tests.waiting import PATIENCE_S, wait_for

ROOT = Path(__file__).parents[3]
RECEIVERS = ROOT / "docs" / "receivers"


WAIT = """
import socket, time
from tests.waiting import PATIENCE_S, wait_for
for _ in range(1200):
    try:
        socket.create_connection(("127.0.0.1", {port})).close()
        break
    except OSError:
        time.sleep(0.05)
"""


def receiving(name: str, scheme: str, tmp_path: Path) -> tuple[subprocess.Popen[str], int]:
    """One of the documented receivers in a process of its own, on another port than everybody's."""
    port = free_port(socket.SOCK_STREAM if scheme == "ws" else socket.SOCK_DGRAM)
    script = (RECEIVERS / name).read_text().replace(str(PROTOCOLS[scheme].port), str(port))
    if scheme == "ws":  # a client needs its server first: try until it is there
        script = WAIT.format(port=port) + script
    command = [sys.executable, "-c", script]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=quiet, text=True), port


def is_taken(port: int) -> bool:
    """Whether somebody listens for datagrams there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        try:
            own.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


def process_demo(tmp_path: Path, address: str) -> dict:
    """`process` on the demo clip's first frames, streaming; its figures."""
    with closing(open_file(source_path("demo")).frames()) as frames:
        first = list(islice(frames, 12))
    height, width = first[0].image_rgb.shape[:2]
    writer = VideoWriter(tmp_path / "short.mp4", (width, height), live=False)
    for frame in first:
        writer.write(frame.image_rgb, frame.time_s, frame.duration_s)
    writer.close()
    command = [
        sys.executable,
        "main.py",
        "process",
        str(tmp_path / "short.mp4"),
        "--out",
        str(tmp_path / "o.mp4"),
        "--json",
    ]
    command += ["--effect", "none", "--stream", address]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "scheme", "pattern"),
    [("receive_osc.py", "osc", r"/hand/0/index_tip (-?\d\.\S+ ?){3}"),
     ("receive_vmc.py", "vmc", r"RightIndexProximal x y z w (-?\d\.\S+ ?){4}"),
     ("receive_websocket.py", "ws", r"\d\S* \d+ (right|left) \[.*\]")],
)  # fmt: skip
def test_the_documented_receivers_hear_a_running_process(
    tmp_path: Path, name: str, scheme: str, pattern: str
) -> None:
    receiver, port = receiving(name, scheme, tmp_path)
    watchdog = threading.Timer(PATIENCE_S, receiver.kill)
    try:
        if scheme != "ws":
            wait_for(lambda: is_taken(port))
        figures = process_demo(tmp_path, f"{scheme}://127.0.0.1:{port}")
        watchdog.start()
        assert receiver.stdout is not None
        assert any(re.fullmatch(pattern, line.strip()) for line in receiver.stdout)
    finally:
        watchdog.cancel()
        receiver.kill()
    told = figures["streams"][f"{scheme}://127.0.0.1:{port}"]
    assert told["sent"] > 0


def test_blenders_receiver_moves_empties(tmp_path: Path) -> None:
    """With a stand-in for Blender's module; the datagram is the stream's own."""
    (tmp_path / "bpy.py").write_text(
        "class Objects(dict):\n"
        "    def new(self, name, data):\n"
        "        self[name] = type('Empty', (), {'name': name, 'location': None})()\n"
        "        return self[name]\n"
        "objects = Objects()\n"
        "class Linked(dict):\n"
        "    def link(self, thing): self[thing.name] = thing\n"
        "class data: objects = objects\n"
        "class context:\n    class scene:\n        class collection: objects = Linked()\n"
        "class app:\n    class timers:\n"
        "        register = staticmethod(lambda poll: globals().update(poll=poll))\n"
    )
    port = free_port()
    script = (RECEIVERS / "in_blender.py").read_text().replace("9100", str(port))
    script += (
        "\nimport sys, time\nprint('ready', flush=True)\n"
        "while not bpy.objects: bpy.poll(); time.sleep(0.01)\n"
        "print(len(bpy.objects), *bpy.objects['right_0'].location, flush=True)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", script]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    streams = StreamSet(lambda line: None)
    streams.change([parse_address(f"udp+json://127.0.0.1:{port}")])
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        wait_for(lambda: process.poll() is not None, lambda: streams.show(moment(0)))
        count, *place = process.communicate(timeout=PATIENCE_S)[0].split()
    finally:
        process.kill()
        for stream in streams.change([]):
            stream.close()
    x, y, z = moment(0).hands[0].joints_m[0]
    assert count == "21"
    assert [float(v) for v in place] == pytest.approx([x, z, -y], abs=1e-4)


def test_touchdesigners_callback_fills_its_table() -> None:
    from app.export.formats.sidecar import as_json

    rows: list[list] = []
    table = type("Table", (), {"clear": rows.clear, "appendRow": rows.append})
    names: dict = {"op": {"hands": table}.get}
    exec((RECEIVERS / "in_touchdesigner.py").read_text(), names)
    names["onReceiveText"](None, 0, json.dumps({"palmistry": 1}))
    assert rows == []
    names["onReceiveText"](None, 0, json.dumps(as_json(moment(0), mesh=False)))
    assert len(rows) == 21
    assert rows[0][0] == "right_0"


@pytest.mark.parametrize("address", ["osc://no-such-host.invalid:9000", "http://x", "ws://127.0.0.1:99999"])
def test_a_bad_address_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], address: str) -> None:
    line = failing_line(capsys, "process", "demo", "--out", tmp_path / "o.mp4", "--stream", address)
    assert "mend the name" in line or "expected" in line
    assert list(tmp_path.iterdir()) == []


def test_a_port_in_use_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"ws://127.0.0.1:{other.getsockname()[1]}"
        line = failing_line(capsys, "process", "demo", "--out", tmp_path / "o.mp4", "--stream", address)
    assert "can't be served" in line
    assert list(tmp_path.iterdir()) == []


def test_streams_come_and_go_and_are_told_in_one_line() -> None:
    lines: list[str] = []
    streams = StreamSet(lines.append)
    here, away = parse_address(f"osc://127.0.0.1:{free_port()}"), parse_address("osc://192.0.2.1")
    try:
        streams.change([here, away])
        wait_for(lambda: lines and "another machine" in lines[-1])
        assert "Hands are sent to osc://192.0.2.1:9000, which is another machine" in lines[-1]
        for stream in streams.change([here]):
            stream.close()
        assert "another machine" not in lines[-1]
    finally:
        for stream in streams.change([]):
            stream.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "scheme", "pattern"),
    [("receive_osc.py", "osc", r"/hand/0/index_tip (-?\d\.\S+ ?){3}"),
     ("receive_vmc.py", "vmc", r"RightIndexProximal x y z w (-?\d\.\S+ ?){4}"),
     ("receive_websocket.py", "ws", r"\d\S* \d+ (right|left) \[.*\]")],
)  # fmt: skip
def test_the_documented_receivers_hear_a_live_window(
    tmp_path: Path, name: str, scheme: str, pattern: str
) -> None:
    """The window itself, on Qt's offscreen platform, playing the demo."""
    receiver, port = receiving(name, scheme, tmp_path)
    command = [sys.executable, "main.py", "live", "--source", "demo", "--effect", "none"]
    command += ["--stream", f"{scheme}://127.0.0.1:{port}", "--quit-after", "120"]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(tmp_path)}
    window = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    watchdog = threading.Timer(100, receiver.kill)
    watchdog.start()
    try:
        assert receiver.stdout is not None
        heard = ""
        for line in receiver.stdout:
            if re.fullmatch(pattern, line.strip()):
                heard = line
                break
        assert heard
        assert window.poll() is None
    finally:
        watchdog.cancel()
        receiver.kill()
        window.terminate()
        said = window.communicate(timeout=60)[1]
    assert "Traceback" not in said
