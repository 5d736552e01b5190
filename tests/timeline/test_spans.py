"""What spans say besides their state."""

from edge.timeline.evaluate import slices
from edge.timeline.walk import first_carry, walk
from tests.timeline.building import at, one_hour, rules

SHIFTS = [{"name": "early", "start": "05:30", "end": "06:30"}]


def test_a_span_says_when_its_shift_began_also_where_that_was_before_the_slice() -> None:
    held, said, bounds = (
        rules(site={"shifts": SHIFTS}),
        one_hour(("6:00", "state", "running")),
        [at("6:00"), at("7:00")],
    )
    walked = walk(said, first_carry(held), *bounds, None, held)
    (found,) = slices("m", walked, said, [], bounds, held)
    assert [(span.shift, span.shift_start) for span in found.spans] == [("early", at("5:30")), (None, None)]
