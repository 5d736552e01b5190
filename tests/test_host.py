"""Plugins as files: what cannot be used is named, and the rest works."""

from pathlib import Path

from edge.host import load

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
