"""A made-up plant that sends as a fast line does, and the ledger of everything it said: the oracle of load tests."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

Kind = Literal["readings", "production", "mixed"]

ROOT = "shopfloor/v1"
SIGNALS = ("vibration", "temperature", "current", "pressure", "flow", "speed", "torque", "voltage")
STEP_MS = 200
"""Event time between two messages of one machine."""
DAY_MS = 86_400_000


@dataclass
class Account:
    """What one machine said: parts, rejects, units, units that passed at once, messages."""

    total: int = 0
    bad: int = 0
    units: int = 0
    first_pass: int = 0
    readings: int = 0
    messages: int = 0


@dataclass
class Ledger:
    """What a service must have to the unit once it has taken everything; instants in milliseconds."""

    start_ms: int
    end_ms: int
    kinds: dict[str, int] = field(default_factory=dict)
    machines: dict[str, Account] = field(default_factory=dict)

    @property
    def messages(self) -> int:
        return sum(self.kinds.values())

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        fields: dict[str, Any] = json.loads(text)
        fields["machines"] = {path: Account(**account) for path, account in fields["machines"].items()}
        return cls(**fields)


class Plant:
    """Messages of `machines` machines in turn, four to a line. The same seed and start say the same.

    Without `start_ms` the last of `messages` messages happens about now. A share of them, `late`, comes up to a day
    late."""

    def __init__(self, machines: int, messages: int, *, seed: int = 1, boot: str | None = None,
                 start_ms: int | None = None, step_ms: int = STEP_MS, late: float = 0.0) -> None:  # fmt: skip
        span_ms = step_ms * (messages // machines + 1)
        start = int(time.time() * 1000) - span_ms if start_ms is None else start_ms
        self.boot = boot or f"boot-{time.time_ns():x}"
        self.ledger = Ledger(start - DAY_MS if late else start, start + span_ms)
        self._random = random.Random(seed)
        self._late, self._lateness = late, random.Random(seed + 1)
        self._paths = [f"works/hall/line{m // 4:02d}/m{m:03d}" for m in range(machines)]
        self.ledger.machines = {path: Account() for path in self._paths}
        self._running = [True] * machines
        self._kinds: Counter[str] = Counter()
        self._start, self._step = start, step_ms
        self._made = 0

    def message(self, kind: Kind) -> tuple[str, bytes]:
        """The next message: topic and payload."""
        turn, m = divmod(self._made, len(self._paths))
        self._made += 1
        path = self._paths[m]
        account = self.ledger.machines[path]
        head: dict[str, Any] = {
            "ts": self._start + turn * self._step + m % self._step,
            "boot": self.boot,
            "seq": account.messages,
        }
        account.messages += 1
        if self._late and self._lateness.random() < self._late:
            head["ts"] -= self._lateness.randrange(DAY_MS)
        if kind == "readings" or (kind == "mixed" and self._random.random() < 0.5):
            name, rest = self._reading(account)
        else:
            name, rest = self._production(m, account)
        self._kinds[name] += 1
        self.ledger.kinds = dict(self._kinds)
        return f"{ROOT}/{path}/{name}", json.dumps(head | rest, separators=(",", ":")).encode()

    def _reading(self, account: Account) -> tuple[str, dict[str, Any]]:
        account.readings += 1
        gauss = self._random.gauss
        return "reading", {"signals": {name: round(gauss(10 + at, 0.5), 3) for at, name in enumerate(SIGNALS)}}

    def _production(self, m: int, account: Account) -> tuple[str, dict[str, Any]]:
        """70 % counts, 25 % units, 5 % states."""
        draw = self._random.random()
        if draw < 0.70:
            bad = int(self._random.random() < 0.02)
            account.total += 1
            account.bad += bad
            return "count", {"total": 1, "bad": bad}
        if draw < 0.95:
            passed = self._random.random() < 0.97
            account.units += 1
            account.first_pass += passed
            serial = f"{self.boot}-{self._made}"
            return "unit", {"serial": serial, "station": "end", "result": "pass" if passed else "fail"}
        self._running[m] = not self._running[m]
        return "state", {"state": "running" if self._running[m] else "stopped"}
