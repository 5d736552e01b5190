"""Parameters of the API: what each must look like, what it becomes, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, Self, get_args

from fastapi import Path, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from edge.api.answers import Place, Position
from edge.api.context import ApiSettings
from edge.api.hub import KINDS as STREAM_KINDS
from edge.clock import MINUTE, from_text, to_text
from edge.errors import QueryError
from edge.events import KINDS
from edge.monitor import Health

HEALTH: tuple[str, ...] = get_args(Health)
EVENT_KINDS = tuple(sorted(set(KINDS.values())))
CALENDAR_STEPS = ("shift", "day", "business_day")
REPEATABLE = frozenset({"signal"})

INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
LOST_PLUS = re.compile(r"(.*:[\d.]+) (\d\d:\d\d)", re.ASCII)  # a `+` that was not written %2B arrives as a space
LEVEL = r"[A-Za-z0-9_.-]{1,64}"
ASSET = re.compile(rf"{LEVEL}(/{LEVEL}){{0,3}}", re.ASCII)
STEP = re.compile(r"([1-9]\d{0,3})([mh])", re.ASCII)
SHIFT = re.compile(r"current|previous|[^@\x00-\x1f]{1,64}@(\d{4}-\d\d-\d\d)")
CURSOR = re.compile(r"(\d{1,18})(?:-(\d{1,9}))?", re.ASCII)
PLACE = re.compile(
    r"([0-5]),([01]),([0-9.e+-]{1,24}),([0-9.e+-]{1,24}|inf),([^,]{7,259}),([a-z][a-z0-9_]{0,63})", re.ASCII
)

AN_INSTANT = "an RFC 3339 time with offset, such as 2025-03-03T06:00:00Z or 2025-03-03T07:00:00+01:00"
AN_ASSET = "site, site/area, site/area/line or site/area/line/machine, each of 1 to 64 of A-Z a-z 0-9 _ . -"
A_STEP = "shift, day, business_day, minutes that divide an hour (5m, 15m, ...) or hours that divide a day (1h, 8h, ...)"
A_SHIFT = "current, previous or name@date, such as early@2025-03-03"
A_CURSOR = "the `next` of the answer before"


def refuse(message: str, expected: str, **context: Any) -> PydanticCustomError:
    """The error of one parameter; braces in `message` are text, not places to fill in."""
    return PydanticCustomError("parameter", "{message}", {"message": message, "expected": expected, **context})


def instant(text: object) -> int:
    if isinstance(text, str) and (lost := LOST_PLUS.fullmatch(text)):
        text = f"{lost[1]}+{lost[2]}"
    if not isinstance(text, str) or not INSTANT.fullmatch(text):
        raise refuse("not a time with offset", AN_INSTANT)
    try:
        return from_text(text.upper())
    except (ValueError, OverflowError) as error:
        raise refuse("there is no such time", AN_INSTANT) from error


def asset(text: object) -> str:
    if not isinstance(text, str) or not ASSET.fullmatch(text):
        raise refuse("not an asset path", AN_ASSET)
    return text


def step(text: object) -> str:
    if text in CALENDAR_STEPS:
        return str(text)
    match = STEP.fullmatch(text) if isinstance(text, str) else None
    if match is None or (60 if match[2] == "m" else 24) % int(match[1]):
        raise refuse("not a step", A_STEP)
    return match[0]


def shift(text: object) -> str:
    match = SHIFT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise refuse("not a shift", A_SHIFT)
    if match[1] is not None:
        _check_date(match[1])
    return match[0]


def _check_date(text: str) -> None:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise refuse(f"there is no date {text}", A_SHIFT) from error
    if not 2000 <= day.year < 2200:
        raise refuse(f"nothing happened on {text}", A_SHIFT)


def cursor(last_index: int) -> Callable[[object], Position]:
    """Reads `<offset>-<index>`, or an offset alone with `last_index` in place of the index."""

    def position(given: object) -> Position:
        text = single(given)
        match = CURSOR.fullmatch(text)
        if match is None:
            raise refuse("not a cursor", A_CURSOR, value=text)
        return (int(match[1]), int(match[2]) if match[2] else last_index)

    return position


def one_of(names: tuple[str, ...]) -> Callable[[object], str]:
    def name(text: object) -> str:
        if text not in names:
            raise refuse("unknown kind", nearest(str(text), names))
        return str(text)

    return name


def some_of(what: str, known: tuple[str, ...]) -> Callable[[object], frozenset[str]]:
    """Reads names of `known`, joined by commas."""

    def names(given: object) -> frozenset[str]:
        said = single(given).split(",")
        unknown = [name for name in said if name not in known]
        if unknown:
            raise refuse(f"unknown {what} {unknown[0][:64]}", "some of " + ",".join(known), value=single(given))
        return frozenset(said)

    return names


kind_names = some_of("kind", STREAM_KINDS)
health_names = some_of("state", HEALTH)


def single(given: object) -> str:
    """The one text of a parameter that becomes a collection: the framework takes it for a repeated one."""
    return str(given[-1] if isinstance(given, list) else given)


def nearest(wrong: str, names: tuple[str, ...]) -> str:
    """The name that was probably meant, or all of them."""
    close = get_close_matches(wrong, names, 1)
    return close[0] if close else "one of " + ", ".join(names) if names else "no parameters"


def text_schema(example: str, **members: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "examples": [example], **members})


Instant = Annotated[int, BeforeValidator(instant), text_schema("2025-03-03T06:00:00Z", format="date-time")]
Asset = Annotated[str, BeforeValidator(asset), text_schema("demo/packing/l1", pattern=f"^{ASSET.pattern}$")]
AssetPath = Annotated[Asset, Path(description=f"An asset path: {AN_ASSET}.")]
Step = Annotated[str, BeforeValidator(step), text_schema("1h")]
Shift = Annotated[str, BeforeValidator(shift), text_schema("current")]
Signal = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")]
EventKind = Annotated[str, BeforeValidator(one_of(EVENT_KINDS)), text_schema("state", enum=list(EVENT_KINDS))]


def id_or_place(given: object) -> int | Place:
    """Reads an id of the history of assessments, or a place in the list of those that hold now."""
    text = single(given)
    if re.fullmatch(r"\d{1,18}", text, re.ASCII):
        return int(text)
    match = PLACE.fullmatch(text)
    try:
        if match is not None:
            return (int(match[1]), match[2] == "1", float(match[3]), float(match[4]), match[5], match[6])
    except ValueError:
        pass
    raise refuse("not a cursor", A_CURSOR, value=text)


Before = Annotated[Position, BeforeValidator(cursor(0)), text_schema("4711-0")]
After = Annotated[Position, BeforeValidator(cursor(2**31 - 1)), text_schema("4711-0")]
Limit = Annotated[int, Field(ge=1, le=1000, description="How many at most.")]
Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="A KPI's name, as `/api/v1/kpis` lists it.")]


class Parameters(BaseModel):
    """Query parameters of a route; one that it does not have is refused, with the nearest that it has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def known(cls, given: dict[str, Any]) -> dict[str, Any]:
        fields = {field.alias or name: field for name, field in cls.model_fields.items()}
        for name, value in given.items():
            if name not in fields:
                context = {"parameter": name[:64], "value": value, "kind": "unknown-parameter"}
                raise refuse("there is no such parameter here", nearest(name, tuple(fields)), **context)
        for name, field in fields.items():
            if field.is_required() and name not in given:
                context = {"parameter": name, "value": None, "kind": "missing-parameter"}
                raise refuse(f"{name} is missing", field.description or "", **context)
        return given


