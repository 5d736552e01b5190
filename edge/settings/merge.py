"""Which settings a machine or signal has: all patterns that match its path, merged key by key from loose to exact."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from edge.settings.machine import MachineSettings, SignalSettings
from edge.settings.patterns import Pattern, is_pattern, name_pattern, path_pattern


class MachineRules:
    """The `[machines]` tables of a plant, from loose to exact: patterns, then paths, which are looked up and not tried.
    What is found is cached, for at most `cached` paths."""

    def __init__(self, machines: Mapping[str, MachineSettings], *, cached: int) -> None:
        patterns = sorted(map(path_pattern, filter(is_pattern, machines)), key=lambda pattern: pattern.exactness)
        paths = [text for text in machines if not is_pattern(text)]
        self._patterns = patterns
        self._tables = [machines[text] for text in (*(pattern.text for pattern in patterns), *paths)]
        self._paths = {path: i for i, path in enumerate(paths, len(patterns))}
        self._matching = lru_cache(maxsize=cached)(self._find)
        self.machine = lru_cache(maxsize=cached)(self._machine)
        self.signal = lru_cache(maxsize=cached)(self._signal)
        self._merged = lru_cache(maxsize=cached)(self._merge)

    def configured(self, path: str) -> bool:
        return path in self._paths or any(self._patterns[i].text != "*" for i in self._matching(path))

    def _find(self, path: str) -> tuple[int, ...]:
        matching = [i for i, pattern in enumerate(self._patterns) if pattern.matches(path)]
        return (*matching, self._paths[path]) if path in self._paths else tuple(matching)

    def _machine(self, path: str) -> MachineSettings:
        return self._merged(self._matching(path))  # machines under the same patterns share one object

    def _merge(self, matching: tuple[int, ...]) -> MachineSettings:
        tables = [self._tables[i] for i in matching]
        given: dict[str, Any] = {}
        for settings in tables:
            given |= _given(settings)
        names = dict.fromkeys(name for settings in tables for name in settings.signals)
        given["signals"] = {
            name: _merged_signal(s.signals[name] for s in tables if name in s.signals) for name in names
        }
        given["monitors"] = _merged_tables(settings.monitors for settings in tables)
        given["kpis"] = _merged_tables(settings.kpis for settings in tables)
        return MachineSettings().model_copy(update=given)

    def _signal(self, path: str, name: str) -> SignalSettings:
        return _merged_signal(
            signal for i in self._matching(path) for signal in _matching_signals(self._tables[i].signals, name)
        )


def _merged_tables(tables: Iterable[Mapping[str, Mapping[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Tables by name in one, key by key; later ones win."""
    merged: dict[str, dict[str, Any]] = {}
    for named in tables:
        for name, table in named.items():
            merged.setdefault(name, {}).update(table)
    return merged


def _matching_signals(signals: Mapping[str, SignalSettings], name: str) -> list[SignalSettings]:
    tables: list[tuple[Pattern, SignalSettings]] = [
        (name_pattern(text), settings) for text, settings in signals.items()
    ]
    tables.sort(key=lambda table: table[0].exactness)
    return [settings for pattern, settings in tables if pattern.matches(name)]


def _merged_signal(signals: Iterable[SignalSettings]) -> SignalSettings:
    given: dict[str, Any] = {}
    for settings in signals:
        given |= _given(settings)
    return SignalSettings().model_copy(update=given)


def _given(settings: MachineSettings | SignalSettings) -> dict[str, Any]:
    """What the file says, without defaults, which must not win over a looser pattern."""
    return {name: getattr(settings, name) for name in settings.model_fields_set}
