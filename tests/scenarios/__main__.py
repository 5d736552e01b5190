"""Run scenarios, print every number that differs, and close with `N passed, N failed`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.scenarios.compare import TOLERANCE, differences, numbers
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
    failed: dict[str, int] = {}
    for expectation, answers in run(prepare(asked.paths)):
        tolerance = expectation.window.get("tol", TOLERANCE)
        found = list(differences(expectation.window["expected"], numbers(answers), tolerance))
        failed.setdefault(expectation.scenario, 0)
        failed[expectation.scenario] += bool(found)
        for line in found:
            print(f"{expectation.name}: {line}")
    bad = sum(bool(count) for count in failed.values())
    print(f"{len(failed) - bad} passed, {bad} failed")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
