"""Hands from `--stream ws://` in TouchDesigner: callbacks of a WebSocket DAT (address 127.0.0.1, port 8765).

Fills a Table DAT named `hands`, a row a joint; a DAT to CHOP makes channels of it. Without any script, an
OSC In CHOP (port 9000) has the channels of `--stream osc://` at once: hand/0/index_tip1, 2, 3 are x, y, z.
"""

import json


def onReceiveText(dat, rowIndex, message):
    frame = json.loads(message)
    table = op("hands")  # noqa: F821 (TouchDesigner's)
    if "hands" not in frame:
        return
    table.clear()
    for hand in frame["hands"]:
        for number, (x, y, z) in enumerate(hand["joints_3d_m"]):
            table.appendRow([f"{hand['side']}_{number}", x, -y, -z])  # y up, z towards the viewer
