"""Machines that are made up: faults found and how soon, and false alarms a day; presets as they are.

    python -m benchmarks families [--seeds 1,2,3] [FAMILY...]

A fault is found where an alarm is open between its begin and its end; alarms that open before it, or without any fault,
are false. The last lines are streams of 79 days with four events each, scored like those of NAB. Develop with some
seeds, and judge with others.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from random import Random
from statistics import fmean, median

from benchmarks import made
from benchmarks.nab_score import false_alarms, score
from benchmarks.recording import alarmed, assessments, opened
from edge_maintenance.table import Row

MICRO = 1_000_000
BEGIN_S = 1_700_006_400
BEFORE, AFTER = 0.6, 1.4
"""Days of the window about the begin of an event of a stream."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=f"of {', '.join(made.FAMILIES)}; default: all")
    parser.add_argument("--seeds", type=lambda text: [int(one) for one in text.split(",")], default=[1, 2, 3])


def run(options: argparse.Namespace) -> None:
    print(f"{'family':16}{'fault':12}{'found':>8}{'delay in h':>12}{'false':>8}{'a day':>8}")
    for name in options.families or made.FAMILIES:
        family = made.FAMILIES[name]
        for fault in ("", *family.faults):
            print(f"{name:16}{fault or 'none':12}{line(family, fault, options.seeds)}", flush=True)
    if not options.families:
        streams(options.seeds)


def line(family: made.Family, fault: str, seeds: Sequence[int]) -> str:
    delays, false, days = [], 0, 0.0
    begin = family.begin * family.length_s if fault else family.length_s
    end = min(begin + family.lasts * family.length_s, family.length_s)
    for seed in seeds:
        rows = rows_of(family, seed, fault)
        alarms = alarmed(assessments(rows, signals=family.settings))
        times = [row.ts / MICRO - BEGIN_S for row in rows]
        hits = [at - begin for at, alarm in zip(times, alarms, strict=True) if alarm and begin <= at < end]
        delays += hits[:1]
        false += sum(times[at] < begin for at in opened(alarms))
        days += begin / made.DAY
    found = f"{len(delays)}/{len(seeds)}" if fault else ""
    return f"{found:>8}{f'{median(delays) / made.HOUR:.2f}' if delays else '':>12}{false:8}{false / days:8.2f}"


def rows_of(family: made.Family, seed: int, fault: str) -> list[Row]:
    dice = Random(f"{seed} {fault}")
    begin, ramp = family.begin * family.length_s, family.ramp * family.length_s
    end = begin + family.lasts * family.length_s

    def worse(name: str, t: float) -> float:
        return min((t - begin) / ramp, 1.0) if name == fault and begin <= t < end else 0.0

    signals = family.make(dice, worse)
    rows = []
    for step in range(int(family.length_s / family.step_s)):
        at = step * family.step_s
        values = signals(at)
        if family.missing:
            if dice.random() < family.missing or 0.30 < at / family.length_s < 0.32:
                continue
            at += dice.uniform(-0.2, 0.2) * family.step_s
        rows.append(Row(step, "", round((BEGIN_S + at) * MICRO), "", values))
    return rows


def streams(seeds: Sequence[int]) -> None:
    scores, found, false = [], 0, 0
    missed: list[str] = []
    for seed in seeds:
        values, events = made.stream(seed)
        rows = [
            Row(at, "", round((BEGIN_S + at * made.STREAM_STEP_S) * MICRO), "", {"value": value})
            for at, value in enumerate(values)
        ]
        a_day = made.DAY / made.STREAM_STEP_S
        windows = [(int((day - BEFORE) * a_day), int((day + AFTER) * a_day)) for day, _ in events]
        detections = opened(alarmed(assessments(rows)))
        hit = [any(first <= at <= last for at in detections) for first, last in windows]
        missed += [kind for (_, kind), one in zip(events, hit, strict=True) if not one]
        found += sum(hit)
        false += false_alarms(len(rows), windows, detections)
        scores.append(score(len(rows), windows, detections, 0.11))
    print(
        f"streams: score {fmean(scores):.1f}, {found} of {4 * len(seeds)} events, {false / len(seeds):.1f} false alarms"
    )
    print(f"missed: {', '.join(sorted(missed)) or 'none'}")
