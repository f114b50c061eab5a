"""Hands from `--stream osc://`, in Python (pip install python-osc): prints the index tip."""

from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import BlockingOSCUDPServer

dispatcher = Dispatcher()
dispatcher.map("/hand/*/index_tip", lambda address, x, y, z: print(address, x, y, z, flush=True))
dispatcher.map("/hand/*/present", lambda address, here: print(address, here, flush=True))
BlockingOSCUDPServer(("127.0.0.1", 9000), dispatcher).serve_forever()
