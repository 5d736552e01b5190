"""`python -m tests.soak [FAULT ...]`: production events at 2,000/s for a minute each, while the fault strikes.

`influx` is a mixed load of 100 seconds (200,000 messages) while InfluxDB is killed five times and the service twice.

Closes with `N passed, N failed`; every number that differs is printed, and the seed that repeats the run.
"""

from __future__ import annotations

import argparse
import random
import sys

from tests.soak.faults import FAULTS
from tests.soak.influx import run_influx
from tests.soak.run import Outcome, run

NAMES = (*FAULTS, "influx")
INFLUX_S, STOP_S = 100.0, 5.0


def outcome_of(name: str, asked: argparse.Namespace, seed: int) -> Outcome:
    """One run."""
    if name == "influx":
        return run_influx(messages=round((asked.seconds or INFLUX_S) * asked.rate), rate=asked.rate, seed=seed)
    seconds = asked.seconds or 60.0
    return run(FAULTS[name], seconds=seconds, rate=asked.rate, seed=seed, pause_s=asked.pause, stop_s=STOP_S)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"of {', '.join(NAMES)}; default: all")
    parser.add_argument("--seconds", type=float, help="default: 60, of influx 100")
    parser.add_argument("--rate", type=float, default=2000.0, help="messages a second")
    parser.add_argument("--pause", type=float, default=8.0, help="how long a pause lasts, in seconds")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--rounds", type=int, default=1, help="how often, each round with the next seed")
    asked = parser.parse_args()
    if unknown := set(asked.faults) - set(NAMES):
        parser.error(f"no fault {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    failed = passed = 0
    for seed in range(asked.seed, asked.seed + asked.rounds):
        for name in asked.faults or NAMES:
            outcome = outcome_of(name, asked, seed)
            print(
                f"{name}: seed {seed}, {outcome.messages} messages, {outcome.disturbances} disturbances, "
                f"{outcome.duplicates} came again, caught up after {outcome.caught_up_s:.1f} s, "
                f"{len(outcome.wrong)} numbers wrong",
                flush=True,
            )
            for line in outcome.wrong:
                print(f"  {line}")
            passed, failed = passed + (not outcome.wrong), failed + bool(outcome.wrong)
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
