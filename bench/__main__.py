"""`python -m bench [NAME ...]`: measure the service on this machine and print one table beside its goals.

The cores are shared by broker, load and service, and by whatever else runs: only ratios within one run say much.
Nothing fails for being slow.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator

from bench import history, hotspots, influx, latency, memory, monitors, past, throughput
from bench.figures import Figure, table
from bench.scale import FULL, QUICK, Scale

RUNS: dict[str, Callable[[Scale], Iterator[Figure]]] = {
    "readings": throughput.readings,
    "production": throughput.production,
    "live": latency.live,
    "line": history.line,
    "recompute": history.recompute,
    "late": past.late,
    "history": past.history,
    "memory": memory.memory,
    "start": history.start,
    "machines": throughput.machines,
    "bad-input": throughput.bad_input,
    "monitors": monitors.monitors,
    "influx": influx.influx,
    "profile": hotspots.hotspots,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(RUNS)}; default: all")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="small runs, a minute or two")
    size.add_argument("--full", action="store_true", help="the size of the goals: a million messages, 10 GB of journal")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(RUNS):
        parser.error(f"no run {', '.join(sorted(unknown))}; there are {', '.join(RUNS)}")
    scale = QUICK if asked.quick else FULL if asked.full else Scale()
    figures: list[Figure] = []
    for name in asked.names or RUNS:
        began = time.monotonic()
        figures += RUNS[name](scale)
        print(f"{name}: done after {time.monotonic() - began:.0f} s", file=sys.stderr)
    print(f"\n{_machine()}\n\n{table(figures)}")
    return 0


def _machine() -> str:
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores, Python {platform.python_version()}; broker, load and service share the cores"
        f" (load average now {load:.1f}): trust ratios, not rates"
    )


if __name__ == "__main__":
    sys.exit(main())
