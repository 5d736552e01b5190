"""`python -m tests.soak [FAULT ...]`: production events at 2,000/s for a minute each, while the fault strikes.

Closes with `N passed, N failed`; every number that differs is printed, and the seed that repeats the run.
"""

from __future__ import annotations

import argparse
import random
import sys

from tests.soak.faults import FAULTS
from tests.soak.run import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"of {', '.join(FAULTS)}; default: all")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=2000.0, help="messages a second")
    parser.add_argument("--pause", type=float, default=8.0, help="how long a pause lasts, in seconds")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--rounds", type=int, default=1, help="how often, each round with the next seed")
    asked = parser.parse_args()
    if unknown := set(asked.faults) - set(FAULTS):
        parser.error(f"no fault {', '.join(sorted(unknown))}; there are {', '.join(FAULTS)}")
    failed = passed = 0
    for seed in range(asked.seed, asked.seed + asked.rounds):
        for name in asked.faults or FAULTS:
            outcome = run(FAULTS[name], seconds=asked.seconds, rate=asked.rate, seed=seed, pause_s=asked.pause)
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
