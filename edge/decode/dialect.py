"""Reads messages of other families: which topics, and where in their payloads the members of an event stand.

A mapping is settings and no code. What it makes of a payload goes through the same typed structs and the same checks as
a message of our own, so that it can be refused for the same reasons.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import inf, isfinite
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from edge.clock import EPOCH, SECOND
from edge.decode.diagnosis import NOT_UTF8, diagnose
from edge.decode.instant import FIRST, LAST, event_time
from edge.decode.payload import PAYLOADS, Payload
from edge.decode.rejection import Refusal, shorten
from edge.decode.settings import DecodeSettings
from edge.decode.vocabulary import umh_state
from edge.events import AnyEvent
from edge.journal.record import Record
from edge.mapping import COMMON, MISSING, NAMED, Mapping, Place, pattern_of, place_of

NO_LEVEL = re.compile(r"[^A-Za-z0-9_.-]+")
TEXT_MAX = 1024
REMEMBERED = 16_384

TEXTS = frozenset({"serial", "order", "product", "station", "component", "reason", "text", "by", "action", "severity"})
"""Members that are texts, so that a controller's number becomes one."""

TIMES = frozenset({"ts", "produced_ts", "due"})
PER_SECOND = {"s": 1, "ms": 1000, "us": 1_000_000, "ns": 1_000_000_000}


