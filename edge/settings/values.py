"""The kinds of value that settings are made of: names, times of day, instants, zones, and the strict frozen model."""

import re
from collections.abc import Iterable
from datetime import date, datetime, time
from functools import lru_cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from edge.settings.nearest import nearest

LEVEL = re.compile(r"(?=.*[^.])[A-Za-z0-9_.-]{1,64}")  # dots alone would climb in a URL path
TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?")
LEVEL_HINT = "1 to 64 of A-Z a-z 0-9 _ . -"


class Strict(BaseModel):
    """Frozen, no unknown keys, no text for numbers, no NaN or infinity."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


def refusal(message: str, *, near: str | None = None, at: Iterable[str | int] = ()) -> PydanticCustomError:
    """An error of ours: what would be right, the nearest valid value, and where below the refused object it lies."""
    return PydanticCustomError("edge", "{message}", {"message": message, "nearest": near, "at": tuple(at)})


def _level(text: str) -> str:
    if not LEVEL.fullmatch(text):
        raise refusal(f"must be one level of a path: {LEVEL_HINT}", near=as_level(text))
    return text


def as_level(text: str) -> str | None:
    """`text` with what a level may not hold replaced by `-`; None where nothing is left."""
    mended = re.sub(r"[^A-Za-z0-9_.-]+", "-", text.strip())[:64].strip("-")
    return mended if LEVEL.fullmatch(mended) and mended != text else None


def _time_of_day(value: Any) -> time:
    if isinstance(value, time) and value.tzinfo is None and not value.microsecond:
        return value
    if not isinstance(value, str):
        raise refusal('must be a time of day in quotes, such as "06:00"')
    if not TIME_OF_DAY.fullmatch(value):
        near = "00:00" if value == "24:00" else f"0{value}" if TIME_OF_DAY.fullmatch(f"0{value}") else None
        raise refusal('must be a time of day from "00:00" to "23:59"', near=near)
    return time.fromisoformat(value)


def _day(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise refusal('must be a date, such as "2000-01-01"') from None


def _instant(value: Any) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise refusal("must be an instant, such as 2026-12-24T00:00:00+01:00") from None
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise refusal("has no UTC offset: add Z or, say, +01:00", near=f"{value.isoformat()}Z")
        return value
    if isinstance(value, date):
        raise refusal("is a date: write the instant, with its UTC offset", near=f"{value.isoformat()}T00:00:00Z")
    raise refusal("must be an instant, such as 2026-12-24T00:00:00+01:00")


@lru_cache(maxsize=64)
def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # not a name, a folder of the database, unknown
        return False
    return True


def _zone(name: str) -> str:
    if not _is_zone(name):
        raise refusal("is no time zone of the IANA database", near=nearest(name, available_timezones()))
    return name


Level = Annotated[str, AfterValidator(_level)]
TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]
Day = Annotated[date, BeforeValidator(_day)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
Zone = Annotated[str, AfterValidator(_zone)]
Name = Annotated[str, Field(min_length=1, max_length=128)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
