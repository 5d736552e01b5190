"""Monitors in a process of their own say, to the bit, what they would say in the service's; it may die at any time."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest

from edge.clock import SECOND
from edge.host import PluginHost, load
from edge.monitoring.apart import outpost
from tests.monitoring.standins import NOON, Level, host_of, inside, reading
from tests.monitoring.test_restarts import mixture
from tests.properties.inside import Inside
from tests.scenarios.scenario import Message

IMPORTS = "import os, time\nfrom edge import Assessment, Monitor, Observation, Reason, hookimpl\n"
REGISTERED = "\n\n@hookimpl\ndef register_monitors():\n    return [{}]\n"
OF_LEVEL = Path(__file__).with_name("standins.py").read_text(encoding="utf-8")
LEVEL = OF_LEVEL[OF_LEVEL.index("class Level") : OF_LEVEL.index("class Keeper")]
BAD = """
class Bad(Monitor):
    name = "bad"

    def update(self, seen):
        self.state["seen"] = self.state.get("seen", 0) + 1
        if max(seen.signals.values(), default=0.0) > 100:
            {}
        return Assessment(seen.ts, "ok", 1.0)
"""
HANGS, SLEEPS, EXITS = "while True: pass", "time.sleep(3600)", "os._exit(3)"
LEAKS = "leak = []\n            while True: leak.append(bytearray(1 << 20))"
KILLS, ENDURES = (
    "os.kill(os.getpid(), 9)",
    """
            while True:
                try:
                    time.sleep(1)
                except BaseException:
                    pass""",
)


def plugins(folder: Path, **sources: str) -> PluginHost:
    """A host of these plugins alone, whose monitors run in processes of their own."""
    folder.mkdir(exist_ok=True)
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(IMPORTS + source + REGISTERED.format(name.title()), encoding="utf-8")
    found = load(folder, in_process=())
    found.kpis.clear()
    found.monitors = {name: loaded for name, loaded in found.monitors.items() if name in sources}
    return found


def kept(within: Inside) -> dict[str, Any]:
    """Everything that monitors left in the store."""
    within.pipeline.commit(whole=True, patience_s=60)
    db = within.pipeline.db
    return {
        "history": db.execute("select * from assessments order by id").fetchall(),
        "watched": db.execute("select * from watched order by machine").fetchall(),
        "counts": within.pipeline.monitors.counts,
    }


def history(within: Inside, monitor: str) -> list[Any]:
    within.pipeline.commit(whole=True, patience_s=60)
    sql = "select machine, ts, state, said from assessments where monitor=? order by id"
    return within.pipeline.db.execute(sql, (monitor,)).fetchall()


@pytest.mark.parametrize("seed", range(4))
def test_killed_and_restarted_anywhere_they_say_what_they_would_have_said_in_the_service(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outpost, "BATCH", 7)
    monkeypatch.setattr(outpost, "DEATHS", 1000)
    messages, chance = mixture(seed), random.Random(seed)
    with inside(tmp_path / "whole", messages, host_of(Level)) as whole:
        whole.take(len(messages))
        expected = kept(whole)
    host = plugins(tmp_path / "plugins.d", level=LEVEL)
    killed = 0
    with inside(tmp_path / "pieces", messages, host) as pieces:
        while pieces.taken < len(messages):
            pieces.take(chance.randrange(1, 40))
            pieces.pipeline.monitors.attend()
            if chance.random() < 0.5:
                pieces.pipeline.commit(whole=chance.random() < 0.5, patience_s=chance.choice([0.0, 60.0]))
            pids = pieces.pipeline.monitors.pids
            if pids and chance.random() < 0.3:
                os.kill(pids[0], signal.SIGKILL)
                killed += 1
            if chance.random() < 0.1:
                pieces.restart(kill=chance.random() < 0.7)
        assert kept(pieces) == expected
    assert killed
    assert expected["history"]


@pytest.mark.parametrize("does", [HANGS, SLEEPS, EXITS, LEAKS, KILLS, ENDURES])
def test_what_ends_its_process_is_a_failure_of_that_monitor_at_that_machine(tmp_path: Path, does: str) -> None:
    def values(machine: int, second: int) -> float:
        return 200.0 if machine == 1 and second == 30 else 1.0

    messages = [
        reading(NOON + second * SECOND, values(machine, second), machine=f"site/area/line/m{machine}")
        for second in range(60)
        for machine in range(3)
    ]
    expected = {}
    for name, source in (("good", "pass"), ("bad", does)):
        host = plugins(tmp_path / f"{name}.d", level=LEVEL, bad=BAD.format(source))
        with inside(tmp_path / name, messages, host) as within:
            within.take(len(messages))
            expected[name] = history(within, "level"), history(within, "bad")
            bad = host.monitors["bad"]
            assert (bad.deaths, bad.failures, bad.paused, bad.off) == (
                (2, 1, 1, None) if name == "bad" else (0, 0, 0, None)
            )
    assert expected["bad"][0] == expected["good"][0]
    others = [[row for row in rows[1] if row[0] != 2] for rows in expected.values()]
    assert others[0] == others[1]
    assert [row[2] for row in expected["bad"][1] if row[0] == 2] == ["ok", "unknown"]


def steady(count: int) -> list[Message]:
    """Readings of three machines, one a second."""
    machines = [f"site/area/line/m{machine}" for machine in range(3)]
    return [reading(NOON + n * SECOND, 9.0, machine=one) for n in range(count) for one in machines]


def test_who_ends_its_process_again_and_again_is_switched_off_and_says_so(tmp_path: Path) -> None:
    source = BAD.format("pass").replace("if max", f"if seen.ts > {NOON + 30 * SECOND}: {EXITS}\n        if max")
    messages = steady(60)
    reports: list[str] = []
    with inside(tmp_path / "alone", messages, plugins(tmp_path / "alone.d", level=LEVEL)) as alone:
        alone.take(len(messages))
        expected = history(alone, "level")
    host = plugins(tmp_path / "beside.d", level=LEVEL, bad=source)
    host.report = lambda plugin, doing, text: reports.append(text)
    with inside(tmp_path / "beside", messages, host) as beside:
        beside.take(len(messages))
        assert history(beside, "level") == expected
        assert [row[2] for row in history(beside, "bad")] == ["ok"] * 3 + ["unknown"] * 4, "the first one paused before"
        assert host.monitors["bad"].deaths == outpost.DEATHS
        assert "ended with status 3" in str(host.monitors["bad"].off)
        assert "switched off" in host.broken["bad"]
        assert len(beside.pipeline.monitors.pids) == 1
    assert any("its process ended: it ended with status 3" in text for text in reports)


def test_who_is_too_slow_for_what_comes_is_switched_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outpost, "LOG", 2)
    source = BAD.format("pass").replace("def update(self, seen):", "def update(self, seen):\n        time.sleep(0.002)")
    messages = steady(1000)
    host = plugins(tmp_path / "plugins.d", bad=source)
    with inside(tmp_path / "data", messages, host) as within:
        within.take(len(messages))
        assert history(within, "bad")
    assert "takes too long to keep up" in str(host.monitors["bad"].off)


def test_after_the_next_start_it_is_tried_again_from_where_it_stood(tmp_path: Path) -> None:
    messages = steady(60)
    folder = tmp_path / "plugins.d"
    source = BAD.format("pass").replace("if max", f"if self.state['seen'] > 20: {EXITS}\n        if max")
    with inside(tmp_path / "data", messages, plugins(folder, bad=source)) as within:
        within.take(45)
        within.pipeline.commit(whole=True, patience_s=60)
        within.take(60)
        assert [row[2] for row in history(within, "bad")] == ["ok"] * 3 + ["unknown"] * 3
        within.host = within.pipeline.host = plugins(folder, bad=source.replace("> 20", "> 2000"))
        within.restart(kill=False)
        within.take(60)
        assert [row[2] for row in history(within, "bad")] == ["ok"] * 3 + ["unknown"] * 3 + ["ok"] * 3
