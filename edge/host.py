"""The plugin host: finds plugins of KPIs and monitors, checks them, and calls each one behind a fence.

pluggy finds and orders; slices go through a table of instances, each call on its own, because one raising
implementation of a hook stops all others. What fails is counted, logged once per kind, and shown; the rest goes on.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import pluggy

from edge import hookspecs
from edge.contract import (
    HOOKS,
    NAME,
    problem_of_class,
    problem_of_hook,
    problem_of_plugin,
    said_of,
    unfit_values,
)
from edge.facts import NUMBERS, copied, unfit
from edge.fence import Fence, Loaded, LoadedMonitor, Report
from edge.kpi import Kpi, Wants
from edge.monitor import Monitor
from edge.settings.plant import PlantSettings
from edge.slices import Slice

T = TypeVar("T")
SLICE_BUDGET_S, SLICE_BUDGET_CALLS = 5e-3, 50  # of a KPI, on average


@dataclass
class PluginHost(Fence):
    """Use `load` to make one. `kpis` and `monitors` are in page order; `broken` has plugins that could not be loaded,
    and why. Monitors of plugins that are not `in_process` run in a process for each plugin; None: all are."""

    directory: Path | None = None
    in_process: Collection[str] | None = None
    memory_bytes: int = 256 << 20  # that such a process may take beside what it begins with
    kpis: dict[str, Loaded] = field(default_factory=dict)
    monitors: dict[str, LoadedMonitor] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    def wants(self, name: str | None = None) -> Wants:
        """What a KPI, or all of them, ask for beside the timeline. The time model of the core asks for nothing."""
        asked = [loaded.kpi for loaded in self.kpis.values()] if name is None else [self.kpis[name].kpi]
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
            self._mind_budget(loaded)
        return out

    def _mind_budget(self, loaded: Loaded) -> None:
        took = loaded.seconds / loaded.calls if loaded.calls >= SLICE_BUDGET_CALLS else 0.0
        if took > SLICE_BUDGET_S and not loaded.slow:
            loaded.slow = True
            text = f"{loaded.name} takes {1e3 * took:.1f} ms a slice; all KPIs of a machine wait for it"
            self.report_once(loaded.plugin, "facts", f"{loaded.name} slow", text)

    def facts_of(self, name: str, slice: Slice) -> Mapping[str, Any] | None:
        """The facts of one KPI, None where it failed."""
        loaded = self.kpis[name]
        return self._fenced(loaded, "facts", lambda: _checked(loaded.kpi.facts(slice)))

    def values(self, name: str, facts: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]] | None:
        """(values, flags) of one KPI from summed facts, None where it failed."""
        loaded = self.kpis[name]
        return self._fenced(loaded, "values", lambda: _values(loaded.kpi, copied(facts)))

    def unknown_settings(self, plant: PlantSettings) -> Iterator[str]:
        """What the plant file says for plugins that are not there, or do not know it; those without settings of their
        own take any."""
        kpis = {name: loaded.kpi.settings for name, loaded in self.kpis.items()}
        monitors = {name: loaded.monitor.settings for name, loaded in self.monitors.items()}
        for path, machine in plant.machines.items():
            yield from _unknown(f'machines."{path}".kpis', "KPI", machine.kpis, kpis)
            yield from _unknown(f'machines."{path}".monitors', "monitor", machine.monitors, monitors)

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

    def refuse(self, plugin: str, reason: str, doing: str = "load") -> None:
        """Name a plugin that cannot be used, or not all of it, and why."""
        self.broken[plugin] = "; ".join(filter(None, (self.broken.get(plugin), reason)))
        self.report(plugin, doing, reason)

    def register(self, plugin: str, plugin_version: str, classes: Sequence[type[Kpi]]) -> None:
        """Add KPI classes; one that cannot be used is named in `broken`."""
        for cls in self._usable(plugin, "register_kpis", classes, self.kpis):
            self.kpis[cls.name] = Loaded(cls(), plugin, plugin_version)
        self.kpis = dict(sorted(self.kpis.items(), key=lambda item: (item[1].kpi.rank, item[0])))

    def register_monitors(self, plugin: str, plugin_version: str, classes: Sequence[type[Monitor]]) -> None:
        """Add monitor classes; one that cannot be used is named in `broken`."""
        for cls in self._usable(plugin, "register_monitors", classes, self.monitors):
            apart = self.in_process is not None and plugin not in self.in_process
            self.monitors[cls.name] = LoadedMonitor(cls, plugin, plugin_version, apart=apart)
        self.monitors = dict(sorted(self.monitors.items(), key=lambda item: (item[1].monitor.rank, item[0])))

    def _usable(
        self, plugin: str, hook: str, classes: Any, known: Mapping[str, Loaded | LoadedMonitor]
    ) -> Iterator[Any]:
        if problem := problem_of_hook(hook, classes):
            self.refuse(plugin, problem, hook)
            return
        for cls in classes:
            problem = problem_of_class(cls, HOOKS[hook])
            if problem is None and cls.name in known:
                what = HOOKS[hook].__name__
                problem = f"{cls.__name__}: {what} {cls.name!r} exists already, in plugin {known[cls.name].plugin}"
            if problem:
                self.refuse(plugin, problem, hook)
            else:
                yield cls


def _unknown(
    table: str, what: str, given: Mapping[str, Mapping[str, Any]], known: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    for name, settings in given.items():
        if name not in known:
            yield f"[{table}.{name}]: there is no {what} {name}; there are {', '.join(known) or 'none'}"
        for key in settings if known.get(name) else ():
            if key not in known[name]:
                yield f"[{table}.{name}]: {name} has no setting {key}; it has {', '.join(known[name])}"


def load(
    directory: Path | None = None,
    *,
    disabled: Sequence[str] = (),
    report: Report | None = None,
    in_process: Collection[str] | None = None,
    memory_mb: float = 256.0,
    only: str | None = None,
) -> PluginHost:
    """Find plugins by entry point (group `edge`) and as `*.py` files of `directory`, all or `only` one; register KPIs
    and monitors. `PluginHost` says what the rest is."""
    host = PluginHost(report or (lambda plugin, doing, trace: None), directory, in_process, round(memory_mb * 2**20))
    manager = pluggy.PluginManager(hookspecs.GROUP)
    manager.add_hookspecs(hookspecs)
    for name in disabled:
        manager.set_blocked(name)
    _guarded(host, "entry points", lambda: manager.load_setuptools_entrypoints(hookspecs.GROUP, only))
    for file in sorted(directory.glob("*.py")) if directory and directory.is_dir() else ():
        if file.stem in disabled or only not in (None, file.stem):
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
        if problem := problem_of_plugin(plugin):
            host.refuse(name, problem)
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
        host.broken[plugin] = said_of(error)
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
    """The version that a module states, with a mark of what stands in its file: results are worked out again by what
    was changed in it, whether or not somebody thought of the version."""
    stated = getattr(plugin, "__version__", None)
    file = getattr(plugin, "__file__", None)
    mark = hashlib.sha256(Path(file).read_bytes()).hexdigest()[:8] if file else ""
    return "+".join(filter(None, (stated if isinstance(stated, str) else "0", mark)))


def _checked(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    problem = unfit(facts)
    if problem:
        raise TypeError(problem)
    return facts if _is_plain(facts) else copied(facts)


def _is_plain(facts: object) -> bool:
    """Whether what can be added is in plain dicts all through."""
    if facts.__class__ is not dict:
        return False
    for value in facts.values():
        if value.__class__ not in NUMBERS and isinstance(value, Mapping) and not _is_plain(value):
            return False
    return True


def _values(kpi: Kpi, facts: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    values, flags = kpi.values(facts), kpi.flags(facts)
    if problem := unfit_values(values) or unfit_values({"flags": flags}, "values and flags"):
        raise TypeError(problem)
    return dict(values), list(flags)
