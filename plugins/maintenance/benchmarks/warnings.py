"""Turbofans run to failure (C-MAPSS), without training: how many cycles before the end the first warning comes.

    python -m benchmarks warnings TRAIN                     # histories to failure
    python -m benchmarks warnings TEST --rul RUL            # histories that end before it, with the lives that are left

Files have 26 blank-separated columns: unit, cycle, 3 settings, 21 sensors. Useful is a warning 20 to 125 cycles before
the end. Of histories that end earlier, those with 20 cycles or less left are to be warned by then.
"""

from __future__ import annotations

import argparse
import gzip
from collections.abc import Sequence
from pathlib import Path

from benchmarks.recording import alarmed, assessments, rows_of
from edge_maintenance.table import Layout

COLUMNS = ("unit", "cycle", *(f"setting{n}" for n in (1, 2, 3)), *(f"s{n}" for n in range(1, 22)))
STEP_S = 3600.0
NEAREST, FARTHEST = 20, 125


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--rul", metavar="RUL", help="the lives that are left, one a line")


def run(options: argparse.Namespace) -> None:
    layout = Layout(sep=" ", columns=COLUMNS, time="cycle", time_scale=STEP_S, unit="unit")
    rows = rows_of(options.file, layout)
    alarms: dict[str, list[bool]] = {}
    for row, alarm in zip(rows, alarmed(assessments(rows, {"step_s": STEP_S})), strict=True):
        alarms.setdefault(row.unit, []).append(alarm)
    left = [0] * len(alarms) if options.rul is None else lives(options.rul)
    detectors = {
        "edge-maintenance": list(alarms.values()),
        "always": [[True] * len(one) for one in alarms.values()],
        "clock only (from cycle 100)": [[at >= 100 for at in range(len(one))] for one in alarms.values()],
    }
    print(f"{'detector':30}{'warned in time':>16}{'20..125':>9}{'too early':>11}   lead in cycles: 10 %, median, 90 %")
    for name, of_units in detectors.items():
        print(line(name, of_units, left))


def lives(path: str) -> list[int]:
    raw = Path(path).read_bytes()
    return [int(float(one)) for one in (gzip.decompress(raw) if path.endswith(".gz") else raw).split()]


def line(name: str, of_units: Sequence[Sequence[bool]], left: Sequence[int]) -> str:
    leads = [lead(alarms, rest) for alarms, rest in zip(of_units, left, strict=True)]
    must = [one for one, rest in zip(leads, left, strict=True) if rest <= NEAREST]
    warned = sorted(one for one in leads if one is not None)
    in_time = sum(one is not None and one >= NEAREST for one in must)
    inside = sum(NEAREST <= one <= FARTHEST for one in warned)
    early = sum(one > FARTHEST for one in warned)
    spread = (
        [str(warned[min(int(share * len(warned)), len(warned) - 1)]) for share in (0.1, 0.5, 0.9)] if warned else []
    )
    share = inside / max(len(warned), 1)
    return f"{name:30}{in_time:10} of {len(must):3}{share:9.0%}{early:11}   {', '.join(spread)}"


def lead(alarms: Sequence[bool], left: int) -> int | None:
    """Cycles from the first alarm to the end; None without one."""
    return len(alarms) - 1 - alarms.index(True) + left if True in alarms else None
