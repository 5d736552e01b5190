"""Learn remaining life from run-to-failure histories, and write it as a model file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from edge_maintenance.table import TableError, layout_of, open_table, positive
from edge_maintenance.table import add_options as add_table_options
from edge_maintenance.train_histories import read_histories


def add_options(parser: argparse.ArgumentParser) -> None:
    add_table_options(parser)
    add = parser.add_argument
    add("-o", "--output", required=True, metavar="MODEL", help="the model file to write (JSON)")
    add("--max-life", type=positive, metavar="N", help="longer lives count as this one (default: 0.65 of the usual)")
    add("--name", default="", help="what the model is called in assessments (default: that of the file)")
    add("--licence", default="not stated", metavar="TEXT", help="of the data, written into the model")
    add("--seed", type=int, default=0, metavar="N", help="of the random numbers of the training")


def run(options: argparse.Namespace) -> None:
    """Raises TableError for a table that cannot be learned from, or where scikit-learn is missing."""
    try:
        from edge_maintenance.train_life import learn
    except ModuleNotFoundError as error:
        raise TableError(f"training needs scikit-learn ({error}): pip install 'edge-maintenance[ml]'") from error
    if not Path(options.output).parent.is_dir():  # said now, rather than when all is learned
        raise TableError(f"-o {options.output}: there is no folder {Path(options.output).parent}")
    with open_table(options.file, layout_of(options)) as table:
        histories, notes = read_histories(table)
        for note in [*table.notes, *notes]:
            say(note)
        text = learn(table, histories, options, say)
    try:
        Path(options.output).write_bytes(text)
    except OSError as error:
        raise TableError(f"-o {options.output}: {error.strerror or error}") from error
    say(f"wrote {options.output}, {len(text):,} bytes")


def say(text: str) -> None:
    sys.stderr.write(f"edge-maintenance train: {text}\n")
