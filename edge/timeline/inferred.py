"""The state of a machine that publishes only counts: running until a timeout after the last part.

A longer pause is a stop that began with the last part before it. What such a machine cannot say stays unknown: reasons,
set-up, and whether it stood or ran slowly where parts come seldom.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from edge.timeline.hour import HourEvents
from edge.timeline.rules import Rules
from edge.timeline.states import Group


def part_times(events: HourEvents, levels: Mapping[str, tuple[int, int]], end: int) -> list[int]:
    """When parts were made before `end`, in order; `levels` are the counters' last samples before the hour.

    A counter's sample on the end closes the hour, as it does for its parts."""
    times = [
        ts
        for columns in events.counts.values()
        for ts, total in zip(columns.ts, columns.total, strict=True)
        if total > 0 and ts < end
    ]
    last = dict(levels)
    for key, counter, value, _ in events.levels:
        before = last.get(counter)
        last[counter] = (key[0], value)
        if counter == "total" and before is not None and value != before[1] and key[0] <= end:
            times.append(key[0])
    return sorted(times)


def producing(times: Sequence[int], rules: Rules) -> list[Group]:
    """Running from the first part on, standing still from the last one on, and in pauses of the timeout or longer.

    Whether the last pause is one is seen by how long it lasts: states that are too short are absorbed."""
    if not times:
        return []
    groups = [Group(times[0], "running", None)]
    for before, after in pairwise(times):
        if after - before >= rules.at(before).parts_timeout_us:
            groups += [Group(before, "stopped", None), Group(after, "running", None)]
    groups.append(Group(times[-1], "stopped", None))
    return groups