class WindowParameters(Parameters):
    """A window of event time: `from` and `to`, or a shift. With none of them: the shift that runs now."""

    start: Instant | None = Field(None, alias="from", description=f"Begin of the window: {AN_INSTANT}.")
    end: Instant | None = Field(None, alias="to", description="End of the window (not in it); now, where missing.")
    shift: Shift | None = Field(None, description=f"A shift in place of `from` and `to`: {A_SHIFT}.")
    longest: ClassVar[str] = "window_us"  # the setting that bounds this window

    @model_validator(mode="after")
    def consistent(self) -> Self:
        given = self.start is not None or self.end is not None
        if given and self.shift is not None:
            context = {"parameter": "shift", "value": self.shift}
            raise refuse("a shift and from or to exclude each other", "either shift, or from and to", **context)
        if self.end is not None and self.start is None:
            raise refuse("to needs a from", AN_INSTANT, parameter="from", value=None)
        return self

    def bounds(self, settings: ApiSettings, now: int) -> tuple[int | None, int | None, str | None]:
        """`from`, `to` and shift as the answers take them; QueryError for a window that makes no sense."""
        if self.start is None:
            return None, None, self.shift
        check_range(self.start, self.end, settings, now)
        longest: int = getattr(settings, self.longest)
        if (self.end or now) - self.start > longest:
            raise QueryError(
                "from", to_text(self.start), f"the window is longer than {longest // (1440 * MINUTE)} days"
            )
        return self.start, self.end, None


