"""Gap notices: entries by which the service itself says that messages may be missing."""

from __future__ import annotations

import msgspec

from edge.journal.record import NOTICE_PREFIX

GAP_TOPIC = NOTICE_PREFIX + "gap"


class Gap(msgspec.Struct, omit_defaults=True, rename={"start": "from", "end": "to"}):
    """Between the instants `start` and `end` (microseconds; `from` and `to` in JSON) messages may be missing.

    `reason` is `session_lost` (the broker had forgotten us) or `journal_damaged`; then `offsets` names the entries that
    are gone, as pairs (first, last), and `missing` how many these are. Of very many pairs the last covers the rest."""

    reason: str
    start: int
    end: int
    detail: str = ""
    offsets: list[tuple[int, int]] = []
    missing: int = 0

    def payload(self) -> bytes:
        return msgspec.json.encode(self)
