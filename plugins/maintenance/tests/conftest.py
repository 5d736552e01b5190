"""Small machines made in a test: signals with noise from a fixed sequence, and monitors that watch them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Any

import pytest

from edge import Assessment, Observation, Watched
from edge_maintenance.monitor import MICRO, Maintenance

START_S = 1_700_000_000
Readings = Callable[[int], Mapping[str, Any]]


class Shop:
    """What a test needs to build a machine and to watch it."""

    signals = ("flow", "pressure", "current", "temperature")
    alarms = ("watch", "plan", "act")

    @staticmethod
    def noisy(names: Iterable[str] = signals, level: float = 50.0, sd: float = 0.5, seed: int = 1) -> Readings:
        """Readings at second `t`, the same for each call with the same `t`."""
        wanted = list(names)

        def at(t: int) -> dict[str, float]:
            random = Random(seed * 1_000_003 + t)
            return {name: level + random.gauss(0, sd) for name in wanted}

        return at

    @staticmethod
    def seen(t: float, signals: Mapping[str, Any] | None = None, kind: Any = "reading", **known: Any) -> Observation:
        known.setdefault("state", "running")
        return Observation("a/b/c/m", round((START_S + t) * MICRO), kind, signals or {}, **known)

    @staticmethod
    def monitor(
        signals: Mapping[str, Mapping[str, Any]] | None = None, state: dict[str, Any] | None = None, **settings: Any
    ) -> Maintenance:
        return Maintenance(Watched("a/b/c/m", settings, signals or {}), state)

    @classmethod
    def feed(cls, watch: Maintenance, readings: Readings, times: Iterable[int], **known: Any) -> list[Assessment]:
        return [watch.assess(cls.seen(t, readings(t), **known)) for t in times]

    @classmethod
    def learned(cls, watch: Maintenance | None = None, until: int = 600) -> Maintenance:
        """A monitor that has seen the calm machine of `noisy` for ten minutes."""
        watch = watch or cls.monitor()
        assert cls.feed(watch, cls.noisy(), range(until))[-1].state == "ok"
        return watch


@pytest.fixture
def shop() -> type[Shop]:
    return Shop
