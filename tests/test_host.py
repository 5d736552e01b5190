"""Plugins as files: what cannot be used is named, and the rest works."""

import json
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edge import fence
from edge.clock import SECOND
from edge.host import load
from edge.plant import Plant
from edge.query.decisive import settings_between
from edge.settings.load import read_plant
from edge.settings.plant import PlantSettings
from edge.settings.source import Source
from edge.slices import RUN, SignalSummary, Slice, Span

GOOD = """
from edge import Kpi, hookimpl

class Parts(Kpi):
    name = "parts"

    def facts(self, slice):
        return {"parts": sum(count.total for count in slice.counts)}

    def values(self, facts):
        return {"parts": facts["parts"]}

@hookimpl
def register_kpis():
    return [Parts]
"""


def test_a_file_whose_name_cannot_be_a_plugins_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "Bad-Name.py").write_text(GOOD, encoding="utf-8")
    (tmp_path / "good.py").write_text(GOOD, encoding="utf-8")
    host = load(tmp_path)
    assert "parts" in host.kpis
    assert "lower case" in host.broken["Bad-Name"]


def test_files_that_fail_are_named_and_the_others_answer(tmp_path: Path) -> None:
    (tmp_path / "syntax.py").write_text("def", encoding="utf-8")
    (tmp_path / "raises.py").write_text("raise RuntimeError('no')", encoding="utf-8")
    (tmp_path / "twice.py").write_text(GOOD.replace('"parts"\n', '"oee"\n', 1), encoding="utf-8")
    (tmp_path / "good.py").write_text(GOOD, encoding="utf-8")
    host = load(tmp_path)
    assert set(host.broken) == {"syntax", "raises", "twice"}
    assert "exists already" in host.broken["twice"]
    assert "parts" in host.kpis


def test_a_disabled_plugin_is_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(GOOD, encoding="utf-8")
    host = load(tmp_path, disabled=["good", "oee"])
    assert "parts" not in host.kpis
    assert "oee" not in host.kpis


def kpi(body: str = "", *, name: str = "mine", facts: str = '{"a": 1}', values: str = '{"mine": facts["a"]}') -> str:
    """A plugin file with one KPI."""
    return f"""
from edge import Kpi, hookimpl

class Mine(Kpi):
    name = "{name}"
    {body}

    def facts(self, slice):
        return {facts}

    def values(self, facts):
        return {values}

@hookimpl
def register_kpis():
    return [Mine]
"""


UNUSABLE = {
    "rank": (kpi("rank = 'first'"), "Mine.rank is 'first'; it must be a number"),
    "signals": (kpi("signals = 'temperature'"), "must be a tuple of texts, such as ('temperature',)"),
    "better": (kpi("better = 'sideways'"), "it must be 'up' or 'down'"),
    "no_values": (GOOD.replace("def values", "def value"), "has no method `values`; is `value` meant to be it?"),
    "an_object": (kpi().replace("[Mine]", "[Mine()]"), "an object of Mine: return the class itself"),
    "no_list": (kpi().replace("[Mine]", "Mine"), "return a list, [Mine]"),
    "nothing_back": (kpi().replace("return [Mine]", "pass"), "returned NoneType, not a list of classes"),
    "misspelt": (kpi().replace("register_kpis", "register_kpi"), "is `register_kpi` meant to be one of them?"),
    "empty": ("x = 1", "registers nothing: it has no function register_kpis or register_monitors"),
    "imports": ("import no_such_module_here", "No module named 'no_such_module_here' (imports.py, line 1)"),
    "needs_more": (kpi("def __init__(self, x): ..."), "missing 1 required positional argument"),
    "twice": (kpi(name="parts"), "exists already, in plugin good"),
}


