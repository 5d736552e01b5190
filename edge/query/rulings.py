"""The rulings that put time and parts where they are, in a sentence each."""

from __future__ import annotations

RULINGS: dict[int, str] = {
    4: "In a break or planned stop: standing time leaves the denominator before any loss is taken from it.",
    5: "A manual record lies over what the machine reported; overlapping records are united.",
    6: "Producing in a break counts as planned busy time, together with its parts.",
    7: "Maintenance that the machine reports is excluded, because the plant file says so.",
    9: "Set-up and changeover are a loss of their own, at any length.",
    25: "Nobody knows: silent for longer than the limit, or gone by its own word. Out of the denominator.",
    27: "Parts counted across unknown time are reported apart: time and parts share one mask.",
    28: "Outside the schedule: reported apart, not added to a shift.",
    30: "Without an order: no loss of the machine; counted in TEEP.",
    34: "A stop: shorter than the threshold it is a loss of performance, else of availability, by its full length.",
    36: "Starved or blocked: a loss of availability, kept apart as external.",
}
