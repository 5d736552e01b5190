"""Plugins on a made-up hour: those that keep their contract raise no doubt, and each way of breaking it is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from edge import Assessment, Facts, Kpi, Monitor, Observation, Slice, fence
from edge.host import PluginHost, load
from edge.trial import doubts, doubts_of_monitor, tried

PLUGINS = load()
OURS = PLUGINS.kpis


class Share(Kpi):
    """Keeps its contract; each case breaks it in one way."""

    name = "share"

    def facts(self, slice: Slice) -> Facts:
        return {"run_s": slice.class_s.get("run", 0.0), "all_s": slice.seconds}

    def values(self, facts: Facts) -> Mapping[str, Any]:
        return {"share": facts["run_s"] / facts["all_s"] if facts["all_s"] else None}


class NotAdditive(Share):
    def facts(self, slice: Slice) -> Facts:
        return {"run_s": 1.0, "all_s": 1.0, "of": {"share": slice.class_s.get("run", 0.0) / max(1.0, slice.seconds)}}


class Changing(Share):
    calls = 0

    def facts(self, slice: Slice) -> Facts:
        self.calls += 1
        return {"run_s": self.calls, "all_s": 1.0}


class Empty(Share):
    def values(self, facts: Facts) -> Mapping[str, Any]:
        return {"share": facts["run_s"] / facts["all_s"]}


class Unnamed(Share):
    headline = "shares"


class NotANumber(Share):
    def values(self, facts: Facts) -> Mapping[str, Any]:
        return {"share": float("nan")}


class Raising(Share):
    def facts(self, slice: Slice) -> Facts:
        return {"a": slice.settings["crew"]}


BROKEN: dict[type[Kpi], str] = {
    NotAdditive: "facts['of']['share'] does not add up: ",
    Changing: "not the same when they are asked for twice",
    Empty: "fails on a window in which nothing happened: ZeroDivisionError: ",
    Unnamed: "headline names 'shares', which is none of its values (share)",
    NotANumber: "values['share'] is nan",
    Raising: "fails on a made-up hour: KeyError: 'crew' (test_trial.py, line ",
}


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_own_kpis_raise_no_doubt(name: str) -> None:
    assert list(doubts(OURS[name].kpi)) == []


def test_a_kpi_that_keeps_its_contract_raises_no_doubt() -> None:
    assert list(doubts(Share())) == []


@pytest.mark.parametrize("kpi", list(BROKEN))
def test_each_way_of_breaking_the_contract_is_told(kpi: type[Kpi]) -> None:
    assert any(BROKEN[kpi] in doubt for doubt in doubts(kpi()))


class Counting(Monitor):
    """Keeps its contract; each case breaks it in one way."""

    name = "counting"

    def update(self, seen: Observation) -> Assessment | None:
        self.state["n"] = self.state.get("n", 0) + 1
        return Assessment(seen.ts, "ok", health=1.0, score=float(self.state["n"]))


class Forgetting(Counting):
    n = 0

    def update(self, seen: Observation) -> Assessment | None:
        self.n += 1
        return Assessment(seen.ts, "ok", score=float(self.n))


class Unkept(Counting):
    def update(self, seen: Observation) -> Assessment | None:
        self.state["seen"] = {1, 2}
        return None


class Hoarding(Counting):
    def update(self, seen: Observation) -> Assessment | None:
        self.state.setdefault("all", []).extend([float(seen.ts)] * 100)
        return None


class Overdone(Counting):
    def update(self, seen: Observation) -> Assessment | None:
        return Assessment(seen.ts, "ok", health=7.0)


class Unready(Counting):
    def update(self, seen: Observation) -> Assessment | None:
        return Assessment(seen.ts, "ok", score=max(seen.signals.values()))


BROKEN_MONITORS: dict[type[Monitor], str] = {
    Forgetting: "says something else after a restart in between",
    Unkept: "state['seen'] is a set: a state is dicts, lists, numbers, text and None",
    Hoarding: "bytes of each machine after an hour",
    Overdone: "health is 7.0; it must be from 0 to 1",
    Unready: "fails on a made-up hour: ValueError: max()",
}


@pytest.mark.parametrize("name", sorted(PLUGINS.monitors))
def test_our_own_monitors_raise_no_doubt(name: str) -> None:
    assert list(doubts_of_monitor(PLUGINS.monitors[name].monitor)) == []


def test_a_monitor_that_keeps_its_contract_raises_no_doubt() -> None:
    assert list(doubts_of_monitor(Counting)) == []


@pytest.mark.parametrize("monitor", list(BROKEN_MONITORS))
def test_each_way_in_which_a_monitor_breaks_it_is_told(monitor: type[Monitor]) -> None:
    (doubt,) = doubts_of_monitor(monitor)
    assert BROKEN_MONITORS[monitor] in doubt


class Endless(Share):
    name = "endless"

    def facts(self, slice: Slice) -> Facts:
        while True:
            slice.seconds  # noqa: B018  # which leads nowhere


class Waiting(Counting):
    name = "waiting"

    def update(self, seen: Observation) -> Assessment | None:
        while True:
            seen.ts  # noqa: B018  # the same


def test_what_hangs_is_interrupted_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fence, "PATIENCE_S", 0.1)
    monkeypatch.setattr(fence, "LOOK_S", 0.01)
    host = PluginHost()
    host.register("mine", "1", [Endless])
    host.register_monitors("mine", "1", [Waiting])
    endless, waiting = tried(host)
    assert "KPI endless (plugin mine): fails on a made-up hour: TookTooLong: interrupted" in endless
    assert "monitor waiting (plugin mine): fails on a made-up hour: TookTooLong: interrupted" in waiting