@pytest.mark.parametrize("name", sorted(UNUSABLE))
def test_what_cannot_be_used_is_told_in_words_and_takes_nothing_else_with_it(name: str, tmp_path: Path) -> None:
    text, part = UNUSABLE[name]
    (tmp_path / "good.py").write_text(GOOD, encoding="utf-8")
    (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    (tmp_path / "zz_after.py").write_text(kpi(name="after"), encoding="utf-8")
    host = load(tmp_path)
    assert list(host.broken) == [name]
    assert part in host.broken[name]
    assert {"parts", "after"} <= host.kpis.keys()
    assert host.kpis["parts"].plugin == "good"


def a_slice() -> Slice:
    spans = (Span(0, 3600 * SECOND, "running", RUN, scheduled=True),)
    return Slice("a/b/c/d", 0, 3600 * SECOND, spans, settings={"product": "P1"}, readings={"t": a_summary()})


def a_summary() -> SignalSummary:
    return SignalSummary(n=2, sum=3.0, min=1.0, max=2.0, last=1.0, values=(2.0, 1.0))


WRONG_VALUES = {
    "nan": ("float('nan')", "values['mine'] is nan: return None for what cannot be known"),
    "an_object": ("object()", "values['mine'] is object, which cannot be shown"),
    "deep": ("{'P1': [float('inf')]}", "values['mine']['P1'][0] is inf"),
    "nameless": ("{None: 1}", "values['mine'][None]: names are texts"),
    "raises": ("1 / 0", "ZeroDivisionError: division by zero (mine.py, line 12)"),
}


@pytest.mark.parametrize("name", sorted(WRONG_VALUES))
def test_values_that_nobody_can_show_are_a_failure_with_its_place(name: str, tmp_path: Path) -> None:
    value, part = WRONG_VALUES[name]
    (tmp_path / "mine.py").write_text(kpi(values=f"{{'mine': {value}}}"), encoding="utf-8")
    host = load(tmp_path)
    assert host.values("mine", {"a": 1}) is None
    assert part in host.errors()["mine"]


CHANGES = {
    "settings": "slice.settings.update(product='P2')",
    "readings": "slice.readings.clear()",
    "values": "slice.readings['t'].values.sort()",
    "flags": "slice.flags.update(reset=1)",
}


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_a_plugin_cannot_change_what_the_next_one_sees(name: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(kpi(facts=f"{{'a': {CHANGES[name]} or 1}}"), encoding="utf-8")
    host, seen = load(tmp_path), a_slice()
    assert host.facts_of("mine", seen) is None
    assert "AttributeError" in host.errors()["mine"]
    assert seen == a_slice()


def test_seconds_and_facts_are_each_plugins_own(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        kpi(facts="{'a': slice.class_s.clear() or 1}", values="{'mine': facts.clear() or 1}"), encoding="utf-8"
    )
    host, seen, facts = load(tmp_path), a_slice(), {"a": 1, "of": {"P1": 2}}
    assert host.facts_of("mine", seen) == {"a": 1}
    assert seen.class_s == {RUN: 3600.0}
    assert host.values("mine", facts) == ({"mine": 1}, [])
    assert facts == {"a": 1, "of": {"P1": 2}}


def test_facts_may_be_any_mapping_and_become_plain_ones(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        kpi(facts="{'of': __import__('types').MappingProxyType({'P1': 1})}"), encoding="utf-8"
    )
    facts = load(tmp_path).facts_of("mine", a_slice())
    assert facts == {"of": {"P1": 1}}
    assert type(facts["of"]) is dict


def test_a_file_that_was_changed_is_another_version(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(kpi(), encoding="utf-8")
    before, again = load(tmp_path).kpis["mine"].version, load(tmp_path).kpis["mine"].version
    file.write_text("__version__ = '1.2'\n" + kpi(), encoding="utf-8")
    after = load(tmp_path).kpis["mine"].version
    assert before == again
    assert before.startswith("0+")
    assert after.startswith("1.2+")


def test_a_call_that_hangs_is_named_interrupted_and_in_the_end_not_made_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fence, "PATIENCE_S", 0.05)
    endless = kpi().replace("return {\"a\": 1}", "while True:\n            try:\n                slice.end\n"
                            "            except Exception:\n                pass")  # fmt: skip
    (tmp_path / "mine.py").write_text(endless, encoding="utf-8")
    (tmp_path / "good.py").write_text(GOOD, encoding="utf-8")
    host = load(tmp_path)
    for attempt in range(fence.HANGS + 1):
        with ThreadPoolExecutor(1) as thread:
            asked = thread.submit(host.facts, a_slice())
            named: list[str] = []
            while not asked.done():
                named += host.at_work(0.01)
                host.interrupt_hanging()
            assert "parts" in asked.result()
            assert "mine" not in asked.result()
            assert any(one.startswith("mine (plugin mine) has been in `facts`") for one in named) == (
                attempt < fence.HANGS
            )
    assert host.kpis["mine"].hangs == fence.HANGS
    assert "not called any more" in host.errors()["mine"]
    assert host.failures()["mine"] == fence.HANGS + 1


@pytest.mark.parametrize("error", ["SystemExit", "GeneratorExit", "asyncio.CancelledError", "MemoryError"])
def test_a_plugin_ends_nothing_whatever_it_raises(error: str, tmp_path: Path) -> None:
    raising = kpi(facts='{}["a"]').replace('return {}["a"]', f"raise {error}")
    (tmp_path / "mine.py").write_text("import asyncio\n" + raising, encoding="utf-8")
    (tmp_path / "good.py").write_text(GOOD, encoding="utf-8")
    host = load(tmp_path)
    facts = host.facts(a_slice())
    assert "parts" in facts
    assert "mine" not in facts
    assert error.rpartition(".")[2] in host.errors()["mine"]


def test_whoever_interrupts_a_command_at_the_keyboard_is_heard(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(kpi(facts="{}").replace("return {}", "raise KeyboardInterrupt"), encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        load(tmp_path).facts(a_slice())


def test_a_slow_kpi_is_named_once(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "mine.py").write_text(kpi(), encoding="utf-8")
    host = load(tmp_path, report=lambda plugin, doing, text: said.append(f"{plugin} {doing}: {text}"))
    host.kpis["mine"].seconds = 100.0
    for _ in range(60):
        host.facts(a_slice())
    (text,) = [one for one in said if one.startswith("mine ")]
    assert "ms a slice" in text


LABOUR = kpi('settings = {"crew": 1.0}', facts='{"a": self.settings_at(slice)["crew"]}')


@pytest.mark.parametrize(("table", "crew"), [("", 1.0), ('[machines."d/*".kpis.mine]\ncrew = 2.5\n', 2.5)])
def test_a_kpi_has_settings_of_its_own_at_each_machine(table: str, crew: float, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(LABOUR, encoding="utf-8")
    rules = Plant(plant_of(table)).rules("d/p/l/m")
    seen = Slice("d/p/l/m", 0, SECOND, (), settings=rules.settings)
    assert load(tmp_path).facts_of("mine", seen) == {"a": crew}


def test_settings_of_a_kpi_decide_its_numbers_and_are_shown_with_them() -> None:
    plants = [plant_of(f'[machines."d/*".kpis.mine]\ncrew = {crew}\n') for crew in (1.0, 2.0)]
    one, other = (plant.fingerprint("d/p/l/m") for plant in plants)
    assert one != other
    shown = settings_between(Plant(plants[1]), "d/p/l/m", 0, SECOND)
    assert json.loads(json.dumps(shown))["kpis"] == {"mine": {"crew": 2.0}}


def test_settings_that_no_kpi_has_are_named(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(LABOUR, encoding="utf-8")
    plant = plant_of('[machines."d/*".kpis.mine]\ncrow = 1\n[machines."d/*".kpis.yours]\n')
    said = list(load(tmp_path, disabled=["oee"]).unknown_settings(plant))
    assert said[0] == '[machines."d/*".kpis.mine]: mine has no setting crow; it has crew'
    assert said[1].startswith('[machines."d/*".kpis.yours]: there is no KPI yours; there are first_pass_yield, mine')


def plant_of(text: str) -> PlantSettings:
    plant, problems = read_plant(Source("plant.toml", data=tomllib.loads(text)))
    assert plant is not None, problems
    return plant
