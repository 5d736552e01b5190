"""Plant data that changes in time: which changes hold, and the plant file as it would read at an instant."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from tests.oracle.messages import Message, microseconds

Change = Mapping[str, Any]


def holding(messages: Sequence[Message], received_until: int) -> list[Change]:
    """What had been said by an instant of receipt and not been taken back, in the order in which it was said."""
    out: list[Change] = []
    for message in messages:
        if message.topic == "$edge/plant" and message.received <= received_until:
            said = json.loads(message.payload)
            if said["kind"] == "revoke":
                out = [one for one in out if one["id"] != said["revokes"]]
            else:
                out.append(said)
    return out


def plants(file: Mapping[str, Any], changes: Sequence[Change]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """(from, plant file) for every instant at which something begins; the first is the file with all exceptions."""
    changed = [one for one in changes if one["kind"] != "exception"]
    yield -(1 << 62), laid(file, changes, -(1 << 62))
    for since in sorted({microseconds(one["valid_from"]) for one in changed}):
        yield since, laid(file, changes, since)


def laid(file: Mapping[str, Any], changes: Sequence[Change], ts: int) -> Mapping[str, Any]:
    """The plant file as it would read at an instant."""
    plant = deepcopy(dict(file))
    for one in changes:
        if one["kind"] == "exception":
            slot = one["value"]
            site = plant["sites"][one["name"]]
            site[slot["kind"]] = [*site.get(slot["kind"], ()), {"from": slot["from"], "to": slot["to"]}]
    begun = [one for one in changes if one["kind"] != "exception" and microseconds(one["valid_from"]) <= ts]
    for one in sorted(begun, key=lambda one: microseconds(one["valid_from"])):  # equal ones stay in their order
        name, value = one["name"], one["value"]
        if one["kind"] == "product":
            plant["products"] = {**plant["products"], name: value}
        elif one["kind"] == "shifts":
            plant["sites"][name] = {**plant["sites"][name], "breaks": [], **value}
        else:
            own = file["machines"].get(name, {})
            back = {key: own[key] for key, said in value.items() if said is None and key in own}
            before = plant["machines"].get(name, {})
            after = {key: said for key, said in {**before, **value}.items() if said is not None}
            plant["machines"] = {**plant["machines"], name: {**after, **back}}
    return plant
