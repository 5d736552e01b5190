"""How what people laid over the record is listed: what was said, when it arrived, and who took it back."""

from __future__ import annotations

from typing import Any, TypeVar

import apsw
import msgspec

from edge.changes import PlantChange
from edge.clock import to_text
from edge.corrections import Correction

Said = TypeVar("Said", Correction, PlantChange)


def listed(rows: apsw.Cursor, decode: msgspec.json.Decoder[Said], received_until: int | None) -> list[dict[str, Any]]:
    """Rows of (said, offset, received, revoked, revocation) as plain data; revoked ones are marked as far as that was
    known at `received_until` (None: now)."""
    out = []
    for said, offset, received, revoked, revocation in rows:
        one = msgspec.to_builtins(decode.decode(said))
        one |= {"offset": offset, "received": to_text(received)}
        if revoked is not None and (received_until is None or revoked <= received_until):
            by = decode.decode(revocation)
            one["revoked"] = {"at": to_text(revoked), "by": by.by, "why": by.why}
        out.append(one)
    return out
