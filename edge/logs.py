"""Logging: one line per event with its fields, as text on a console or as JSON; standard library only.

A structured-logging library was measured at 8 MB of the 90 that the idle service may take (docs/decisions/004).
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

FIELDS = "edge_fields"


class Log:
    """Says what happened, with fields: `log.info("listening", url=...)`."""

    def __init__(self, name: str = "edge") -> None:
        self._logger = logging.getLogger(name)

    def info(self, event: str, **fields: Any) -> None:
        self._logger.info(event, extra={FIELDS: fields})

    def warning(self, event: str, **fields: Any) -> None:
        self._logger.warning(event, extra={FIELDS: fields})

    def error(self, event: str, **fields: Any) -> None:
        self._logger.error(event, extra={FIELDS: fields})

    def exception(self, event: str, **fields: Any) -> None:
        """An error with the traceback of the exception being handled."""
        self._logger.error(event, exc_info=True, extra={FIELDS: fields})


def members(record: logging.LogRecord) -> dict[str, Any]:
    """What a record says, in the order in which it is written."""
    out: dict[str, Any] = {
        "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": record.getMessage(),
        **getattr(record, FIELDS, {}),
    }
    if record.exc_info:
        out["trace"] = "".join(traceback.format_exception(*record.exc_info))
    return out


class Json(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(members(record), default=str, ensure_ascii=False)


class Console(logging.Formatter):
    """Time, level, event and fields on one line; a traceback below it."""

    def format(self, record: logging.LogRecord) -> str:
        said = members(record)
        head = f"{said.pop('ts')} {said.pop('level'):7} {said.pop('event')}"
        trace = said.pop("trace", None)
        said.pop("logger")
        line = " ".join([head, *(f"{name}={value!r}" for name, value in said.items() if name != "trace")])
        return line if trace is None else f"{line}\n{trace.rstrip()}"


def configure(log_format: str, level: str) -> Log:
    """Set up logging of the process (`json` or `console`) and return the service's log."""
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(Json() if log_format == "json" else Console())
    root = logging.getLogger()
    root.handlers[:] = [output]
    root.setLevel(level.upper())
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    return Log()
