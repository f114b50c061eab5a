"""The machine that was measured, so that its figures can be compared with others'."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import psutil

from app.render.gl.context import Context
from models.graphics import NoGraphics

_LIBRARIES = ("numpy", "opencv-contrib-python", "openvino", "onnxruntime", "mediapipe", "pyrender", "PyQt6")


@dataclass(frozen=True)
class Machine:
    """What figures depend on."""

    name: str  # processor and cores, in words
    memory_gb: float
    system: str
    python: str
    graphics: str  # OpenGL's renderer and version, or why there is none
    libraries: dict[str, str]
    load: float | None  # processes that wanted a core over the last minute, before anything was measured

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


def this_machine() -> Machine:
    """As it is now."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return Machine(
        machine_name(),
        round(psutil.virtual_memory().total / 2**30, 1),
        platform.platform(),
        platform.python_version(),
        _graphics(),
        {name: version for name in _LIBRARIES if (version := _version(name))},
        None if load is None else round(load, 2),
    )


def machine_name() -> str:
    """The processor and how many of its cores this process may use."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(errors="replace").splitlines()
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {cores} cores"


def _graphics() -> str:
    try:
        context = Context()
    except NoGraphics as error:
        return f"none ({error})"
    description = context.description
    context.close()
    return description


def _version(library: str) -> str | None:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None
