"""Planned time of a site: shifts, breaks and slots as instants."""

from edge.calendar.calendar import Calendar
from edge.calendar.pieces import PLANNED, SCHEDULED, UNSCHEDULED, Piece
from edge.calendar.shifts import ShiftWindow
from edge.calendar.versions import ChangingCalendar

__all__ = ["PLANNED", "SCHEDULED", "UNSCHEDULED", "Calendar", "ChangingCalendar", "Piece", "ShiftWindow"]
