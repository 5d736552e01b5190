"""The plugin host: finds plugins of KPIs and monitors, checks them, and calls each one behind a fence.

pluggy finds and orders; slices go through a table of instances, each call on its own, because one raising
implementation of a hook stops all others. What fails is counted, logged once per kind, and shown; the rest goes on.
"""

from __future__ import annotations

import importlib.util
import re
import sys
import threading
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import pluggy

from edge import hookspecs
from edge.facts import unfit
from edge.kpi import Kpi, Wants
from edge.monitor import Monitor
from edge.slices import Slice

NAME = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
T = TypeVar("T")
Report = Callable[[str, str, str], None]
"""Called once per plugin and kind of failure with (plugin, what it was doing, traceback)."""


@dataclass
class Loaded:
    """A KPI that answers, and the plugin that brought it."""

    kpi: Kpi
    plugin: str
    version: str
    failures: int = 0
    last_error: str | None = None


@dataclass
class LoadedMonitor:
    """A monitor of which each machine gets one, and the plugin that brought it. `seconds` is the time of its calls."""

    monitor: type[Monitor]
    plugin: str
    version: str
    failures: int = 0
    last_error: str | None = None
    calls: int = 0
    seconds: float = 0.0
    paused: int = 0  # how many machines it is paused for
    slow: bool = False  # its calls take longer than they may; said once

    @property
    def name(self) -> str:
        return self.monitor.name


@dataclass
class PluginHost:
    """Use `load` to make one. `kpis` and `monitors` are in page order; `broken` has plugins that could not be loaded,
    and why."""

    report: Report = lambda plugin, doing, trace: None
    kpis: dict[str, Loaded] = field(default_factory=dict)
    monitors: dict[str, LoadedMonitor] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    _seen: set[tuple[str, str, str]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wants(self, name: str | None = None) -> Wants:
        """What a KPI, or all of them, ask for beside the timeline. The time model of the core asks for nothing."""
        asked = [loaded.kpi for known, loaded in self.kpis.items() if name in (None, known)]
        return Wants(frozenset(want for kpi in asked for want in kpi.signals), any(kpi.orders for kpi in asked))

    def facts(self, slice: Slice, skip: Collection[str] = ()) -> dict[str, Mapping[str, Any]]:
        """The facts of every KPI; one that fails is missing, and those to `skip`."""
        out = {}
        for name, loaded in self.kpis.items():
            if name in skip:
                continue
            facts = self._fenced(loaded, "facts", lambda kpi=loaded.kpi: _checked(kpi.facts(slice)))  # type: ignore[misc]
            if facts is not None:
                out[name] = facts
        return out

    def facts_of(self, name: str, slice: Slice) -> Mapping[str, Any] | None:
        """The facts of one KPI, None where it failed."""
        loaded = self.kpis[name]
        return self._fenced(loaded, "facts", lambda: _checked(loaded.kpi.facts(slice)))

    def values(self, name: str, facts: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]] | None:
        """(values, flags) of one KPI from summed facts, None where it failed."""
        loaded = self.kpis[name]
        return self._fenced(loaded, "values", lambda: (dict(loaded.kpi.values(facts)), list(loaded.kpi.flags(facts))))

    def failures(self) -> dict[str, int]:
        """Failed calls per plugin."""
        counts: dict[str, int] = {}
        every: list[Loaded | LoadedMonitor] = [*self.kpis.values(), *self.monitors.values()]
        for loaded in every:
            counts[loaded.plugin] = counts.get(loaded.plugin, 0) + loaded.failures
        return counts

    def errors(self) -> dict[str, str]:
        """The last failure of each KPI and monitor that had one."""
        known: list[tuple[str, Loaded | LoadedMonitor]] = [*self.kpis.items(), *self.monitors.items()]
        return {name: loaded.last_error for name, loaded in known if loaded.last_error}

    def _fenced(self, loaded: Loaded, doing: str, call: Callable[[], T]) -> T | None:
        return self.tried(loaded, doing, call)[0]

    def tried(self, loaded: Loaded | LoadedMonitor, doing: str, call: Callable[[], T]) -> tuple[T | None, bool]:
        """(what a plugin returns, True), or (None, False) where it fails; then that is counted."""
        try:
            return call(), True
        except (Exception, SystemExit) as error:  # noqa: BLE001  # the fence: whatever a plugin raises stays its own
            self._failed(loaded, doing, error)
            return None, False

    def _failed(self, loaded: Loaded | LoadedMonitor, doing: str, error: BaseException) -> None:
        """Count a failure, and report the first of its kind."""
        with self._lock:
            loaded.failures += 1
            loaded.last_error = f"{doing}: {type(error).__name__}: {error}"
            kind = (loaded.plugin, doing, type(error).__name__)
            new = kind not in self._seen
            self._seen.add(kind)
        if new:
            self.report(loaded.plugin, doing, "".join(traceback.format_exception(error)))

    def refuse(self, plugin: str, reason: str) -> None:
        """Name a plugin that cannot be used, and why."""
        self.broken[plugin] = reason
        self.report(plugin, "load", reason)

    def register(self, plugin: str, plugin_version: str, classes: Sequence[type[Kpi]]) -> None:
        """Add KPI classes; one that cannot be used is named in `broken`."""
        for cls in classes:
            problem = _problem(cls, Kpi) or (f"KPI {cls.name!r} exists already" if cls.name in self.kpis else None)
            if problem:
                self.broken[plugin] = problem
                self.report(plugin, "register_kpis", problem)
            else:
                self.kpis[cls.name] = Loaded(cls(), plugin, plugin_version)
        ordered = sorted(self.kpis.items(), key=lambda item: (item[1].kpi.rank, item[0]))
        self.kpis = dict(ordered)

    def register_monitors(self, plugin: str, plugin_version: str, classes: Sequence[type[Monitor]]) -> None:
        """Add monitor classes; one that cannot be used is named in `broken`."""
        for cls in classes:
            taken = getattr(cls, "name", None) in self.monitors
            problem = _problem(cls, Monitor) or (f"monitor {cls.name!r} exists already" if taken else None)
            if problem:
                self.broken[plugin] = problem
                self.report(plugin, "register_monitors", problem)
            else:
                self.monitors[cls.name] = LoadedMonitor(cls, plugin, plugin_version)
        ordered = sorted(self.monitors.items(), key=lambda item: (item[1].monitor.rank, item[0]))
        self.monitors = dict(ordered)


