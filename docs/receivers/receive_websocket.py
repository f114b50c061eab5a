"""Hands from `--stream ws://`, in Python (pip install websockets): prints the index tip."""

import json

from websockets.sync.client import connect

with connect("ws://127.0.0.1:8765/") as palmistry:
    print(json.loads(palmistry.recv()))  # {"palmistry": 1, "hand": "open", "units": "metres, camera frame"}
    for text in palmistry:
        frame = json.loads(text)
        for hand in frame["hands"]:
            print(frame["time_s"], hand["track"], hand["side"], hand["joints_3d_m"][8], flush=True)
