"""Changes of plant data: what an engineer says of products, calendars and machines, kept as messages in the journal.

A change is one JSON object under `$edge/plant`, with who, when and why, and from which instant on it holds. Changes
lie over the plant file and never replace one another: at any instant the one that holds is the one that began last. A
later message may revoke one. Pure.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from edge.clock import from_text

TOPIC = "$edge/plant"  # no MQTT client can publish there
Kind = Literal["product", "shifts", "exception", "machine", "revoke"]
SHIFT_TABLES = ("shifts", "breaks")
EXCEPTIONS = ("planned", "unscheduled")


class PlantChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """A change as it is said. `name` is the product, site, or path or pattern of machines that it is about.

    `product`: from `valid_from` on the product is `value`, a table of the plant file. `shifts`: from then on the
    site has the shifts and breaks of `value`. `machine`: from then on machines have the settings of `value`; the ones
    that it does not name stay, null gives one back to the plant file. `exception`: the site has the slot `value`, with
    `kind` planned or unscheduled, `from` and `to`; it holds for its own time. `revoke`: the change `revokes` does not
    hold any more."""

    id: str
    kind: Kind
    by: str
    why: str
    name: str = ""
    valid_from: str | None = None
    value: dict[str, Any] = {}
    revokes: str | None = None

    @property
    def since(self) -> int:
        """The instant from which on it holds, in microseconds."""
        return from_text(self.valid_from or self.value.get("from", ""))

    @property
    def until(self) -> int:
        """The end of an exception; others hold from an instant on, which is all that they say."""
        return from_text(self.value["to"]) if self.kind == "exception" else self.since + 1
