"""OSC, VMC and JSON over UDP, read by independent implementations in processes of their own."""

import json
import socket
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from app.export.joint_names import JOINT_NAMES
from app.stream import Stream, StreamNews, parse_address
from app.stream.slots import HandSlots
from app.stream.vmc import BONES, Bones, tpose_rotations
from models.hand.hand_data import load_open_hand
from models.hand.poser import HandPoser
from tests.app.stream.hands import free_port, hand_of, lines, moment, receiver
from tests.waiting import least_cpu_s, wait_for

OSCPY = """
    import json, sys
    from oscpy import parser
    import socket
    inbox = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    inbox.bind(("127.0.0.1", int(sys.argv[1])))
    print("ready", flush=True)
    while True:
        datagram = inbox.recv(65536)
        _, messages = parser.read_bundle(datagram)
        said = [[str(a.decode()), [v.decode() if isinstance(v, bytes) else v for v in values]]
                for a, _, values, _ in messages]
        print(json.dumps({"bytes": len(datagram), "messages": said}), flush=True)
"""


def oscpy_bundles(scheme: str, show_hands: object, count: int) -> list[dict]:
    pytest.importorskip("oscpy", reason="oscpy, an OSC reader that is not ours, is not installed")
    port = free_port()
    stream = Stream(parse_address(f"{scheme}://127.0.0.1:{port}"), lambda news: None)
    try:
        with receiver(OSCPY, port) as process:
            said = lines(process, count, lambda n: stream.show(moment(n, *show_hands(n))))  # type: ignore[operator]
    finally:
        stream.close()
    return [json.loads(line) for line in said]


def test_osc_is_read_by_another_implementation() -> None:
    bends = np.zeros((16, 3))
    bends[4:7, 0] = 0.4
    right, left = hand_of(bends, "right", 7), hand_of(bends, "left", 9)
    bundles = oscpy_bundles("osc", lambda n: (right, left), 15)
    assert max(b["bytes"] for b in bundles) <= 1472  # one Ethernet packet
    values = {address: said for bundle in bundles for address, said in bundle["messages"]}
    assert values["/hands"] == [2]
    assert values["/hand/0/track"] == [7]
    assert (values["/hand/0/is_right"], values["/hand/1/is_right"]) == ([1], [0])
    for slot, hand in enumerate((right, left)):
        joints = np.array([values[f"/hand/{slot}/{name}"] for name in JOINT_NAMES])
        assert np.abs(joints - hand.joints_m).max() < 1e-6
        pixels = np.array([values[f"/hand/{slot}/px/{name}"] for name in JOINT_NAMES])
        assert np.abs(pixels - hand.joints_2d_px).max() < 1e-4
    assert all(bundle["messages"][0][0] == "/frame" for bundle in bundles)


def test_a_hand_that_goes_is_said_to_be_absent() -> None:
    hand = hand_of(np.zeros((16, 3)))
    bundles = oscpy_bundles(
        "osc", lambda n: (hand,) if n < 5 else (hand_of(np.zeros((16, 3)), "left", 4),), 40
    )
    assert {m[1][0] for b in bundles for m in b["messages"] if m[0] == "/hand/0/track"} == {0, 4}


def test_slots_are_kept_and_reused() -> None:
    slots, flat = HandSlots(), np.zeros((16, 3))
    a, b, c = (hand_of(flat, track=track) for track in (3, 8, 11))
    assert slots.place([a, b]) == {0: a, 1: b}
    assert slots.place([b]) == {1: b}
    assert slots.place([c, b]) == {0: c, 1: b}
    assert slots.used == 2


