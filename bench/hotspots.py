"""Where the time goes: a profile of the processing pipeline on the messages of the load."""

from __future__ import annotations

import cProfile
import io
import pstats
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure
from bench.history import fill
from bench.ledger import Kind
from bench.ledger import Plant as Load
from bench.scale import Scale
from bench.stage import PLANT
from edge.decode import DecodeSettings
from edge.host import load
from edge.journal.reader import JournalReader
from edge.journal.record import Entry
from edge.plant import Plant
from edge.processing.pipeline import Pipeline
from edge.settings.plant import PlantSettings

SHOWN = 22
ROOT = Path(__file__).resolve().parent.parent


def hotspots(scale: Scale) -> Iterator[Figure]:
    """Processing alone, in this process, without broker and ingest; the profile is printed above the table."""
    for kind in ("readings", "production"):
        messages = scale.messages // 4
        with tempfile.TemporaryDirectory() as folder:
            fill(Path(folder) / "journal", _entries(kind, messages))
            plain = _process(Path(folder), "plain.db", None)
            profile = cProfile.Profile()
            _process(Path(folder), "profiled.db", profile)
        print(f"\n{kind}: where processing spends its time (profiled, so slower than it is)\n{_summary(profile)}")
        cost = f"{plain / messages * 1e6:.1f} us a message"
        yield Figure(f"processing alone, {kind}", "", f"{messages / plain:,.0f}/s", cost)


def _entries(kind: Kind, messages: int) -> Iterator[Entry]:
    load = Load(40, messages)
    now = time.time_ns() // 1000
    for _ in range(messages):
        topic, payload = load.message(kind)
        yield topic, payload, now, 1, 1


def _process(folder: Path, store: str, profile: cProfile.Profile | None) -> float:
    """Seconds from an empty store to facts."""
    plant = Plant(PlantSettings.model_validate(PLANT))
    with JournalReader(folder / "journal") as journal:
        pipeline = Pipeline(folder / store, journal, plant, DecodeSettings(), load())
        pipeline.open()
        began = time.perf_counter()
        if profile is not None:
            profile.runcall(pipeline.catch_up)
        else:
            pipeline.catch_up()
        took = time.perf_counter() - began
        pipeline.close()
    return took


def _summary(profile: cProfile.Profile) -> str:
    text = io.StringIO()
    pstats.Stats(profile, stream=text).sort_stats("tottime").print_stats(SHOWN)
    lines = text.getvalue().replace(f"{ROOT}/", "").splitlines()
    return "\n".join(line for line in lines if line.strip() and "Ordered by" not in line and "List reduced" not in line)
