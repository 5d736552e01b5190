"""What readings cost in the store: CPU per message, bytes per point, time of queries, beside one row per value.

    python bench/readings_store.py [--csv 'recordings/*.csv.gz'] [--days 90]

The yardstick is SQLite's plain way in the same run: a table (series, ts, value) clustered by its key.
"""

from __future__ import annotations

import argparse
import csv
import glob
import gzip
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import apsw

from edge.clock import HOUR, SECOND
from edge.store.readings import SCHEMA, ReadingsReader, ReadingsWriter

BEGIN = 1_740_960_000 * SECOND
Answer = TypeVar("Answer")
Message = tuple[int, int, int, dict[str, float]]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--csv", help="recordings with a header, `;` between columns, an instant in the first")
    options.add_argument("--days", type=int, default=90, help="length of the queried series at 1 Hz")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        plain = yardstick(folder)
        cost = load("40 machines x 1,000/s", folder, noise(machines=40, messages=400_000, step_us=25), 4000)
        load("1,000 machines x 1/s", folder, noise(machines=1000, messages=300_000, step_us=1000), 1000)
        load("5,000 machines x 1/s", folder, noise(machines=5000, messages=300_000, step_us=200), 1000)
        if chosen.csv:
            load("recordings", folder, recordings(chosen.csv), 1000)
        print(f"a message of 8 values costs {cost:.2f} us, 8 plain rows {plain:.2f} us: ratio {cost / plain:.2f}")
        queries(folder, chosen.days)


def opened(folder: Path, name: str) -> apsw.Connection:
    path = folder / name
    path.unlink(missing_ok=True)
    db = apsw.Connection(str(path))
    db.execute("pragma journal_mode=wal; pragma synchronous=normal; pragma cache_size=-8000")
    return db


