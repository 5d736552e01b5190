"""Timelines with expected numbers, run through the product: `python -m tests.scenarios [--live] FILE_OR_DIR ...`."""