@pytest.mark.parametrize("side", ["right", "left"])
def test_vmc_bones_pose_an_avatar_as_the_hand_is(side: str) -> None:
    """Forward kinematics by Unity's rules, from the datagrams alone, and compared with the joints."""
    rng = np.random.default_rng(3)
    bends = rng.uniform(-0.4, 0.4, (16, 3))
    bends[0] = [0.5, -0.8, 2.0]
    hand = hand_of(bends, side)  # type: ignore[arg-type]
    bundles = oscpy_bundles("vmc", lambda n: (hand,), 8)
    assert max(b["bytes"] for b in bundles) <= 1472
    messages = [m for b in bundles for m in b["messages"]]
    assert ["/VMC/Ext/OK", [1, 3, 0, 1]] in messages
    bones = {said[0]: said[1:] for address, said in messages if address == "/VMC/Ext/Bone/Pos"}
    names = [side.capitalize() + name for name in BONES]
    assert set(bones) == set(names)
    tracker = next(said for address, said in messages if address == "/VMC/Ext/Tra/Pos")
    assert tracker[0] == f"palmistry_{side}"
    data = HandPoser().hand
    at, turned = [np.array(tracker[1:4])], [Rotation.from_quat(bones[names[0]][3:])]
    for j in range(1, 16):
        parent = int(data.parents[j])
        place, quaternion = bones[names[j]][:3], bones[names[j]][3:]
        at.append(at[parent] + turned[parent].apply(place))
        turned.append(turned[parent] * Rotation.from_quat(quaternion))
    # Unity's frame seen from the camera: a reflection in the origin.
    flip = np.array([-1, 1, 1]) if side == "left" else np.ones(3)
    pose = HandPoser()(hand)
    assert np.abs(-np.array(at) - pose.joints_m * flip).max() < 1e-4


def test_vmc_finds_the_bones_of_a_hand_without_a_pose() -> None:
    """As networks that see nothing but a mesh have it: within degrees, and the wrist within millimetres."""
    bends = np.random.default_rng(4).uniform(-0.4, 0.4, (16, 3))
    bones = Bones(load_open_hand())
    for side in ("right", "left"):
        hand = hand_of(bends, side)
        wrist, places, turns = bones(replace(hand, pose=None))
        true_wrist, true_places, true_turns = bones(hand)
        off = Rotation.from_quat(turns) * Rotation.from_quat(true_turns).inv()
        assert np.degrees(off.magnitude()).max() < 15
        assert np.degrees(off.magnitude()).mean() < 5
        assert np.linalg.norm(wrist - true_wrist) < 0.01
        assert np.abs(places - true_places).max() < 1e-6


def test_a_hand_in_the_tpose_turns_nothing() -> None:
    """Palm down, fingers to the person's right: what VRM calls rest."""
    fingers, back, thumb = [-1.0, 0, 0], [0, -1.0, 0], [0, 0, -1.0]
    turn = Rotation.from_matrix(np.array([thumb, [-f for f in fingers], back]).T).as_rotvec()
    hand = hand_of(np.concatenate([[turn], np.zeros((15, 3))]))
    assert (
        hand.joints_m[9][0] < hand.joints_m[0][0] - 0.05
    )  # the middle knuckle is at the wrist's left in the picture
    assert np.abs(tpose_rotations(HandPoser()(hand).rotations, "right") - np.eye(3)).max() < 1e-5


def test_vmc_is_read_by_a_vmc_implementation() -> None:
    """Another idea of the protocol than ours. Its licence (AGPL) keeps it out of our requirements."""
    events = pytest.importorskip(
        "vmcp.events", reason="vmcp, a VMC reader, is not installed (pip install vmcp)"
    )
    hands = hand_of(np.zeros((16, 3))), hand_of(np.zeros((16, 3)), "left", 1)
    bundles = oscpy_bundles("vmc", lambda n: hands, 6)
    kinds = {
        kind.ADDRESS_PATTERN: kind
        for kind in (events.BoneTransformEvent, events.StateEvent, events.RelativeTimeEvent)
    }
    read = [
        kinds[address].from_message_data("test", address, tuple(values))
        for bundle in bundles
        for address, values in bundle["messages"]
        if address in kinds
    ]
    bones = {event.joint.value for event in read if isinstance(event, events.BoneTransformEvent)}
    assert bones == {side + name for side in ("Right", "Left") for name in BONES}
    trackers = [m for b in bundles for m in b["messages"] if m[0].startswith("/VMC/Ext/Tra")]
    assert events.DeviceTransformEvent.from_message_data("test", trackers[0][0], tuple(trackers[0][1]))