def noise(*, machines: int, messages: int, step_us: int) -> Iterator[Message]:
    """Gaussian noise of three decimals in eight signals; instants jitter by up to half of a machine's interval."""
    rng = random.Random(1)
    values = [round(rng.gauss(50, 1), 3) for _ in range(1_000_003)]
    names = [f"signal_{n}" for n in range(8)]
    jitter = min(20_000, step_us * machines // 2)
    unit = 1000 if jitter > 10_000 else 1
    for i in range(messages):
        row = 8 * i % 999_983
        ts = BEGIN + i * step_us + rng.randrange(jitter)
        yield i % machines + 1, ts - ts % unit, i + 1, dict(zip(names, values[row : row + 8], strict=True))


def recordings(pattern: str) -> Iterator[Message]:
    """Each file is a machine."""
    offset = 0
    for machine, path in enumerate(sorted(glob.glob(pattern)), 1):
        with gzip.open(path, "rt") as lines:
            for row in csv.DictReader(lines, delimiter=";"):
                at, *values = row.values()
                ts = int(datetime.fromisoformat(f"{at}+00:00").timestamp()) * SECOND
                offset += 1
                yield machine, ts, offset, dict(zip([*row][1:9], map(float, values[:8]), strict=True))


def load(title: str, folder: Path, messages: Iterable[Message], per_flush: int) -> float:
    """Add, flush and seal; prints the cost and returns CPU us per message."""
    db = opened(folder, "load.db")
    db.execute(SCHEMA)
    writer = ReadingsWriter(db)
    batches: list[list[Message]] = [[]]
    for message in messages:
        if len(batches[-1]) == per_flush:
            batches.append([])
        batches[-1].append(message)
    adding = 0
    flushes: list[int] = []
    for batch in batches:
        began = time.thread_time_ns()
        for machine, ts, offset, signals in batch:
            writer.add(machine, ts, offset, signals, None, None)
        middle = time.thread_time_ns()
        with db:
            writer.flush()
        adding += middle - began
        flushes.append(time.thread_time_ns() - middle)
    n = sum(map(len, batches))
    reopened, _ = timed(lambda: ReadingsWriter(db))
    listed, _ = timed(lambda: ReadingsReader(db).all_signals())
    asked, _ = timed(lambda: ReadingsReader(db).series(1, next(iter(batches[0][0][3])), BEGIN, BEGIN + HOUR, 800))
    with db:
        writer.seal_all()
    cost = (adding + sum(flushes)) / n / 1000
    flushes.sort()
    print(
        f"{title}: {cost:.2f} us/message (add {adding / n / 1000:.2f}), flush of {per_flush} p50 "
        f"{flushes[len(flushes) // 2] / 1e6:.1f} ms, p99 {flushes[int(len(flushes) * 0.99)] / 1e6:.1f} ms, max "
        f"{flushes[-1] / 1e6:.1f} ms; open {reopened * 1000:.0f} ms, all signals "
        f"{listed * 1000:.0f} ms, series of an hour {asked * 1000:.1f} ms; {sizes(db, 8 * n)}"
    )
    db.close()
    return cost


def sizes(db: apsw.Connection, points: int) -> str:
    """Bytes a point, of the whole file and of the parts of it."""
    db.execute("vacuum")
    pages, size = db.pragma("page_count"), db.pragma("page_size")
    count, rows = db.execute("select count(*), total(n) from reading_chunks").fetchone()
    inside = db.execute("select total(length(columns)), total(length(times)) from reading_chunks").fetchone()
    minutes = db.execute("select total(length(minutes)) from reading_rollups").fetchone()[0]
    return (
        f"{pages * size / points:.2f} B/point in the file (values {inside[0] / points:.2f}, "
        f"times {inside[1] / points:.2f}, minutes {minutes / points:.2f}), {rows / max(count, 1):.0f} rows a chunk"
    )


def yardstick(folder: Path) -> float:
    """CPU us for eight plain rows."""
    db = opened(folder, "plain.db")
    db.execute("create table points(series integer, ts integer, value real, primary key(series, ts)) without rowid")
    n = 40_000
    batches = list(noise(machines=40, messages=n, step_us=25))
    began = time.thread_time_ns()
    for first in range(0, n, 4000):
        with db:
            db.executemany(
                "insert or replace into points values(?,?,?)",
                ((16 * machine + place, ts, value) for machine, ts, _, signals in batches[first : first + 4000]
                 for place, value in enumerate(signals.values())),
            )  # fmt: skip
    cost = (time.thread_time_ns() - began) / n / 1000
    db.close()
    return cost


def queries(folder: Path, days: int) -> None:
    """One series of noise at 1 Hz, and how long questions about it take."""
    db = opened(folder, "queries.db")
    db.execute(SCHEMA)
    writer = ReadingsWriter(db)
    rng = random.Random(1)
    n = days * 86_400
    for i in range(n):
        writer.add(1, BEGIN + i * SECOND, i, {"signal": round(rng.gauss(50, 1), 3)}, None, None)
        if i % 5000 == 4999:
            with db:
                writer.flush()
    with db:
        writer.flush()
    reader = ReadingsReader(db)
    end = BEGIN + n * SECOND
    for title, span in (("10 min", 600), ("1 h", 3600), ("6 h", 21_600), ("24 h", 86_400), ("7 d", 7 * 86_400),
                        (f"{days} d", n)):  # fmt: skip
        took, series = timed(lambda span=span: reader.series(1, "signal", end - span * SECOND - 1234, end - 777, 800))
        summed, _ = timed(lambda span=span: reader.summary(1, "signal", end - span * SECOND - 1234, end - 777))
        print(f"{title} at 1 Hz: series {took * 1000:.1f} ms ({len(series.points)} points of {series.resolution_s} s "
              f"out of {series.count}), summary {summed * 1000:.1f} ms")  # fmt: skip
    took, _ = timed(lambda: sum(1 for _ in reader.raw(1, "signal", end - 86_400 * SECOND, end)))
    print(f"24 h, every point: {took * 1000:.0f} ms; {sizes(db, n)}")
    db.close()


def timed(ask: Callable[[], Answer]) -> tuple[float, Answer]:
    """The best of three, in seconds, and the answer."""
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        answer = ask()
        best = min(best, time.perf_counter() - began)
    return best, answer


if __name__ == "__main__":
    sys.exit(main())
