"""A pump with faults (SKAB): outliers by row, pooled over the files, beside controls.

    python -m benchmarks skab [--free ANOMALY-FREE.csv] FILE...

The first 400 rows of a file calibrate, the rest is scored against its column `anomaly`; all files are pooled. The long
run without anomalies is scored after 400 s and after 20 min of learning: share of time in alarm, and alarms.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence

from benchmarks.recording import alarmed, assessments, controls, frozen, opened, rows_of
from edge import Assessment
from edge_maintenance.table import Layout

CALIBRATION = 400
LABELS = ("anomaly", "changepoint")
LEARNED = (400, 1200)
FLOW = "Flow"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--free", metavar="FILE", help="a run without anomalies")


def run(options: argparse.Namespace) -> None:
    counts: dict[str, Counter[str]] = {}
    explained = valves = 0
    for path in options.files:
        rows = rows_of(path, Layout(ignore=LABELS))
        labels = [row.values["anomaly"] > 0 for row in rows_of(path, Layout(signals=("anomaly",)))]
        said = assessments(rows, {"learn_s": CALIBRATION})
        alarms = {"edge-maintenance": alarmed(said), **controls(rows, CALIBRATION)}
        for name, alarm in alarms.items():
            counts.setdefault(name, Counter()).update(confusion(alarm[CALIBRATION:], labels[CALIBRATION:]))
        if "valve" in path:
            valves += 1
            explained += explains(said, labels)
    print(f"{'detector':28}{'F1':>7}{'FAR %':>8}{'MAR %':>8}   ({len(options.files)} files)")
    for name, count in counts.items():
        print(f"{name:28}{f1(count):7.3f}{far(count):8.1f}{mar(count):8.1f}")
    if valves:
        print(f"flow among the two strongest reasons, most of the time in alarm: {explained} of {valves} valve runs")
    if options.free:
        free_run(options.free)


def confusion(alarms: Sequence[bool], labels: Sequence[bool]) -> Counter[str]:
    """Of true and false, positive and negative: tp, fp, tn, fn."""
    names = {(True, True): "tp", (True, False): "fp", (False, True): "fn", (False, False): "tn"}
    return Counter(names[pair] for pair in zip(alarms, labels, strict=True))


def f1(count: Counter[str]) -> float:
    return 2 * count["tp"] / max(2 * count["tp"] + count["fp"] + count["fn"], 1)


def far(count: Counter[str]) -> float:
    """Share of the normal rows that are alarmed, in percent."""
    return 100 * count["fp"] / max(count["fp"] + count["tn"], 1)


def mar(count: Counter[str]) -> float:
    """Share of the anomalous rows that are missed, in percent."""
    return 100 * count["fn"] / max(count["fn"] + count["tp"], 1)


def explains(said: Sequence[Assessment], labels: Sequence[bool]) -> bool:
    """Whether the flow is among the two strongest reasons in most alarmed rows of the anomaly."""
    reasons = [one.reasons[:2] for one, label in zip(said, labels, strict=True) if label and one.reasons]
    named = sum(any(FLOW in reason.signal for reason in two) for two in reasons)
    return named * 2 > len(reasons)


def free_run(path: str) -> None:
    rows = rows_of(path, Layout(ignore=LABELS))
    print(f"\n{'without anomalies':28}{'learned':>9}{'in alarm %':>12}{'alarms':>8}")
    for learned in LEARNED:
        own = alarmed(assessments(rows, {"learn_s": learned}))
        for name, alarm in (("edge-maintenance", own), ("frozen baseline", frozen(rows, learned))):
            scored = alarm[learned:]
            print(f"{name:28}{learned:7} s{100 * sum(scored) / len(scored):12.2f}{len(opened(scored)):8}")