def test_json_datagrams_hold_the_sidecars_frame() -> None:
    port = free_port()
    script = """
        import socket, sys
        inbox = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        inbox.bind(("127.0.0.1", int(sys.argv[1])))
        print("ready", flush=True)
        while True: print(inbox.recv(65536).decode(), flush=True)
    """
    hand = hand_of(np.zeros((16, 3)))
    stream = Stream(parse_address(f"udp+json://127.0.0.1:{port}"), lambda news: None)
    try:
        with receiver(script, port) as process:
            said = lines(process, 3, lambda n: stream.show(moment(n, hand)))
    finally:
        stream.close()
    frame = json.loads(said[-1])
    assert len(said[-1]) < 1472
    assert frame["camera"]["width"] == 640
    assert np.abs(np.array(frame["hands"][0]["joints_3d_m"]) - hand.joints_m).max() < 1e-5
    assert "vertices_m" not in frame["hands"][0]


def test_nobody_listening_is_said_once_and_withdrawn() -> None:
    port = free_port()
    news: list[StreamNews] = []
    stream = Stream(parse_address(f"udp+json://127.0.0.1:{port}"), news.append)
    try:
        wait_for(lambda: any(n.fault for n in news), lambda: stream.show(moment(0)))
        for n in range(10):
            stream.show(moment(n))
            time.sleep(0.02)
        faults = [n for n in news if n.fault]
        assert [n.text for n in faults] == [f"udp+json://127.0.0.1:{port}: nobody listens there yet"]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inbox:
            inbox.bind(("127.0.0.1", port))
            wait_for(lambda: not news[-1].fault, lambda: stream.show(moment(0)))
        assert news[-1] == StreamNews("", False)
    finally:
        stream.close()


@pytest.mark.parametrize("scheme", ["osc", "vmc", "udp+json"])
def test_a_frame_costs_far_less_than_two_milliseconds(scheme: str) -> None:
    """Of the thread that has the hands, which sends them itself; tools.measure_stream has the whole way."""
    hand = hand_of(np.zeros((16, 3)))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inbox:
        inbox.bind(("127.0.0.1", 0))
        address = parse_address(f"{scheme}://127.0.0.1:{inbox.getsockname()[1]}")
        stream = Stream(address, lambda news: None)
        stream.wait_open()
        try:
            assert least_cpu_s(lambda: stream.show(moment(0, hand))) < 1e-3
        finally:
            stream.close()


def test_a_stream_ends_while_frames_come() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inbox:
        inbox.bind(("127.0.0.1", 0))
        address, frame = parse_address(f"osc://127.0.0.1:{inbox.getsockname()[1]}"), moment(0)
        news: list[StreamNews] = []
        for _ in range(5):
            stream, stop = Stream(address, news.append), threading.Event()

            def feed(stream: Stream = stream, stop: threading.Event = stop) -> None:
                while not stop.is_set():
                    stream.show(frame)

            feeder = threading.Thread(target=feed)
            feeder.start()
            wait_for(lambda stream=stream: stream.sent > 3)
            stream.close()
            left_out = stream.left_out
            wait_for(lambda stream=stream, left_out=left_out: stream.left_out > left_out + 3)
            stop.set()
            feeder.join()
        assert not [n for n in news if n.fault]


def test_another_machine_is_said_while_it_is_on() -> None:
    news: list[StreamNews] = []
    stream = Stream(parse_address("osc://192.0.2.1:9000"), news.append)
    stream.wait_open()
    stream.close()
    assert "another machine" in news[0].text
    assert not news[0].fault
