"""A site of the plant file: its time zone, shifts with their breaks, planned stops and unscheduled time."""

from datetime import time
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field, model_validator

from edge.clock import from_datetime
from edge.settings.nearest import nearest
from edge.settings.values import Instant, Level, Name, Strict, TimeOfDay, Zone, refusal

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_S = 86_400


def seconds_of(moment: time) -> int:
    """Seconds since midnight on the wall clock."""
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def _weekday(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(DAYS):
        return value
    if isinstance(value, str) and value in DAYS:
        return DAYS.index(value)
    near = nearest(value[:3], DAYS) if isinstance(value, str) else None
    raise refusal(f"must be one of {', '.join(DAYS)}", near=near)


Weekday = Annotated[int, BeforeValidator(_weekday)]


class Break(Strict):
    """A pause of a shift: from a wall-clock time, for so many minutes that pass."""

    start: TimeOfDay
    minutes: float = Field(gt=0, le=1440)
    name: Name = "break"

    def after(self, start: time) -> int:
        """Wall-clock seconds from the start of its shift to its own; a break at that very time is 0."""
        return (seconds_of(self.start) - seconds_of(start)) % DAY_S


class SiteBreak(Break):
    """A break written beside the shifts: it names its shift."""

    shift: Name


class Shift(Strict):
    """A shift by the wall clock of the site; `days` are the weekdays of its start (Monday is 0)."""

    name: Level
    start: TimeOfDay
    end: TimeOfDay
    days: Annotated[tuple[Weekday, ...], Field(strict=False, min_length=1)] = (0, 1, 2, 3, 4, 5, 6)
    breaks: Annotated[tuple[Break, ...], Field(strict=False)] = ()
    offset_days: int = Field(
        default=0, ge=-1, le=1, validation_alias=AliasChoices("offset_days", "business_day_offset")
    )

    @property
    def length_s(self) -> int:
        """Seconds on the wall clock; an end that is not after the start lies on the next day, an equal one 24 h on."""
        return (seconds_of(self.end) - seconds_of(self.start)) % DAY_S or DAY_S

    @property
    def opens_s(self) -> int:
        """Wall-clock seconds from midnight of its business date to its start; negative on the day before."""
        return seconds_of(self.start) - self.offset_days * DAY_S

    @property
    def dated(self) -> list[int]:
        """The weekdays of its business dates."""
        return sorted({(day + self.offset_days) % len(DAYS) for day in self.days})

    @model_validator(mode="after")
    def _breaks_lie_inside(self) -> "Shift":
        for i, pause in enumerate(self.breaks):
            self.check_break(pause, at=("breaks", i))
        return self

    def check_break(self, pause: Break, *, at: tuple[str | int, ...]) -> None:
        """Raise where the break does not lie inside this shift, by the wall clock."""
        begins = pause.after(self.start)
        span = f"the shift {self.name} ({self.start:%H:%M} to {self.end:%H:%M})"
        if begins >= self.length_s:
            raise refusal(f"must lie inside {span}", at=(*at, "start"))
        if begins + pause.minutes * 60 > self.length_s:
            raise refusal(f"must end with or before {span}", at=(*at, "minutes"))


class Slot(Strict):
    """A dated stretch [from, to) of a site, in instants."""

    from_: Instant = Field(alias="from")
    to: Instant
    reason: Name | None = None

    @model_validator(mode="after")
    def _runs_forward(self) -> "Slot":
        if self.to <= self.from_:
            raise refusal(f"must be later than from ({self.from_.isoformat()})", at=("to",))
        return self

    @property
    def start_us(self) -> int:
        return from_datetime(self.from_)

    @property
    def end_us(self) -> int:
        return from_datetime(self.to)


class SiteSettings(Strict):
    """Planned time of one site. Without shifts it is scheduled around the clock."""

    title: Name | None = None
    timezone: Zone = "UTC"
    shifts: Annotated[tuple[Shift, ...], Field(strict=False)] = ()
    breaks: Annotated[tuple[SiteBreak, ...], Field(strict=False)] = ()
    planned: Annotated[tuple[Slot, ...], Field(strict=False)] = ()
    unscheduled: Annotated[tuple[Slot, ...], Field(strict=False)] = ()

    def breaks_of(self, shift: Shift) -> tuple[Break, ...]:
        """The breaks of a shift, those inside it and those beside the shifts that name it."""
        return (*shift.breaks, *(pause for pause in self.breaks if pause.shift == shift.name))

    @model_validator(mode="after")
    def _shifts_fit(self) -> "SiteSettings":
        _check_names(self.shifts)
        _check_overlaps(self.shifts)
        _check_business_dates(self.shifts)
        for i, pause in enumerate(self.breaks):
            self._check_break(pause, at=("breaks", i))
        return self

    def _check_break(self, pause: SiteBreak, *, at: tuple[str | int, ...]) -> None:
        """Raise where no shift has the name that the break gives, or one that has it does not hold the break."""
        names = list(dict.fromkeys(shift.name for shift in self.shifts))
        if pause.shift not in names:
            known = ", ".join(names) or "none"
            raise refusal(f"is no shift of this site ({known})", near=nearest(pause.shift, names), at=(*at, "shift"))
        for shift in self.shifts:
            if shift.name == pause.shift:
                shift.check_break(pause, at=at)


def _check_names(shifts: tuple[Shift, ...]) -> None:
    """Raise where a name and a business date would not say which shift is meant."""
    seen: set[tuple[str, int]] = set()
    for i, shift in enumerate(shifts):
        for day in shift.dated:
            if (shift.name, day) in seen:
                message = f"names two shifts of one day ({DAYS[day]}): give each a name of its own"
                raise refusal(message, at=("shifts", i, "name"))
            seen.add((shift.name, day))


def _check_overlaps(shifts: tuple[Shift, ...]) -> None:
    """Raise for the first two shifts that share a minute of the week, by the wall clock."""
    week = sorted(
        (day * DAY_S + seconds_of(shift.start), i, day) for i, shift in enumerate(shifts) for day in set(shift.days)
    )
    if not week:
        return
    first_again = (week[0][0] + 7 * DAY_S, *week[0][1:])
    for (start, i, _), (following, j, day) in zip(week, [*week[1:], first_again], strict=True):
        if start + shifts[i].length_s > following:
            one, two = shifts[i], shifts[j]
            when = f"on {DAYS[day]} it begins at {two.start:%H:%M}, while {one.name} lasts until {one.end:%H:%M}"
            raise refusal(f"shift {two.name} overlaps shift {one.name}: {when}", at=("shifts", j, "start"))


def _check_business_dates(shifts: tuple[Shift, ...]) -> None:
    """Raise where the shifts of one business date begin 24 h or more apart, so that dates would interleave."""
    if not shifts:
        return
    first = min(shifts, key=lambda shift: shift.opens_s)
    for i, shift in enumerate(shifts):
        if shift.opens_s - first.opens_s >= DAY_S:
            raise refusal(
                f"puts shift {shift.name} 24 h or more behind shift {first.name} of the same business date",
                at=("shifts", i, "offset_days"),
            )
