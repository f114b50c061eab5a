"""What this process takes of the machine."""

from __future__ import annotations

import time
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Usage:
    """Since the last reading."""

    cores: float  # kept busy, on average: 1.5 is one and a half of them
    memory_mb: float  # resident now, MiB


class UsageMeter:
    """Reads what the process takes. One thread."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._looked_s, self._cpu_s = time.monotonic(), self._busy_s()
        self._usage = Usage(0.0, self._memory_mb())

    def read(self, least_s: float = 0.0) -> Usage:
        """The figures since the last call; the same ones again where that was less than `least_s` ago."""
        now_s = time.monotonic()
        passed_s = now_s - self._looked_s
        if passed_s > max(least_s, 0.0):
            cpu_s = self._busy_s()
            self._usage = Usage((cpu_s - self._cpu_s) / passed_s, self._memory_mb())
            self._looked_s, self._cpu_s = now_s, cpu_s
        return self._usage

    def _busy_s(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def _memory_mb(self) -> float:
        return float(self._process.memory_info().rss) / 2**20
