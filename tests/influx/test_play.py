"""Whatever happens on either side, in any order: in the end InfluxDB has what the store has, to the point."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import DAY, HOUR, MINUTE
from edge.events import KINDS
from edge.influx.kpipoints import KpiPoints
from edge.influx.points import KPI, LEVELS
from edge.influx.querying import Querying
from edge.influx.truth import Truth
from edge.influx.verify import Verification
from edge.plants import Plants
from edge.store.schema import open_reader
from tests.influx.sending import send_all
from tests.influxdb import Influx
from tests.patience import WAIT_S
from tests.properties.effort import examples, folder
from tests.properties.histories import messages
from tests.properties.inside import HOST, Inside
from tests.properties.plants import settings

EVENTS = ", ".join(sorted({f'"{kind}"' for kind in KINDS.values()} - {'"reading"', '"heartbeat"'}))


@pytest.fixture(scope="module")
def influx() -> Iterator[Influx]:
    with Influx() as running:
        yield running


@dataclass
class Play:
    """A service without its processes, and the bucket that it sends to."""

    influx: Influx
    place: Path
    inside: Inside
    bucket: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        org = self.influx.request("GET", f"/api/v2/orgs?org={self.influx.org}")["orgs"][0]["id"]
        made = self.influx.request("POST", "/api/v2/buckets", {"orgID": org, "name": self.bucket, "retentionRules": []})
        self.number = made["id"]

    def close(self) -> None:
        self.influx.request("DELETE", f"/api/v2/buckets/{self.number}")

    @property
    def positions(self) -> Path:
        return self.place / "outbox.db"

    @property
    def querying(self) -> Querying:
        return Querying(self.influx.url, self.bucket, lambda: self.influx.token)

    # what may happen

    def evaluate(self, later: int) -> None:
        self.inside.clock += later
        self.inside.evaluate()

    def send(self, most_s: float = WAIT_S) -> None:
        send_all(self.inside, self.influx, self.positions, bucket=self.bucket, most_s=most_s)

    def forget_positions(self) -> None:
        for file in self.place.glob("outbox.db*"):
            file.unlink()

    def keep(self) -> None:
        """Keep a copy of the store and of the positions."""
        with self._stopped():
            shutil.rmtree(self.place / "kept", ignore_errors=True)
            (self.place / "kept").mkdir()
            for file in self.place.glob("*.db*"):
                shutil.copy(file, self.place / "kept")

    def put_back(self, name: str) -> None:
        """Put back what was kept of the store or of the positions."""
        if (self.place / "kept" / name).exists():
            with self._stopped():
                for file in self.place.glob(f"{name}*"):
                    file.unlink()
                for file in (self.place / "kept").glob(f"{name}*"):
                    shutil.copy(file, self.place)
            self.send(0.01)  # as the service does at its start, before the store grows

    def delete_store(self) -> None:
        with self._stopped():
            for file in self.place.glob("store.db*"):
                file.unlink()

    @contextmanager
    def _stopped(self) -> Iterator[None]:
        self.inside.pipeline.close()
        yield
        self.inside._open()

    # how it stands in the end

    def verified(self, start: int, end: int) -> None:
        @contextmanager
        def truths() -> Iterator[list[Truth]]:
            with closing(open_reader(self.inside.path)) as db:
                db.execute("begin")
                kpis = KpiPoints(Plants(self.inside.plant), HOST)
                rows: list[Any] = db.execute("select id, path from machines order by path").fetchall()
                yield [Truth(db, number, path, kpis) for number, path in rows]

        verdict = Verification(truths, self.querying, exact=True, pause=lambda _: None).run(start, end)
        assert (verdict.missing, verdict.different, verdict.extra) == (0, 0, 0), verdict.examples

    def counted(self) -> None:
        """The same by other means: events by their number, KPI windows by their facts, also those that go on."""
        ((events,),) = self.inside.pipeline.db.execute("select coalesce(sum(n), 0) from hot")
        rows = [row for one in self.querying.series(f'select count("offset") as n from {EVENTS}') for row in one.rows()]
        assert sum(row["n"] for row in rows) == events
        facts = {place[:3]: msgspec.json.encode(one) for place, one in self.inside.facts().items()}
        found: dict[tuple[str, str, int], Any] = {}
        for series in self.querying.series(f"select window_facts, {', '.join(LEVELS)} from /^kpi_/"):
            for row in series.rows():
                place = series.name.removeprefix(KPI), "/".join(row[level] for level in LEVELS), row["time"] // 1000
                found[place] = row["window_facts"].encode()
        assert found == facts, [place for place in found.keys() | facts.keys() if found.get(place) != facts.get(place)]


@examples(6)
@given(data=st.data())
def test_whatever_happens_in_the_end_all_of_it_is_there(influx: Influx, data: st.DataObject) -> None:
    setting = data.draw(settings())
    come = data.draw(messages(setting, most=60))
    with folder() as place, Inside(place, setting.plant, come) as inside, closing(Play(influx, place, inside)) as play:
        may: list[Callable[[], None]] = [
            *[lambda: inside.take(data.draw(st.sampled_from((1, 3, 10, 40))))] * 3,
            *[lambda: play.evaluate(data.draw(st.sampled_from((0, MINUTE, HOUR))))] * 2,
            *[play.send] * 2,
            lambda: play.send(data.draw(st.sampled_from((0.01, 0.03, 0.1)))),
            lambda: inside.restart(kill=data.draw(st.booleans())),
            play.keep,
            play.forget_positions,
            lambda: play.put_back("store.db"),
            lambda: play.put_back("outbox.db"),
            play.delete_store,
        ]
        for _ in range(data.draw(st.integers(3, 14))):
            may[data.draw(st.integers(0, len(may) - 1))]()
        inside.take(len(come))
        play.evaluate(3 * DAY)
        play.evaluate(0)
        play.send()
        play.verified(setting.begin - 10 * DAY, inside.clock + DAY)
        play.counted()
