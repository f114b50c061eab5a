"""Hands from `--stream udp+json://` in Blender: run in its text editor. 21 empties for each hand."""

import json
import socket

import bpy

inbox = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
inbox.bind(("127.0.0.1", 9100))
inbox.setblocking(False)


def poll() -> float:
    frame = {"hands": []}
    while True:  # the newest that has come
        try:
            frame = json.loads(inbox.recv(65536))
        except BlockingIOError:
            break
    for hand in frame["hands"]:
        for number, (x, y, z) in enumerate(hand["joints_3d_m"]):
            name = f"{hand['side']}_{number}"
            empty = bpy.data.objects.get(name) or bpy.data.objects.new(name, None)
            if empty.name not in bpy.context.scene.collection.objects:
                empty.empty_display_size = 0.005
                bpy.context.scene.collection.objects.link(empty)
            empty.location = (x, z, -y)  # Blender's z is up, and it looks along y
    return 1 / 60


bpy.app.timers.register(poll)
