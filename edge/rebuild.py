"""`edge rebuild`: the store anew, from the journal as far as it reaches."""

from __future__ import annotations

import time

from edge import logs
from edge.journal.reader import JournalReader
from edge.plant import Plant
from edge.processing.pipeline import Hooks, Pipeline
from edge.service import EX_UNAVAILABLE, data_files, decode_settings, hold_directory, plugin_host, watch_rules
from edge.settings.load import Settings


def rebuild(settings: Settings) -> int:
    """Build the store again; returns the exit status.

    Where the journal still begins with the first message the store is made new. Where its beginning has been retired
    by retention the stored events are kept, and every number is worked out from them again."""
    log = logs.configure(settings.service.service.log_format, settings.service.service.log_level)
    directory = settings.service.service.data_dir
    with hold_directory(directory) as held:
        if not held:
            log.error("a service uses this data directory: stop it first", data_dir=str(directory))
            return EX_UNAVAILABLE
        with JournalReader(directory / "journal") as journal:
            whole = journal.first_offset <= 1
            if whole:
                for file in data_files(directory):
                    file.unlink(missing_ok=True)
            else:
                log.warning(
                    "the journal begins later than the store: stored events are kept", first=journal.first_offset
                )
            host = plugin_host(settings.service)
            pipeline = Pipeline(
                directory / "store.db", journal, Plant(settings.plant), decode_settings(settings.service), host,
                Hooks(warn=log.warning), watching=watch_rules(settings.service.monitors),
            )  # fmt: skip
            began = time.monotonic()
            with host.minded():
                pipeline.open()
                if not whole:
                    pipeline.evaluate_everything()
                pipeline.catch_up()
                pipeline.pool(silence=False)  # which costs by the calendar and not by the journal
                pipeline.close()
            log.info("rebuilt", messages=pipeline.counts.processed, seconds=round(time.monotonic() - began, 1))
    return 0
