"""What the ingest process is told at its start, as one line of JSON."""

from __future__ import annotations

import msgspec

from edge.journal.limits import JournalLimits
from edge.mqtt.options import MqttOptions


class IngestConfig(msgspec.Struct, frozen=True):
    journal: str
    """The journal's directory."""
    mqtt: MqttOptions
    limits: JournalLimits = JournalLimits()

    def line(self) -> bytes:
        return msgspec.json.encode(self) + b"\n"


def read_config(line: bytes) -> IngestConfig:
    """msgspec.ValidationError where it is none."""
    return msgspec.json.decode(line, type=IngestConfig)
