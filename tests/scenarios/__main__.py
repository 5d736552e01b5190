"""Run scenarios, print every number that differs, and close with `N passed, N failed`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.scenarios.compare import missed
from tests.scenarios.scenario import prepare


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios", description=__doc__)
    parser.add_argument("--live", action="store_true", help="through a broker, the running service and its HTTP API")
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE_OR_DIR")
    asked = parser.parse_args()
    if asked.live:
        from tests.scenarios.live import run
    else:
        from tests.scenarios.offline import run
    prepared = prepare(asked.paths)
    print("".join(f"{line}\n" for line in prepared.not_taken), end="")
    failed = dict.fromkeys((*prepared.refused, *(one.scenario for one in prepared.expectations)), 0)
    for name, why in prepared.refused.items():
        print(f"{name}: {why}")
        failed[name] += 1
    for expectation, found in run(prepared):
        lines = missed(expectation, found)
        failed[expectation.scenario] += len(lines)
        print("".join(f"{line}\n" for line in lines), end="")
    bad = sum(bool(count) for count in failed.values())
    print(f"{len(failed) - bad} passed, {bad} failed")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