class Refused(Exception):
    """One element gives no event; `refusal` says why."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.refusal = Refusal(reason, detail)


class Reader:
    """One mapping, made ready: from a payload to what its members are."""

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.pattern = pattern_of(mapping.topic)
        self.payload: type[Payload] = PAYLOADS[mapping.kind].type
        self.each = None if mapping.each is None else place_of(mapping.each)
        self.where = [(place_of(text), wanted) for text, wanted in mapping.where.items()]
        self.names = [(name, place_of(text)) for name, text in mapping.names.items()]
        self.constants = {name: text[1:] for name, text in mapping.members.items() if text.startswith("=")}
        self.members = [(name, place_of(text)) for name, text in mapping.members.items() if name not in self.constants]
        self.signals = [(name, place_of(text)) for name, text in mapping.signals.items()]
        self.telling = [place for name, place in self.members if name not in COMMON]
        self.telling += [place for _, place in self.signals]
        self.taken = {place.steps for _, place in (*self.members, *self.names)}
        self.zone = ZoneInfo(mapping.timezone)

    def elements(self, payload: Any, most: int) -> list[Any]:
        """The parts of a payload that each say something; Refused where there are too many, or none is found."""
        if self.each is None:
            found = payload if isinstance(payload, list) else [payload]
        else:
            found = self.each.of(payload, payload)
            if isinstance(found, dict):
                found = list(found.values())
            if not isinstance(found, list):
                raise Refused("missing_member", f"`each`: no array at `{self.each.text}`")
        if len(found) > most:
            raise Refused("array_too_long", f"{len(found)} elements; at most {most} in one message")
        return found

    def fits(self, element: Any, payload: Any) -> bool:
        """Whether this mapping speaks of the element: `where` holds, and something of what it looks for is there."""
        if not all(_text(place.of(element, payload)) == _text(wanted) for place, wanted in self.where):
            return False
        return not self.telling or any(place.of(element, payload) is not MISSING for place in self.telling)

    def named(self, element: Any, payload: Any, captured: dict[str, str]) -> dict[str, str]:
        """Everything that `{name}` can stand for: what the topic says, and what the payload does."""
        named = dict(captured)
        for name, place in self.names:
            found = place.of(element, payload)
            if not isinstance(found, str | int) or not str(found).strip():
                raise Refused("missing_member", f"`names.{name}`: neither text nor number at `{place.text}`")
            named[name] = str(found).strip()
        return named

    def asset(self, named: dict[str, str]) -> str:
        """The asset path; what a path may not hold becomes `-`."""
        levels = [_filled(level, named) for level in self.mapping.asset.split("/")]
        return "/".join(NO_LEVEL.sub("-", level)[:64].strip(".") or "-" for level in levels)

    def said(self, element: Any, payload: Any, named: dict[str, str]) -> dict[str, Any]:
        """The members of an event as its struct wants them."""
        said: dict[str, Any] = {name: _filled(text, named) for name, text in self.constants.items()}
        for name, place in self.members:
            found = place.of(element, payload)
            if found is MISSING:
                continue
            if name in TIMES:
                said[name] = self._time(name, found)
            else:
                said[name] = self._word(name, found)
        if self.signals:
            said["signals"] = dict(self._signals(element, payload, named))
        return said

    def _word(self, member: str, found: Any) -> Any:
        table = self.mapping.values.get(member)
        if table is not None:
            word = table.get(_text(found), table.get("*"))
            if word is None:
                raise Refused("invalid_value", f"`{member}` is {_text(found)!r}, and `values.{member}` has no such key")
            return word
        if member == "state" and self.mapping.states != "own":
            return self._state(found)
        if isinstance(found, float) and found.is_integer() and member not in TEXTS:
            return int(found)  # controllers count in floats too
        return _text(found) if member in TEXTS and isinstance(found, int | float) else found

    def _state(self, found: Any) -> str:
        text = _text(found)
        code = int(text) if text.isdecimal() and len(text) < 9 else -1
        state = f"packml:{code}" if self.mapping.states == "packml" and code > 0 else umh_state(code)
        if state is None:
            raise Refused("unknown_state", f'{text!r} is no state of `states = "{self.mapping.states}"`')
        return state

    def _signals(self, element: Any, payload: Any, named: dict[str, str]) -> Iterator[tuple[str, Any]]:
        for name, place in self.signals:
            found = place.of(element, payload)
            if name == "*" and isinstance(found, dict):
                for key, value in found.items():
                    if isinstance(value, int | float) and (*place.steps, key) not in self.taken:
                        yield key, _times(value, place)
            elif found is not MISSING and name != "*":
                yield _filled(name, named), _times(found, place) if isinstance(found, int | float) else found

    def _time(self, member: str, found: Any) -> datetime | int:
        """An aware time, or milliseconds as the device says them."""
        if isinstance(found, int | float) and not isinstance(found, bool) and self.mapping.time != "local":
            if self.mapping.time == "ms" and isinstance(found, int):
                return found  # a wrong unit is told from the number as it is
            if FIRST < found * SECOND // PER_SECOND[self.mapping.time] < LAST:
                return EPOCH + timedelta(microseconds=round(found * SECOND) // PER_SECOND[self.mapping.time])
        try:
            when = datetime.fromisoformat(found)
        except (TypeError, ValueError):
            when = None
        if when is not None and when.tzinfo is None and self.mapping.time == "local":
            when = when.replace(tzinfo=self.zone)
        if when is None or when.tzinfo is None:
            numbers = "a date and time" if self.mapping.time == "local" else f"a number in {self.mapping.time}"
            right = f"must be RFC 3339 with offset, or {numbers}, as `time` of the mapping says"
            raise Refused("time_invalid", f"`{member}` is {_text(found)!r}: {right}")
        return when.astimezone(UTC)


Match = tuple[Reader, dict[str, str], str | None]


class Dialect:
    """All mappings. Which ones read a topic is remembered for some thousand topics."""

    def __init__(self, mappings: tuple[Mapping, ...]) -> None:
        self.readers = [Reader(mapping) for mapping in mappings]
        self._found: dict[str, list[Match]] = {}

    def readers_of(self, topic: str) -> list[Match]:
        """The mappings that read a topic, with what its names stand for there, and the asset where that says it."""
        found = self._found.get(topic)
        if found is None:
            found = []
            for reader in self.readers:
                if match := reader.pattern.fullmatch(topic):
                    captured = match.groupdict()
                    found.append((reader, captured, None if reader.names else reader.asset(captured)))
            if len(self._found) >= REMEMBERED:
                self._found.clear()  # anybody can make up topics
            self._found[topic] = found
        return found

    def outcomes(self, record: Record, settings: DecodeSettings) -> Iterator[tuple[str | None, AnyEvent | Refusal]]:
        """(asset, event or refusal) of each thing that a record says; nothing where no mapping reads its topic."""
        readers = self.readers_of(record.topic)
        if not readers:
            return
        payload = document(record.payload)
        if isinstance(payload, Refusal):
            yield None, payload
            return
        said = 0
        for reader, captured, asset in readers:
            try:
                elements = reader.elements(payload, settings.max_array)
            except Refused as refused:
                yield None, _of(reader, refused.refusal)
                said += 1
                continue
            for element in elements:
                if reader.fits(element, payload):
                    yield read((reader, captured, asset), element, payload, (record, said), settings)
                    said += 1
        if not said:
            yield None, _unmapped([reader for reader, _, _ in readers])


def read(
    match: Match, element: Any, payload: Any, place: tuple[Record, int], settings: DecodeSettings
) -> tuple[str | None, AnyEvent | Refusal]:
    """What one element says, as (asset, event or refusal); `place` is the record and the number within it."""
    record, index = place
    reader, named, asset = match
    said: dict[str, Any] = {}
    try:
        if asset is None:
            named = reader.named(element, payload, named)
            asset = reader.asset(named)
        said = reader.said(element, payload, named)
        decoded = msgspec.convert(said, reader.payload)
    except Refused as refused:
        return asset, _of(reader, refused.refusal)
    except msgspec.ValidationError as error:
        return asset, _of(reader, diagnose(error, msgspec.json.encode(said)))
    moment: tuple[int, int] | Refusal = (record.received, 0)
    if decoded.ts is not None:
        moment = event_time(decoded.ts, record.received, settings)
    if isinstance(moment, Refusal):
        return asset, _of(reader, moment)
    if (fault := decoded.unprintable()) is not None:
        return asset, _of(reader, fault)
    id_, boot = (None if name is None else str(name) for name in (decoded.id, decoded.boot))
    head = (asset, moment[0], record.received, record.offset, index, moment[1], id_, boot, decoded.seq)
    event = decoded.event(head, settings)
    return asset, _of(reader, event) if isinstance(event, Refusal) else event


def document(payload: bytes) -> Any:
    """The payload as JSON, or as the text that it is; a Refusal where it is neither."""
    try:
        return msgspec.json.decode(payload)
    except RecursionError as error:
        return diagnose(error, payload)
    except UnicodeDecodeError:
        return NOT_UTF8
    except msgspec.DecodeError as error:
        try:
            text = payload.decode().strip()
        except UnicodeDecodeError:
            return NOT_UTF8
        plain = text.isprintable() and 0 < len(text) <= TEXT_MAX and text[0] not in '{["'
        return text if plain else diagnose(error, payload) if text else Refusal("empty", "the payload is empty")


def _unmapped(readers: list[Reader]) -> Refusal:
    sought = dict.fromkeys(f"`{place.text}`" for reader in readers for place in reader.telling)
    where = " and what `where` asks for" if any(reader.where for reader in readers) else ""
    return Refusal(
        "unmapped", shorten(f"the mappings of this topic look for {' or '.join(sought)}{where}: none is there")
    )


def _of(reader: Reader, refusal: Refusal) -> Refusal:
    mapping = reader.mapping
    return Refusal(refusal.reason, shorten(f"mapping of `{mapping.topic}` to {mapping.kind}: {refusal.detail}"))


def _filled(template: str, named: dict[str, str]) -> str:
    return NAMED.sub(lambda name: named.get(name[1], ""), template)


def _times(number: float, place: Place) -> float:
    """A number as the unit wants it; a switch is 0 or 1."""
    try:
        product = number * place.factor
    except OverflowError:  # an integer of hundreds of digits
        product = inf
    if not isfinite(product):
        raise Refused("number_out_of_range", f"the number at `{place.text}` is beyond all bounds")
    return product


def _text(found: Any) -> str:
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, float) and found.is_integer():
        return str(int(found))
    return "" if found is MISSING else str(found)
