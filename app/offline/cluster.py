"""Tasks on a Ray cluster: each is done once, and tried elsewhere where its worker dies.

Ray is an optional extra (`pip install ray`). The machines share a disk, with program and videos at the
same places, and each has the program's packages. Nothing here schedules: Ray does.
"""

from __future__ import annotations

import importlib
import os
import pickle
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from app.errors import UserError

T = TypeVar("T")
R = TypeVar("R")

LOCAL = "local"
TRIES = 4  # of a task whose worker dies each time
_ROOT = Path(__file__).parents[2]
_REACHED_S = 5.0  # Ray itself tries for minutes
_LOOKED_S = 0.5
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",  # Ray would tell its makers of its use
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # or it warns of it on stderr
    "RAY_raylet_start_wait_time_s": "180",  # a busy machine needs longer to start a cluster of its own
    "RAY_worker_register_timeout_seconds": "300",
}


def check_address(text: str) -> str:
    """`local`, `auto`, HOST:PORT or ray://HOST:PORT. Raises UserError."""
    host, colon, port = text.removeprefix("ray://").rpartition(":")
    if text in (LOCAL, "auto") or (host and colon and port.isdecimal() and 0 < int(port[:6]) < 65536):
        return text
    raise UserError(f"--ray: expected {LOCAL}, auto, HOST:PORT or ray://HOST:PORT, got {text!r}")


@contextmanager
def cluster(address: str, cores: int) -> Iterator[ModuleType]:
    """Ray's module, joined to a cluster whose tasks take so many cores each. Raises UserError."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        ray: Any = importlib.import_module("ray")
    except ModuleNotFoundError as error:
        raise UserError("--ray needs Ray, which is not installed: pip install ray") from error
    _check_reachable(address)
    ended = signal.getsignal(signal.SIGTERM)
    here = {"include_dashboard": False} if address == LOCAL else {}
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", **here)
    except Exception as error:  # Ray raises all kinds, plain ones too
        said = " ".join(str(error).split())[:200]
        raise UserError(f"--ray {address}: no cluster can be joined there ({said})") from error
    signal.signal(signal.SIGTERM, ended)  # Ray has put its own in its place
    try:
        most = max((node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"]), default=0)
        if cores > most:
            raise UserError(f"--ray-cores {cores}: the cluster has no machine of more than {most:g}")
        yield ray
    finally:
        ray.shutdown()


def run_all(
    ray: ModuleType,
    task: Callable[[T], R],
    items: Sequence[T],
    cores: int,
    on_done: Callable[[int, R | None, str], None],
) -> None:
    """Run task(item) for all, on `cores` cores each; on_done(index, result, why it failed), as they end.

    task: a function of a module, so that workers can import it. When this is left early, tasks are ended.
    """
    remote = ray.remote(num_cpus=cores, max_retries=TRIES - 1)(_worker(str(_ROOT), os.getcwd(), cores))
    pending = {remote.remote(pickle.dumps((task, item))): index for index, item in enumerate(items)}
    try:
        while pending:
            ready, _ = ray.wait(list(pending), timeout=_LOOKED_S)
            for reference in ready:
                index = pending.pop(reference)
                try:
                    on_done(index, ray.get(reference), "")
                except ray.exceptions.RayError as error:
                    on_done(index, None, _reason(ray, error))
    finally:
        for reference in pending:
            ray.cancel(reference, force=True)


def _worker(root: str, folder: str, cores: int) -> Callable[[bytes], Any]:
    """What a worker runs: sent whole, for the worker has to be told where the program is first."""

    def work(payload: bytes) -> Any:
        import os
        import pickle
        import sys

        if root not in sys.path:
            sys.path.insert(0, root)
        os.chdir(folder)
        from app.offline.worker import prepare_worker

        prepare_worker(cores)
        task, item = pickle.loads(payload)  # of our own process, through Ray
        return task(item)

    return work


def _check_reachable(address: str) -> None:
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host:
        return
    try:
        socket.create_connection((host, int(port)), timeout=_REACHED_S).close()
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"--ray {address}: can't be reached ({reason}); is the cluster up?") from error


def _reason(ray: ModuleType, error: Exception) -> str:
    """A failure in one line."""
    cause = getattr(error, "cause", None)
    if cause is not None:  # of the task itself
        return f"{type(cause).__name__}: {' '.join(str(cause).split())[:300]}"
    if isinstance(error, ray.exceptions.TaskCancelledError):
        return "it was cancelled"
    if isinstance(error, ray.exceptions.LocalRayletDiedError):
        return "the cluster's own process on this machine has ended"
    return f"its worker died {TRIES} times ({type(error).__name__}); does the machine have enough memory?"
