"""What is counted for others to see is in the store."""

from pathlib import Path

from edge.processing.tally import load
from tests.properties.inside import Inside
from tests.scenarios.scenario import Message


def test_a_message_counts_when_it_can_be_asked_for(tmp_path: Path) -> None:
    messages = [Message("shopfloor/v1/a/b/c/m/state", b"{", n) for n in range(1, 4)]
    with Inside(tmp_path, {}, messages) as inside:
        inside.take(2)
        assert (inside.pipeline.counts.processed, inside.pipeline.counts.cursor) == (0, 0)
        inside.pipeline.commit()
        inside.take(1)
        counts = inside.pipeline.counts
        assert (counts.processed, counts.cursor, counts.rejected) == (2, 2, {"not_json": 2})
        assert counts == load(inside.pipeline.db)
        inside.restart(kill=True)
        assert inside.pipeline.counts == counts
