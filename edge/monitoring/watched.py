"""The machine as a monitor gets to know it: its settings and those of its signals, from the plant file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edge.monitor import Watched
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
            found = self._settings.signal(self._path, name).model_dump(mode="json")
            if len(self._known) < SIGNALS:
                self._known[name] = found
        return found

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._settings.machine(self._path).signals if "*" not in name)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def watched(settings: PlantSettings, path: str) -> Watched:
    """What a monitor of the machine at `path` is given."""
    machine = settings.machine(path).model_dump(mode="json", exclude={"signals"})
    return Watched(path, machine, _Signals(settings, path))
