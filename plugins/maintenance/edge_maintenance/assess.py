"""Run the monitor over a recording: one JSON object a row."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import json
import math
import sys
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from edge import Assessment, Observation, Reason, RemainingLife, Watched
from edge_maintenance import life_model
from edge_maintenance.limits import ZONES
from edge_maintenance.monitor import Maintenance
from edge_maintenance.presets import KINDS, PRESETS
from edge_maintenance.table import Row, Table, TableError, layout_of, open_table, seconds
from edge_maintenance.table import add_options as add_table_options

SETTINGS: Mapping[str, tuple[Collection[str], str]] = {
    "kind": (KINDS, "what all signals measure, or one"),
    "bad": (("up", "down", "both"), "the direction that is bad"),
    "low": ((), "the limit below which a value is bad, in its unit"),
    "high": ((), "the limit above which a value is bad"),
    "iso_class": (ZONES, "class of the machine by ISO 20816, of vibration in mm/s"),
    "preset": (PRESETS, "time constants"),
}
"""Settings of a signal as in the plant file: the words that there are, none for a number; and what it is."""


def option(key: str) -> str:
    return f"--{key.replace('_', '-')}"


def add_options(parser: argparse.ArgumentParser) -> None:
    add_table_options(parser)
    add = parser.add_argument
    for key, (words, text) in SETTINGS.items():
        known = f": {', '.join(words)}" if words else ""
        add(option(key), action="append", default=[], metavar="VALUE|SIGNAL=VALUE", help=f"{text}{known}")
    add("--learn", type=seconds, metavar="TIME", help="how long to learn, such as 20min (default: of the preset)")
    add("--model", metavar="FILE", help="model file for the remaining life")
    add("--max-life", type=float, metavar="N", help="cap of the remaining life")


def run(options: argparse.Namespace) -> None:
    """Raises TableError for a file, a column or a name that is not there."""
    with open_table(options.file, layout_of(options)) as table:
        for note in table.notes:
            say(note)
        for line in lines(table, options):
            sys.stdout.write(line + "\n")


def lines(table: Table, options: argparse.Namespace) -> Iterator[str]:
    """The assessment of each row, as JSON."""
    check_model(table, options.model)
    settings = {
        "learn_s": options.learn,
        "step_s": table.layout.time_scale,
        "model": options.model,
        "max_life": options.max_life,
    }
    scale = table.layout.time_scale or 1.0
    signals = signal_settings(table, options)
    monitors: dict[str, Maintenance] = {}
    last: dict[str, int] = {}
    first: dict[str, int] = {}
    for row in table.rows:
        monitor = monitors.get(row.unit)
        if monitor is None:
            monitor = monitors[row.unit] = Maintenance(Watched(row.unit or "machine", settings, signals))
        ts = last[row.unit] = last.get(row.unit, 0) if row.ts is None else row.ts
        age_s = (ts - first.setdefault(row.unit, ts)) / 1e6
        seen = Observation(
            row.unit, ts, "reading", row.values, state="running", run_s=age_s, cycles=round(age_s / scale)
        )
        said = monitor.assess(seen)
        yield json.dumps(as_row(row, said, table), allow_nan=False)


def check_model(table: Table, path: str | None) -> None:
    """Raises TableError where the model can say nothing of this table; a note where it has to do with less."""
    model = life_model.model_at(path)
    lacks = [] if model is None else life_model.lacking(model, table.signals)
    if not lacks or model is None:
        return
    text = f"{table.path}: --model {path}: the table has no column {', '.join(lacks)}"
    if {*model.file.regimes.signals} & {*lacks} or {*model.file.signals} <= {*lacks}:
        raise TableError(f"{text}; the columns are {', '.join(table.signals)}")
    say(f"{text}; lives are said without")


def say(text: str) -> None:
    sys.stderr.write(f"edge-maintenance assess: {text}\n")


def signal_settings(table: Table, options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Signal: its settings as asked for, later options over earlier ones."""
    found: dict[str, dict[str, Any]] = {name: {} for name in table.signals}
    for key in SETTINGS:
        for text in getattr(options, key):
            signal, _, value = text.rpartition("=")
            if signal and signal not in found:
                raise TableError(f"{table.path}: {option(key)}: no signal {signal!r}; there are {', '.join(found)}")
            for name in [signal] if signal else found:
                found[name][key] = setting(table, key, value)
    for name, one in found.items():
        check_limits(table, name, one)
    return found


def setting(table: Table, key: str, value: str) -> str | float:
    """The value of an option; TableError with what would be right."""
    words, _ = SETTINGS[key]
    if value in words:
        return value
    if not words:
        with contextlib.suppress(ValueError):
            if math.isfinite(number := float(value)):
                return number
        raise TableError(f"{table.path}: {option(key)}: {value!r} is no number")
    near = difflib.get_close_matches(value, words, 1, 0.5)
    hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(words)}"
    raise TableError(f"{table.path}: {option(key)}: no {key} {value!r}{hint}")


def check_limits(table: Table, name: str, settings: Mapping[str, Any]) -> None:
    """What the plant file refuses is refused here: TableError."""
    low, high = settings.get("low"), settings.get("high")
    if low is not None and high is not None and low >= high:
        raise TableError(f"{table.path}: --high: {high:g} of {name} must be greater than its low ({low:g})")
    kind = settings.get("kind", "vibration")
    if settings.get("iso_class") is not None and kind != "vibration":
        raise TableError(f"{table.path}: --iso-class: is for signals of kind vibration, not {kind} ({name})")


def as_row(row: Row, said: Assessment, table: Table) -> dict[str, Any]:
    """What is written of one row."""
    life = said.life
    return {
        "ts": when(row, table),
        "unit": row.unit or None,
        "state": said.state,
        "score": rounded(said.score),
        "health": rounded(said.health),
        "rul": None if life is None or life.value is None else life_as_row(life),
        "reasons": [reason_as_row(reason, table) for reason in said.reasons],
    }


def when(row: Row, table: Table) -> Any:
    """The time as RFC 3339, or as the column has it where that counts cycles or hours."""
    return None if row.ts is None else instant(row.ts, table)


def instant(ts: int, table: Table) -> Any:
    scale = table.layout.time_scale
    if scale is not None or table.time is None:
        return rounded(ts / 1e6 / (scale or 1.0))
    return datetime.fromtimestamp(ts / 1e6, UTC).isoformat().replace("+00:00", "Z")


def reason_as_row(reason: Reason, table: Table) -> dict[str, Any]:
    """`text` is there where it is no deviation from the baseline, such as a limit."""
    found = {
        "signal": reason.signal,
        "value": rounded(reason.value),
        "expected": rounded(reason.expected),
        "change_pct": rounded(reason.change_pct),
        "sigma": rounded(reason.sigma),
        "since": None if reason.since is None else instant(reason.since, table),
    }
    return found | {"text": reason.text} if reason.text else found


def life_as_row(life: RemainingLife) -> Mapping[str, Any]:
    """`text` is there where something has to be said of the numbers."""
    found = {
        "value": rounded(life.value),
        "low": rounded(life.low),
        "high": rounded(life.high),
        "unit": life.unit,
        "basis": life.basis,
    }
    return found | {"text": life.text} if life.text else found


def rounded(number: float | None) -> float | None:
    """Nine digits, which is more than any sensor has; None for what JSON has no number for."""
    return None if number is None or not math.isfinite(number) else float(f"{number:.9g}")
