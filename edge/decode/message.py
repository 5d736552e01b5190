"""Decodes one journal record into events and rejections."""

from __future__ import annotations

import msgspec

from edge.decode.diagnosis import NO_OBJECT, NOT_UTF8, diagnose
from edge.decode.instant import event_time
from edge.decode.rejection import MAX_TOPIC, Refusal, Rejection, shorten
from edge.decode.rescan import find_fault
from edge.decode.settings import DecodeSettings
from edge.decode.topic import Address, asset_of, parse_topic
from edge.events import AnyEvent
from edge.journal.record import DAMAGED, NOTICE_PREFIX, RETAIN, Record

ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
BLANKS = b" \t\r\n"
BACKSLASH, DELETE = ord("\\"), 0x7F
NOT_READ = RETAIN | DAMAGED

_DAMAGED = Refusal("journal_damaged", "the journal's checksum does not match; the message is kept as it was found")
_RETAINED = Refusal("retained", "a retained copy is no production event: publish without the retain flag")
_EMPTY = Refusal("empty", "the payload is empty")
_NO_ELEMENTS = Refusal("array_empty", "the array has no elements")
_NO_TIME = Refusal("time_missing", "`ts` is missing; it must be RFC 3339 with an offset or milliseconds since 1970")


class Decoded(msgspec.Struct, frozen=True, gc=False):
    """What one record says. Both lists are empty only for entries of the service's own (topics under `$edge/`)."""

    events: list[AnyEvent]
    rejections: list[Rejection]


def decode(record: Record, settings: DecodeSettings) -> Decoded:
    """The events of a record, and a rejection for each element (or for the whole message) that gives none.

    Never raises, whatever the topic and the bytes are."""
    payload = record.payload
    if record.flags & NOT_READ or len(payload) > settings.max_payload_bytes:
        return _set_aside(record, settings)
    address = parse_topic(record.topic, settings.root)
    if type(address) is Refusal:
        return _unaddressed(record, settings, address)
    if not payload.isascii() and not _is_utf8(payload):
        return _whole(record, address.asset, NOT_UTF8)
    if payload[:1] != b"{" and (start := payload.lstrip(BLANKS)[:1]) != b"{":
        if start == b"[":
            return _decode_array(record, address, settings)
        return _whole(record, address.asset, _not_an_object(payload, address) if start else _EMPTY)
    outcome = _decode_object(record, payload, 0, address, settings)
    if type(outcome) is Refusal:
        return _whole(record, address.asset, outcome)
    return Decoded([outcome], [])


def _decode_object(
    record: Record, document: bytes, index: int, address: Address, settings: DecodeSettings
) -> AnyEvent | Refusal:
    try:
        payload = address.decoder.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return diagnose(error, document)
    if document.count(b'"') != payload.quotes() and (fault := find_fault(document)) is not None:
        return fault
    received, ts = record.received, payload.ts
    if ts is not None:
        moment = event_time(ts, received, settings)
        if type(moment) is Refusal:
            return moment
        ts, ahead = moment
    elif payload.timeless:
        ts, ahead = received, 0
    else:
        return _NO_TIME
    if not _is_plain(document) and (fault := payload.unprintable()) is not None:
        return fault
    id_, boot = payload.id, payload.boot
    if isinstance(id_, int):
        id_ = str(id_)
    if isinstance(boot, int):
        boot = str(boot)
    return payload.event((address.asset, ts, received, record.offset, index, ahead, id_, boot, payload.seq), settings)


def _decode_array(record: Record, address: Address, settings: DecodeSettings) -> Decoded:
    """Each element for itself: good ones go on beside bad ones."""
    try:
        elements = ELEMENTS.decode(record.payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _whole(record, address.asset, diagnose(error, record.payload))
    if not elements:
        return _whole(record, address.asset, _NO_ELEMENTS)
    if len(elements) > settings.max_array:
        detail = f"{len(elements)} elements; at most {settings.max_array} in one message"
        return _whole(record, address.asset, Refusal("array_too_long", detail))
    decoded = Decoded([], [])
    for index, element in enumerate(elements):
        document = bytes(element)
        outcome = _decode_object(record, document, index, address, settings) if document[:1] == b"{" else NO_OBJECT
        if type(outcome) is Refusal:
            decoded.rejections.append(_reject(record, address.asset, outcome, index))
        else:
            decoded.events.append(outcome)
    return decoded


def _not_an_object(payload: bytes, address: Address) -> Refusal:
    try:
        address.decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return diagnose(error, payload)
    return NO_OBJECT


def _is_plain(document: bytes) -> bool:
    """Whether all texts of a JSON document can be printed for certain: ASCII, no escapes (raw controls are no JSON)."""
    return document.isascii() and BACKSLASH not in document and DELETE not in document


def _is_utf8(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


def _set_aside(record: Record, settings: DecodeSettings) -> Decoded:
    """Records that are not even read: damaged ones, retained copies, too large ones."""
    if record.flags & DAMAGED:
        return _whole(record, None, _DAMAGED)
    if record.topic.startswith(NOTICE_PREFIX):
        return Decoded([], [])
    asset = asset_of(record.topic, settings.root)
    if record.flags & RETAIN:
        return _whole(record, asset, _RETAINED)
    size = f"{len(record.payload)} bytes; at most {settings.max_payload_bytes}"
    return _whole(record, asset, Refusal("too_large", size))


def _unaddressed(record: Record, settings: DecodeSettings, refusal: Refusal) -> Decoded:
    if record.topic.startswith(NOTICE_PREFIX):
        return Decoded([], [])
    if settings.others is not None and len(record.topic) <= MAX_TOPIC:
        decoded = Decoded([], [])
        for index, (asset, outcome) in enumerate(settings.others.outcomes(record, settings)):
            if type(outcome) is Refusal:
                decoded.rejections.append(_reject(record, asset, outcome, index))
            else:
                decoded.events.append(outcome)
        if decoded.events or decoded.rejections:
            return decoded
    return _whole(record, asset_of(record.topic, settings.root), refusal)


def _whole(record: Record, asset: str | None, refusal: Refusal) -> Decoded:
    return Decoded([], [_reject(record, asset, refusal)])


def _reject(record: Record, asset: str | None, refusal: Refusal, index: int = 0) -> Rejection:
    return Rejection(
        record.offset, index, record.received, shorten(record.topic, MAX_TOPIC), asset,
        refusal.reason, refusal.detail, len(record.payload),
    )  # fmt: skip
