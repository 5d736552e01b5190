"""The command `edge-maintenance`: try the monitor on a recording before trusting it on a machine."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from edge_maintenance import assess, train, train_weibull
from edge_maintenance.model import ModelError
from edge_maintenance.table import TableError

COMMANDS = {"assess": assess, "train": train, "weibull": train_weibull}
"""Name: the module that adds its options and runs it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, 2 for a file or an option that cannot be used."""
    parser = argparse.ArgumentParser(prog="edge-maintenance", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        summary = str(module.__doc__)
        module.add_options(commands.add_parser(name, help=summary.rstrip(".").lower(), description=summary))
    options = parser.parse_args(arguments)
    try:
        COMMANDS[options.command].run(options)
    except (TableError, ModelError) as error:
        sys.stderr.write(f"edge-maintenance {options.command}: {error}\n")
        return 2
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
