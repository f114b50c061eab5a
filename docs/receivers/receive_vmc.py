"""Bones from `--stream vmc://`, in Python (pip install python-osc): prints a bone."""

from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import BlockingOSCUDPServer


def bone(address: str, name: str, *values: float) -> None:
    if name == "RightIndexProximal":
        print(name, "x y z w", *values[3:], flush=True)


dispatcher = Dispatcher()
dispatcher.map("/VMC/Ext/Bone/Pos", bone)
BlockingOSCUDPServer(("127.0.0.1", 39539), dispatcher).serve_forever()
