"""Damages files and reads them: `python -m tests.fuzz.run [--count 200] [--first 0] [FORMAT ...]`.

A process of its own, so that a crash in a library is seen as one. The last line says which file it was: the
same numbers make the same file again. Status 1 where a reader raised what it must not, or took too long.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
import zlib
from pathlib import Path

from main import prepare_process
from tests.fuzz.mutations import mutated

MOST_BYTES = 6 << 30  # memory of this process


def limit_memory() -> None:
    """What would take all memory fails in time."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))


def main() -> int:
    """Run; how many were read all the same, refused, and wrongly failed."""
    parser = argparse.ArgumentParser(description="damages files and reads them")
    parser.add_argument("formats", nargs="*")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    arguments = parser.parse_args()
    prepare_process()
    limit_memory()
    from tests.fuzz.formats import formats

    faults = 0
    for name, kind in formats().items():
        if arguments.formats and name not in arguments.formats:
            continue
        with tempfile.TemporaryDirectory(prefix="palmistry-fuzz-") as folder:
            path = Path(folder) / kind.name
            kind.make(path)
            kind.read(path)  # the good one
            good, read, refused, slowest_s = path.read_bytes(), 0, 0, 0.0
            for number in range(arguments.first, arguments.first + arguments.count):
                print(f"{name} {number}", file=sys.stderr, flush=True)
                path.write_bytes(mutated(good, zlib.crc32(name.encode()) + number, number % 3 == 0))
                started_s = time.process_time()
                try:
                    kind.read(path)
                    read += 1
                except kind.may_raise:
                    refused += 1
                except Exception:
                    faults += 1
                    print(f"FAULT {name} --first {number}: {traceback.format_exc()}", flush=True)
                took_s = time.process_time() - started_s
                slowest_s = max(slowest_s, took_s)
                if took_s > kind.most_s:
                    faults += 1
                    print(f"FAULT {name} --first {number}: took {took_s:.1f} s", flush=True)
        print(f"{name:14} {read:5} read {refused:5} refused   slowest {1e3 * slowest_s:6.0f} ms", flush=True)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
