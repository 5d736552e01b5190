"""Logging: one line per event, as text on a console or as JSON."""

from __future__ import annotations

import logging
import sys

import structlog


def configure(log_format: str, level: str) -> structlog.stdlib.BoundLogger:
    """Set up logging of the process and return the service's logger; what other libraries log goes the same way."""
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=renderer))
    root = logging.getLogger()
    root.handlers[:] = [output]
    root.setLevel(level.upper())
    logger: structlog.stdlib.BoundLogger = structlog.get_logger("edge")
    return logger
