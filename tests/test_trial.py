"""KPIs on a made-up hour: those that keep their contract raise no doubt, and each way of breaking it is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from edge import Facts, Kpi, Slice
from edge.host import load
from edge.trial import doubts

OURS = load().kpis


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