def load(directory: Path | None = None, *, disabled: Sequence[str] = (), report: Report | None = None) -> PluginHost:
    """Find plugins by entry point (group `edge`) and as `*.py` files of `directory`; register KPIs and monitors."""
    host = PluginHost(report or (lambda plugin, doing, trace: None))
    manager = pluggy.PluginManager(hookspecs.GROUP)
    manager.add_hookspecs(hookspecs)
    for name in disabled:
        manager.set_blocked(name)
    _guarded(host, "entry points", lambda: manager.load_setuptools_entrypoints(hookspecs.GROUP))
    for file in sorted(directory.glob("*.py")) if directory and directory.is_dir() else ():
        if file.stem in disabled:
            continue
        if not NAME.match(file.stem):
            host.refuse(
                file.stem,
                f"{file.name}: a plugin's file is named in lower case letters, digits and _, such as scrap_rate.py",
            )
        else:
            _guarded(host, file.stem, lambda file=file: manager.register(_module(file), name=file.stem))  # type: ignore[misc]
    distributions = {id(plugin): dist for plugin, dist in manager.list_plugin_distinfo()}
    for name, plugin in manager.list_name_plugin():
        if plugin is None:
            continue
        distribution = distributions.get(id(plugin))
        known = distribution.version if distribution is not None else _version_of(plugin)
        for hook, register in (("register_kpis", host.register), ("register_monitors", host.register_monitors)):
            call = getattr(plugin, hook, None)
            if call is not None:
                _guarded(host, name, lambda: register(name, known, call()))  # noqa: B023  # called at once
    return host


def _guarded(host: PluginHost, plugin: str, step: Callable[[], object]) -> None:
    try:
        step()
    except (Exception, SystemExit) as error:  # noqa: BLE001  # the fence: one that cannot be loaded stops no service
        host.broken[plugin] = f"{type(error).__name__}: {error}"
        host.report(plugin, "load", traceback.format_exc())


def _module(file: Path) -> ModuleType:
    name = f"edge_plugins_d.{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _version_of(plugin: object) -> str:
    stated = getattr(plugin, "__version__", None)
    if isinstance(stated, str):
        return stated
    try:
        return version(getattr(plugin, "__name__", "").partition(".")[0])
    except (PackageNotFoundError, ValueError):
        return "0"


def _problem(cls: object, wanted: type) -> str | None:
    what = wanted.__name__
    if not (isinstance(cls, type) and issubclass(cls, wanted)):
        return f"register_{what.lower()}s returned {cls!r}, not a subclass of edge.{what}"
    name = getattr(cls, "name", None)
    if not isinstance(name, str) or not NAME.match(name):
        return f"{cls.__name__}.name is {name!r}; it must match {NAME.pattern.removesuffix(chr(92) + 'Z')}"
    return None


def _checked(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    problem = unfit(facts)
    if problem:
        raise TypeError(problem)
    return facts
