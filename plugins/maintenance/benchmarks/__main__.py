"""Score the monitor on public recordings, by their published protocols and beside controls, and on made-up machines.

Run it in the folder of the plugin: `python -m benchmarks NAME FILE...`; files may be gzip-compressed (.gz)."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

NAMES = ("skab", "nab", "bearings", "warnings", "cmapss", "families")
"""Modules of this folder: each has `add_options` and `run`. `cmapss` needs what training needs, `families` no
file."""


def main() -> int:
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in NAMES:
        print(f"{__doc__}\n\nNAME is one of {', '.join(NAMES)}", file=sys.stderr)
        return 0 if name in ("-h", "--help") else 2
    module = import_module(f"benchmarks.{name}")
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks {name}", description=module.__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    module.add_options(parser)
    module.run(parser.parse_args(sys.argv[2:]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