def check_range(start: int | None, end: int | None, settings: ApiSettings, now: int) -> None:
    """QueryError where `start` does not lie before `end` (None: now), or one of them outside of all records."""
    for name, moment in (("from", start), ("to", end)):
        if moment is not None:
            check_recorded(name, to_text(moment), moment, settings, now + settings.ahead_us)
    last = now if end is None else end
    if start is not None and start >= last:
        name, said = ("now", "now") if end is None else ("to", "to")
        raise QueryError("from", to_text(start), f"from must lie before {said}", expected=f"before {to_text(last)}")


def check_recorded(name: str, said: object, moment: int, settings: ApiSettings, latest: int) -> None:
    """QueryError where a moment lies outside of all records; `said` is how it was written."""
    if not settings.oldest_us <= moment <= latest:
        expected = f"{to_text(settings.oldest_us)} to {to_text(latest)}"
        raise QueryError(name, said, f"{name} lies outside of all records", expected=expected)


class TimelineParameters(WindowParameters):
    longest: ClassVar[str] = "timeline_us"


class ReadingParameters(WindowParameters):
    signal: list[Signal] = Field([], max_length=50, description="A signal's name, repeatable; all, where missing.")
    points: int = Field(800, ge=1, le=5000, description="About how many points a series may have.")


class ExplainParameters(WindowParameters):
    asset: Asset = Field(description=f"The machine, or a prefix that pools its machines: {AN_ASSET}.")
    as_of: Instant | None = Field(None, description="Answer as it was known then: only what had arrived counts.")


class RevisionParameters(ExplainParameters):
    limit: int = Field(20, ge=1, le=50, description="In how many steps at most; what arrived close together is one.")


class KpiParameters(ExplainParameters):
    step: Step | None = Field(None, description=f"Also answer each part of the window: {A_STEP}.")

    def check_windows(self, settings: ApiSettings, now: int) -> None:
        """QueryError where `step` cuts the window into too many."""
        if self.start is None or self.step is None or self.step in CALENDAR_STEPS:
            return
        length = int(self.step[:-1]) * (MINUTE if self.step[-1] == "m" else 60 * MINUTE)
        windows = -(-((self.end or now) - self.start) // length)
        if windows > settings.windows:
            expected = f"at most {settings.windows} windows: a longer step or a shorter window"
            raise QueryError("step", self.step, f"this step makes {windows} windows", expected=expected)


class ListParameters(Parameters):
    asset: Asset | None = Field(None, description=f"Only of this asset: {AN_ASSET}.")
    start: Instant | None = Field(None, alias="from", description="Not before this time.")
    end: Instant | None = Field(None, alias="to", description="Before this time.")
    limit: Limit = 100


class RejectionParameters(ListParameters):
    reason: str | None = Field(None, pattern=r"^[a-z0-9_]{1,64}$", description="Only with this reason.")
    before: Before | None = Field(None, description=f"Older ones than this: {A_CURSOR}.")


class EventParameters(ListParameters):
    kind: EventKind | None = Field(None, description="Only of this kind.")
    after: After | None = Field(None, description=f"Those after this: {A_CURSOR}.")


class AssessmentParameters(ListParameters):
    state: Annotated[frozenset[str], BeforeValidator(health_names), text_schema("plan,act")] = Field(
        frozenset(), description="Only these, joined by commas: " + ", ".join(HEALTH) + "."
    )
    monitor: str | None = Field(None, pattern=r"^[a-z][a-z0-9_]{0,63}$", description="Only of this monitor.")
    after: Annotated[int | Place | None, BeforeValidator(id_or_place), text_schema("4711")] = Field(
        None, description=f"Those after this: {A_CURSOR}. 0: everything that was said."
    )


class StreamParameters(Parameters):
    asset: Asset | None = Field(None, description=f"Only of this asset or below it: {AN_ASSET}.")
    kinds: Annotated[frozenset[str], BeforeValidator(kind_names), text_schema("status,event")] = Field(
        frozenset(), description="Only these, joined by commas: " + ", ".join(STREAM_KINDS) + "."
    )


async def refuse_repeated(request: Request) -> None:
    """QueryError where a parameter is given twice: which of the two was meant?"""
    for name in request.query_params:
        values = request.query_params.getlist(name)
        if len(values) > 1 and name not in REPEATABLE:
            raise QueryError(name[:64], values, f"{name[:64]} is given {len(values)} times", expected="it once")
