"""How long a bucket keeps points: what is older is not missing."""

from __future__ import annotations

import re

from edge.influx.influxql import quoted
from edge.influx.managing import Management, SetupFailed
from edge.influx.querying import InfluxRefused, Querying

_PART = re.compile(r"(\d+)(h|m|s)")
_SECONDS = {"h": 3600, "m": 60, "s": 1}


def kept_s(management: Management, querying: Querying) -> int | None:
    """Seconds that a bucket keeps points; None where that is for good, or the server does not say it (InfluxDB 3)."""
    try:
        found = (management.call("GET", "/api/v2/buckets", name=querying.bucket) or {}).get("buckets")
        if found:
            return next((int(rule["everySeconds"]) for rule in found[0]["retentionRules"]), 0) or None
        return _of_policy(querying)
    except (SetupFailed, InfluxRefused):
        return None


def _of_policy(querying: Querying) -> int | None:
    """InfluxDB 1: the bucket is a database and its policy, or the default one."""
    database, _, policy = querying.bucket.partition("/")
    for series in querying.series(f"show retention policies on {quoted(database, chr(34))}"):
        for row in series.rows():
            if row["name"] == policy or (not policy and row["default"]):
                return sum(int(n) * _SECONDS[unit] for n, unit in _PART.findall(row["duration"])) or None
    return None
