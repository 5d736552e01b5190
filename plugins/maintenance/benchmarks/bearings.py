"""Bearings run to failure (IMS): how long before the end each channel's first alarm opens, beside the plain rule.

    python -m benchmarks bearings FILE...

A table with a column of times and one column of vibration (RMS or mean absolute) for each channel; each is watched
alone and all together. The plain rule of practitioners: the median of 5 snapshots above 1.5 times the mean of the
first 100.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean, median

from benchmarks.recording import alarmed, assessments, opened, rows_of
from edge_maintenance.table import Layout, Row

HOUR_US = 3_600_000_000
RULE, RULE_BASE, RULE_OF = 1.5, 100, 5


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE")


def run(options: argparse.Namespace) -> None:
    for path in options.files:
        rows = rows_of(path, Layout())
        kinds = {name: {"kind": "vibration"} for name in rows[0].values}
        print(f"\n{Path(path).name}: hours before the end at which alarms open; share of the life gone at the first")
        for name in rows[0].values:
            alone = [replace(row, values={name: row.values[name]}) for row in rows]
            said = alarmed(assessments(alone, signals=kinds))
            print(f"{name:24}{shown(rows, opened(said)):36} rule x1.5: {shown(rows, opened(by_rule(alone, name))[:1])}")
        print(f"{'all together':24}{shown(rows, opened(alarmed(assessments(rows, signals=kinds))))}")


def by_rule(rows: Sequence[Row], name: str) -> list[bool]:
    values = [row.values[name] for row in rows]
    base = fmean(values[:RULE_BASE])
    return [at >= RULE_BASE and median(values[at - RULE_OF + 1 : at + 1]) > RULE * base for at in range(len(values))]


def shown(rows: Sequence[Row], at: Sequence[int]) -> str:
    end = rows[-1].ts
    hours = ", ".join(f"{(end - rows[one].ts) / HOUR_US:.1f}" for one in at[:5])
    return f"{hours} ({at[0] / len(rows):.0%})" if at else "no alarm"
