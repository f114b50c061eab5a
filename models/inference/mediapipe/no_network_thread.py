"""A thread without a network, for libraries that talk to their makers and can't be told not to."""

from __future__ import annotations

import ctypes
import errno
import platform
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

# Linux: the audit name of an architecture, and the number of its system call `socket`.
_SOCKET = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2  # of prctl
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EACCES
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06  # of the filter's language: BPF


class _Step(ctypes.Structure):
    _fields_ = [
        ("code", ctypes.c_ushort), ("if_so", ctypes.c_ubyte), ("if_not", ctypes.c_ubyte), ("k", ctypes.c_uint)
    ]  # fmt: skip


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.POINTER(_Step))]


class NoNetworkThread:
    """Runs calls one after the other on a thread that can open no socket, nor can threads they start.

    Linux on x86-64 and ARM64; elsewhere it is a thread like any other. Other threads keep their network.
    """

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name, initializer=give_up_network)

    def __call__(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """What the function returns, or raises. RuntimeError once the thread has ended."""
        return self._executor.submit(function, *arguments, **named).result()

    def close(self) -> None:
        """End the thread."""
        self._executor.shutdown(wait=True)


def give_up_network() -> bool:
    """From now on this thread, and those it starts, are refused a socket. False where that can't be had."""
    known = _SOCKET.get(platform.machine())
    if not sys.platform.startswith("linux") or known is None:
        return False
    architecture, socket = known
    steps = (
        _Step(_LOAD, 0, 0, 4),  # the architecture
        _Step(_EQUAL, 1, 0, architecture),
        _Step(_RETURN, 0, 0, _ALLOW),
        _Step(_LOAD, 0, 0, 0),  # the system call
        _Step(_EQUAL, 0, 1, socket),
        _Step(_RETURN, 0, 0, _REFUSE),
        _Step(_RETURN, 0, 0, _ALLOW),
    )
    program = _Program(len(steps), (_Step * len(steps))(*steps))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return (
        prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0
        and prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0
    )
