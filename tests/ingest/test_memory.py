"""The ingest process loads no library that it can do without."""

from __future__ import annotations

from pathlib import Path

from tests.brokers import Broker
from tests.running import Service
from tests.soak.processes import children


def test_ssl_is_not_loaded_where_the_broker_speaks_without_it() -> None:
    with Broker() as broker, Service(broker.url) as service:
        assert service.process is not None
        [ingest] = children(service.process.pid)
        libraries = Path(f"/proc/{ingest}/maps").read_text(encoding="utf-8")
    assert "apsw" in libraries
    assert "libssl" not in libraries
    assert "uvloop" not in libraries
