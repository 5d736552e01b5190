"""The machine as a monitor gets to know it: its settings and those of its signals, from the plant file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edge.monitor import Monitor, Watched
from edge.settings.plant import PlantSettings

SIGNALS = 1000  # of one machine, remembered


class _Signals(Mapping[str, Mapping[str, Any]]):
    """Settings by signal. Every name has some, by the patterns of the plant file; those it names can be listed."""

    def __init__(self, settings: PlantSettings, path: str) -> None:
        self._settings, self._path = settings, path
        self._known: dict[str, Mapping[str, Any]] = {}

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        found = self._known.get(name)
        if found is None:
            settings = self._settings.signal(self._path, name)
            found = settings.model_dump(mode="json")
            if "kind" not in settings.model_fields_set:  # nobody has said it: a monitor may go by the name
                found["kind"] = None
            if len(self._known) < SIGNALS:
                self._known[name] = found
        return found

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._settings.machine(self._path).signals if "*" not in name)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def watched(settings: PlantSettings, path: str, monitor: type[Monitor]) -> Watched:
    """What a monitor of the machine at `path` is given where these settings hold."""
    machine = settings.machine(path)
    own = {**monitor.settings, **machine.monitors.get(monitor.name, {})}
    common = machine.model_dump(mode="json", exclude={"signals", "monitors", "kpis"})
    return Watched(path, {**common, **own}, _Signals(settings, path))
