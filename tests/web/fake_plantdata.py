"""Plant data of the invented plant: the real routes and answers, over a store and a journal in memory."""

from __future__ import annotations

import time
from typing import Any, cast

import apsw
import msgspec
from fastapi import FastAPI

from edge.api import plantdata, problems
from edge.api.context import ApiSettings, Context
from edge.api.queries import Queries
from edge.changes import PlantChange
from edge.plant import Plant
from edge.plants import Plants
from edge.query.plantdata import PlantAnswers
from edge.settings.plant import PlantSettings
from edge.store import changes as change_store
from tests.web.fake_plant import HOSTILE, ZONE

SHIFT = {"name": "early", "start": "06:00", "end": "14:00", "breaks": [{"start": "09:00", "minutes": 15}]}
FILE = {
    "products": {"P1": {"ideal_cycle_s": 4.0, "title": HOSTILE}, "P2": {"ideal_cycle_s": 6.0}},
    "sites": {"demo": {"title": "Demo plant", "timezone": ZONE, "shifts": [SHIFT]}},
    "machines": {
        "demo/packing/*": {
            "product": "P1",
            "target_oee": 0.75,
            "monitors": {"maintenance": {"components": {"bearing": {}, "belt": {}}}},
        }
    },
}


class Store:
    """Both the journal that takes changes and the store that knows them."""

    def __init__(self) -> None:
        self.db = apsw.Connection(":memory:")
        self.db.execute(change_store.SCHEMA)
        self.offset = 90_000

    def get(self) -> apsw.Connection:
        return self.db

    def reset(self) -> None:
        self.db.execute("delete from plant_changes")

    async def append(self, topic: str, payload: bytes) -> int:
        self.offset += 1
        change = msgspec.json.decode(payload, type=PlantChange)
        if change.kind == "revoke":
            change_store.revoke(self.db, self.offset, now(), change)
        else:
            change_store.add(self.db, self.offset, now(), change)
        return self.offset


def now() -> int:
    return time.time_ns() // 1000


store = Store()


def add_to(app: FastAPI) -> None:
    """Add the routes under /api/v1/plant."""
    plant = Plant(PlantSettings.model_validate(FILE))
    answers = PlantAnswers(cast(Any, store), Plants(plant), lambda timeout_s: None, now)
    nothing = cast(Any, None)
    queries = Queries(threads=2, waiting=20)
    app.state.context = Context(
        nothing, nothing, nothing, nothing, queries, ApiSettings(), journal=store, plant=answers, now=now
    )
    problems.install(app)
    app.include_router(plantdata.router, prefix="/api/v1")
