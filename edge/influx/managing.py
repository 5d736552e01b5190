"""Sets up an InfluxDB 2: organisation, buckets with their retention, a downsampling task, and tokens of few rights.

Everything is looked for first and made where it is missing, so that it may be run again.
"""

from __future__ import annotations

import json
import os
import secrets
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

DAY_S = 86_400
HOURS_SUFFIX = "_hours"
OWNER, GROUP = 0o600, 0o640
Right = tuple[str, str]
"""What may be done, and the number of the bucket."""
TASK = """import "date"

option task = {{name: {name}, every: 1h, offset: 10m}}

readings = from(bucket: {bucket})
    |> range(start: date.truncate(t: -50h, unit: 1h))
    |> filter(fn: (r) => r._measurement == "reading")
hours = (fn, name) => readings
    |> aggregateWindow(every: 1h, fn: fn, createEmpty: false, timeSrc: "_start")
    |> map(fn: (r) => ({{r with _value: float(v: r._value), _measurement: name}}))
    |> to(bucket: {hours}, org: {org})
hours(fn: mean, name: "reading_mean") |> yield(name: "mean")
hours(fn: min, name: "reading_min") |> yield(name: "min")
hours(fn: max, name: "reading_max") |> yield(name: "max")
hours(fn: count, name: "reading_count") |> yield(name: "count")
"""
"""The last two days again at every hour, so that what comes late is in it. `{name}` and so on are Flux texts."""


class SetupFailed(Exception):
    """InfluxDB did not do what was asked; the message says what and why."""


@dataclass(frozen=True)
class Wanted:
    """What there is to be. Days of 0 keep for good."""

    org: str
    bucket: str
    keep_days: int
    hours_days: int


class Tokens(NamedTuple):
    """Of the service, which reads both buckets and writes one, and of readers of both; None where there are to be none.
    Empty: not made yet."""

    service: str
    reader: str | None


@dataclass
class Management:
    """The HTTP API of an InfluxDB 2, with a token that may do everything."""

    url: str
    token: str

    def call(self, method: str, path: str, body: Any = None, **parameters: str) -> Any:
        """The JSON answer, None for 404; SetupFailed for any other error."""
        query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Token {self.token}"
        request = urllib.request.Request(self.url.rstrip("/") + path + query, data, headers, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  # the URL is a checked setting
                text = answer.read()
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise SetupFailed(f"{method} {path}: {error.code} {error.read(500).decode(errors='replace')}") from error
        except OSError as error:
            raise SetupFailed(f"{self.url} does not answer: {error}") from error
        return json.loads(text) if text else {}

    def is_new(self) -> bool:
        """Whether the server waits for its very first set-up."""
        return bool((self.call("GET", "/api/v2/setup") or {}).get("allowed"))

    def begin(self, wanted: Wanted, password: str) -> None:
        """The first set-up of a new server: an admin `shopfloor`, whose token this connection uses from now on."""
        said = {"username": "shopfloor", "password": password, "org": wanted.org, "bucket": wanted.bucket}
        found = self.call("POST", "/api/v2/setup", {**said, "retentionPeriodSeconds": wanted.keep_days * DAY_S})
        self.token = found["auth"]["token"]

    def organisation(self, name: str) -> str:
        """The number of the organisation, made where it is missing."""
        found = (self.call("GET", "/api/v2/orgs", org=name) or {}).get("orgs")
        return str(found[0]["id"] if found else self.call("POST", "/api/v2/orgs", {"name": name})["id"])

    def a_bucket(self, org: str, name: str, keep_days: int) -> str:
        """The number of the bucket, with this retention."""
        shard_s = (
            3600 if keep_days < 2 else DAY_S if keep_days < 180 else 7 * DAY_S
        )  # InfluxDB's own choice for a new one
        rule = {"type": "expire", "everySeconds": keep_days * DAY_S, "shardGroupDurationSeconds": shard_s}
        rules = [rule] if keep_days else []
        found = (self.call("GET", "/api/v2/buckets", name=name, orgID=org) or {}).get("buckets")
        if not found:
            made = self.call("POST", "/api/v2/buckets", {"orgID": org, "name": name, "retentionRules": rules})
            return str(made["id"])
        self.call("PATCH", f"/api/v2/buckets/{found[0]['id']}", {"retentionRules": rules})
        return str(found[0]["id"])

    def downsampling(self, org: str, wanted: Wanted) -> str:
        """The task that keeps hourly figures of readings in the bucket of hours; returns its number."""
        name = f"{wanted.bucket} hours"
        texts = {"name": name, "bucket": wanted.bucket, "hours": wanted.bucket + HOURS_SUFFIX, "org": wanted.org}
        flux = TASK.format(**{key: json.dumps(text) for key, text in texts.items()})
        found = (self.call("GET", "/api/v2/tasks", orgID=org, name=name) or {}).get("tasks")
        if found:
            self.call("PATCH", f"/api/v2/tasks/{found[0]['id']}", {"flux": flux, "status": "active"})
            return str(found[0]["id"])
        return str(self.call("POST", "/api/v2/tasks", {"orgID": org, "flux": flux, "status": "active"})["id"])

    def a_token(self, org: str, name: str, rights: set[Right], kept: str) -> str:
        """A token that may do just this: the one that is kept already, where it is such a one, or a new one."""
        for one in (self.call("GET", "/api/v2/authorizations", orgID=org) or {}).get("authorizations", ()):
            found = {(said["action"], said["resource"].get("id")) for said in one["permissions"]}
            if kept and (one["token"], one["status"], found) == (kept, "active", rights):
                return kept
        permissions = [
            {"action": action, "resource": {"type": "buckets", "id": bucket, "orgID": org}} for action, bucket in rights
        ]
        said = {"orgID": org, "description": f"shopfloor-edge: {name}", "permissions": permissions}
        return str(self.call("POST", "/api/v2/authorizations", said)["token"])


def set_up(management: Management, wanted: Wanted, password_file: Path, kept: Tokens) -> Tokens:
    """Make what is wanted; returns the tokens, those that are kept where they are right. A new server's password goes
    into `password_file`."""
    if management.is_new():
        password = secrets.token_urlsafe(24)
        management.begin(wanted, password)
        write_secret(password_file, password)
    elif not management.token:
        raise SetupFailed("the server is set up already: give the token of its admin")
    org = management.organisation(wanted.org)
    bucket = management.a_bucket(org, wanted.bucket, wanted.keep_days)
    hours = management.a_bucket(org, wanted.bucket + HOURS_SUFFIX, wanted.hours_days)
    management.downsampling(org, wanted)
    may_read: set[Right] = {("read", bucket), ("read", hours)}
    service = management.a_token(org, "the service", {*may_read, ("write", bucket)}, kept.service)
    reader = None if kept.reader is None else management.a_token(org, "readers", may_read, kept.reader)
    return Tokens(service, reader)


def write_secret(path: Path, text: str, mode: int = OWNER) -> None:
    """Write a file that only its owner can read, or its group too, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
