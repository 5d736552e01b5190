"""Streams with windows of anomalies (NAB): its own score, windows found and false alarms, beside controls.

    python -m benchmarks nab [--windows windows.json] FILE...

A detection is the reading at which an alarm opens. Windows are found by the ends of the files' paths; a file that is
not in them has none, and every alarm in it is false.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.nab_score import PROFILES, Window, false_alarms, probation, score
from benchmarks.recording import alarmed, assessments, controls, opened, rows_of
from edge_maintenance.cells import instant_us
from edge_maintenance.table import Layout, Row

DAY_US = 86_400_000_000


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--windows", metavar="JSON", help="windows by file, as labels/combined_windows.json has them")


def run(options: argparse.Namespace) -> None:
    known = json.loads(Path(options.windows).read_text(encoding="utf-8")) if options.windows else {}
    heads = "".join(f"{name:>10}" for name in PROFILES)
    print(f"{'file':42}{'detector':28}{heads}{'found':>8}{'false':>7}{'a day':>8}")
    for path in options.files:
        rows = rows_of(path, Layout())
        windows = windows_of(rows, next((found for name, found in known.items() if name in path), []))
        detectors = {"edge-maintenance": alarmed(assessments(rows)), **controls(rows, probation(len(rows)))}
        for name, alarms in detectors.items():
            print(line(Path(path).name.removesuffix(".gz"), name, rows, windows, opened(alarms)))


def windows_of(rows: Sequence[Row], spans: Sequence[Sequence[str]]) -> list[Window]:
    found = []
    for first, last in spans:
        begin, end = instant_us(first, None), instant_us(last, None)
        inside = [at for at, row in enumerate(rows) if begin <= row.ts <= end]
        found.append((inside[0], inside[-1]))
    return sorted(found)


def line(file: str, name: str, rows: Sequence[Row], windows: list[Window], detections: list[int]) -> str:
    size = len(rows)
    scores = [score(size, windows, detections, weight) for weight in PROFILES.values()]
    found = sum(any(first <= at <= last for at in detections) for first, last in windows)
    false = false_alarms(size, windows, detections)
    days = (rows[-1].ts - rows[probation(size)].ts) / DAY_US
    shown = "".join(f"{value:10.1f}" for value in scores)
    return f"{file:42}{name:28}{shown}{found:5}/{len(windows)}{false:8}{false / max(days, 1e-9):8.2f}"
