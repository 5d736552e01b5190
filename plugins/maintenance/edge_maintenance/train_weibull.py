"""Fit the Weibull distribution of a component's life to ages of failure, and of those that are still well."""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import replace

from edge_maintenance.table import TableError, layout_of, open_table
from edge_maintenance.table import add_options as add_table_options
from edge_maintenance.weibull import fit


def add_options(parser: argparse.ArgumentParser) -> None:
    add_table_options(parser)
    add = parser.add_argument
    add("--age", required=True, metavar="COL", help="column of the age in hours, at failure or when last seen well")
    add("--failed", metavar="COL", help="column that is 0 where the component was still well (default: all failed)")


def run(options: argparse.Namespace) -> None:
    """Writes the setting as it stands in the plant file. Raises TableError."""
    wanted = tuple(name for name in (options.age, options.failed) if name)
    with open_table(options.file, replace(layout_of(options), signals=wanted)) as table:
        ages, failed = [], []
        for row in table.rows:
            age, dead = row.values[options.age], row.values.get(options.failed, 1.0) if options.failed else 1.0
            if not math.isfinite(age) or not math.isfinite(dead):
                raise TableError(f"{table.path}: line {row.line}: no number in {' or '.join(map(repr, wanted))}")
            ages.append(age)
            failed.append(dead != 0.0)
    try:
        shape, scale = fit(ages, failed)
    except ValueError as error:
        raise TableError(f"{options.file}: {error}") from error
    sys.stderr.write(f"edge-maintenance weibull: {sum(failed)} failed, {len(failed) - sum(failed)} still well\n")
    sys.stdout.write(f"weibull = {{ shape = {shape:.4g}, scale_h = {scale:.6g} }}\n")
