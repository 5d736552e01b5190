"""The shape of a number's past: revisions with what changed in each, where, and the messages and corrections behind."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from edge.api.shapes import FROM, Numbers, Time

Change = dict[str, list[Any]]
"""What was before and is after, by name; nested names are joined by dots."""


class Changed(Struct):
    values: Change
    facts: Change


class ChangedHour(Struct, rename=FROM):
    """Facts of one machine that changed in the hour (of the window) that begins at `from`."""

    asset: str
    from_: Time
    facts: Change


class RevisionCause(Struct, rename=FROM, omit_defaults=True):
    """`messages` of one kind for event times `from` to `to`, or one correction or change of plant data (or its
    revocation); `offsets` are their first [first, last] ranges in the journal, `received` is when the last arrived."""

    asset: str
    kind: str
    received: Time
    messages: int
    offsets: list[list[int]]
    from_: Time | UnsetType = UNSET
    to: Time | UnsetType = UNSET
    correction: Numbers | UnsetType = UNSET
    change: Numbers | UnsetType = UNSET  # of plant data


class Revision(Struct):
    """What was known at `as_of`, what of it was new, and why; `left_out`: how many hours and causes are not listed."""

    revision: int
    as_of: Time
    values: Numbers
    facts: Numbers
    changed: Changed
    hours: list[ChangedHour]
    causes: list[RevisionCause]
    left_out: int


class Revised(Struct, rename=FROM):
    """The first result of a window, once it was over, and every change of it since, oldest first."""

    kpi: str
    asset: str
    from_: Time
    to: Time
    timezone: str
    as_of: Time
    revisions: list[Revision]
    shift: str | UnsetType = UNSET
    date: str | UnsetType = UNSET
