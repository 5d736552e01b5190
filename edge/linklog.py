"""What the log says of the way in: broker found and lost, refused, sessions lost, no room on the disk; each once."""

from __future__ import annotations

from edge.ingest.control import IngestStatus
from edge.logs import Log


class LinkLog:
    """Takes every status of ingest, and says what is different from the one before."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._before = IngestStatus()
        self._told: str | None = None  # of an error, until it is over: attempts repeat

    def take(self, status: IngestStatus) -> None:
        before, self._before = self._before, status
        if status.subscribed and not before.subscribed:
            self._told = None
            self._log.info("subscribed", broker=status.broker)
        elif status.error is not None and status.error != self._told:
            self._told = status.error
            self._log.warning("nothing comes in", broker=status.broker, why=status.error)
        if status.session_lost > before.session_lost:
            self._log.warning("the broker no longer knew our session: messages may be missing", broker=status.broker)
        if status.takeovers > before.takeovers:
            self._log.warning("another client took over our session: mqtt.client_id must be ours alone")
        if status.disk_full and not before.disk_full:
            self._log.error("no room on the disk: nothing is acknowledged until there is")
        elif before.disk_full and not status.disk_full:
            self._log.info("there is room on the disk again")
