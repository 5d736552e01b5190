"""`edge rejected`: the messages that were rejected, as a recording that `edge replay` publishes again."""

from __future__ import annotations

import base64
import sys
from contextlib import closing

import msgspec

from edge.journal.reader import JournalReader
from edge.journal.record import DAMAGED, Record
from edge.query.lists import rejected_offsets
from edge.settings.load import Settings
from edge.store.schema import open_reader


def rejected(settings: Settings, *, reason: str | None, asset: str | None) -> int:
    """Print them, one JSON object a line, in the order in which they came; the exit status: 1 where some are gone."""
    directory = settings.service.service.data_dir
    if not (directory / "store.db").is_file():
        sys.stderr.write(f"edge rejected: {directory} has no store\n")
        return 1
    printed = gone = 0
    with closing(open_reader(directory / "store.db")) as db:
        offsets = rejected_offsets(db, reason, asset)
    with JournalReader(directory / "journal") as journal:
        for offset in offsets:
            record = journal.get(offset)
            if record is None or record.flags & DAMAGED:
                gone += 1
                continue
            sys.stdout.buffer.write(msgspec.json.encode(line_of(record)) + b"\n")
            printed += 1
    sys.stdout.flush()
    sys.stderr.write(
        f"edge rejected: {printed} messages" + (f", {gone} are not in the journal any more" * bool(gone)) + "\n"
    )
    return 1 if gone else 0


def line_of(record: Record) -> dict[str, object]:
    """A message as a line of a recording, without the retain flag that it may have had."""
    line: dict[str, object] = {"topic": record.topic, "t_ms": record.received / 1000, "qos": 1}
    try:
        return {**line, "payload": record.payload.decode()}
    except UnicodeDecodeError:
        return {**line, "payload_b64": base64.b64encode(record.payload).decode()}
