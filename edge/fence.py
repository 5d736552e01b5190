"""The fence around plugins: whatever a call raises, and however long it takes, stays its own."""

from __future__ import annotations

import ctypes
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from edge.contract import said_of
from edge.kpi import Kpi
from edge.monitor import Monitor

T = TypeVar("T")
Report = Callable[[str, str, str], None]
"""Called once per plugin and kind of failure with (plugin, what it was doing, traceback)."""

PATIENCE_S = 10.0  # for one call; then it is interrupted
LOOK_S = 1.0
HANGS = 3  # so many interrupted calls, and it is not called any more


class TookTooLong(BaseException):
    """Raised inside a call of a plugin that does not come to an end; no `except Exception` of its own catches it."""

    def __init__(self) -> None:
        super().__init__(f"interrupted, because it took longer than {PATIENCE_S:g} s")


class SetAside(Exception):
    """Why a plugin is not called any more."""


@dataclass(kw_only=True)
class Record:
    """What is known of the calls of a KPI or a monitor. `seconds` is their time."""

    failures: int = 0
    last_error: str | None = None
    calls: int = 0
    seconds: float = 0.0
    hangs: int = 0
    slow: bool = False  # its calls take longer than they may; said once


@dataclass
class Loaded(Record):
    """A KPI that answers, and the plugin that brought it."""

    kpi: Kpi
    plugin: str
    version: str

    @property
    def name(self) -> str:
        return self.kpi.name


@dataclass
class LoadedMonitor(Record):
    """A monitor of which each machine gets one, and the plugin that brought it."""

    monitor: type[Monitor]
    plugin: str
    version: str
    paused: int = 0  # how many machines it is paused for
    apart: bool = False  # it runs in a process of its plugin's
    deaths: int = 0  # of that process
    off: str | None = None  # why it is switched off until the next start

    @property
    def name(self) -> str:
        return self.monitor.name


@dataclass
class Call:
    """A call that is going on, since a reading of the monotonic clock."""

    loaded: Loaded | LoadedMonitor
    doing: str
    since: float
    interrupted: bool = False


@dataclass
class Fence:
    """Calls plugins. `report` is told once of each kind of failure, `out_of_memory` of a call that got none."""

    report: Report = lambda plugin, doing, trace: None
    out_of_memory: Callable[[], None] = field(default=lambda: None, kw_only=True)
    _seen: set[tuple[str, str, str]] = field(default_factory=set, kw_only=True)
    _calls: dict[int, Call] = field(default_factory=dict, kw_only=True)  # by thread
    _lock: threading.Lock = field(default_factory=threading.Lock, kw_only=True)

    def tried(self, loaded: Loaded | LoadedMonitor, doing: str, call: Callable[[], T]) -> tuple[T | None, bool]:
        """(what a plugin returns, True), or (None, False) where it fails; then that is counted."""
        thread = threading.get_ident()
        going_on = Call(loaded, doing, time.perf_counter())
        try:
            if loaded.hangs >= HANGS:
                raise SetAside(f"not called any more, because it took longer than {PATIENCE_S:g} s {HANGS} times")
            self._calls[thread] = going_on
            try:
                return call(), True
            finally:
                self._ended(thread, going_on)
        except BaseException as error:  # the fence: whatever a plugin raises stays its own, `CancelledError` too
            if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
                raise  # somebody at the keyboard
            self._failed(loaded, doing, error)
            return None, False
        finally:
            self._calls.pop(thread, None)

    def _ended(self, thread: int, call: Call) -> None:
        with self._lock:  # from here on nobody interrupts it; what has not been raised yet is taken back
            self._calls.pop(thread, None)
            if call.interrupted:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), None)
        loaded = call.loaded
        loaded.calls += 1
        loaded.seconds += time.perf_counter() - call.since

    @contextmanager
    def minded(self) -> Iterator[None]:
        """Meanwhile calls that do not come to an end are interrupted, so that everything behind them goes on: until the
        last call is over, because the process cannot end before."""
        ended = False

        def mind() -> None:
            while not ended or self._calls:
                time.sleep(LOOK_S)
                self.interrupt_hanging()

        threading.Thread(target=mind, name="plugins", daemon=True).start()
        try:
            yield
        finally:
            ended = True

    def interrupt_hanging(self) -> None:
        """End calls that take too long, as far as they run Python: one that waits inside a library goes on."""
        with self._lock:
            for thread, call in list(self._calls.items()):
                if not call.interrupted and time.perf_counter() - call.since > PATIENCE_S:
                    call.interrupted = True
                    call.loaded.hangs += 1
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(TookTooLong))

    def at_work(self, longer_than_s: float) -> list[str]:
        """Calls that have been going on for so long, in words."""
        now = time.perf_counter()
        return [
            f"{call.loaded.name} (plugin {call.loaded.plugin}) has been in `{call.doing}` for {now - call.since:.0f} s"
            for call in list(self._calls.values())
            if now - call.since > longer_than_s
        ]

    def _failed(self, loaded: Loaded | LoadedMonitor, doing: str, error: BaseException) -> None:
        """Count a failure, and report the first of its kind."""
        if isinstance(error, MemoryError):
            self.out_of_memory()
        self.blame(loaded, f"{doing}: {said_of(error)}")
        trace = "".join(traceback.format_exception(error))
        self.report_once(loaded.plugin, doing, f"{loaded.name} {type(error).__name__}", trace)

    def blame(self, loaded: Loaded | LoadedMonitor, error: str) -> None:
        """Count a failure."""
        with self._lock:
            loaded.failures += 1
            loaded.last_error = error

    def report_once(self, plugin: str, doing: str, kind: str, text: str) -> None:
        """Report the first of a kind."""
        with self._lock:
            new = (plugin, doing, kind) not in self._seen
            self._seen.add((plugin, doing, kind))
        if new:
            self.report(plugin, doing, text)
