"""The commands `edge influx ...`: set-up, comparison with the store, and lines that were refused."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from edge.clock import DAY, SECOND, from_text, to_text
from edge.host import load
from edge.influx.backlog import Backlog, waiting
from edge.influx.catalog import Groups
from edge.influx.comparison import Verdict
from edge.influx.delivery import Delivery, Refused
from edge.influx.events import Events
from edge.influx.following import Following
from edge.influx.keeping import kept_s
from edge.influx.kpipoints import KpiPoints
from edge.influx.managing import GROUP, HOURS_SUFFIX, Management, SetupFailed, Tokens, Wanted, set_up, write_secret
from edge.influx.positions import Positions
from edge.influx.querying import InfluxRefused, InfluxUnavailable, Querying
from edge.influx.truth import Truth
from edge.influx.verify import Verification
from edge.influx.writing import InfluxWriting
from edge.plant import Plant
from edge.plants import Plants
from edge.settings.load import Settings
from edge.settings.service import InfluxSettings
from edge.store.schema import open_reader

OK, DIFFERENT, EX_USAGE, EX_UNAVAILABLE = 0, 1, 64, 69
TRY_S = 60.0
"""A command does not try for ever, as the service does."""


class GivenUp(Exception):
    """InfluxDB did not take the lines in the time that a command waits."""


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  # a command answers on standard output


def complain(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def setup(settings: Settings, *, admin_token: str, keep_days: int, hours_days: int, token_file: Path | None,
          reader_file: Path | None) -> int:  # fmt: skip
    """Set up InfluxDB and keep the service's token, and one that only reads if wanted; returns the exit status."""
    influx = settings.service.influx
    target = token_file or influx.token_file
    if not influx.url or target is None:
        complain("influx.url and influx.token_file must be set: where InfluxDB is, and where its token is to be kept")
        return EX_USAGE
    wanted = Wanted(influx.org, influx.bucket, keep_days, hours_days)
    password_file = target.with_name(target.name + ".admin-password")
    kept = Tokens(_kept(target), None if reader_file is None else _kept(reader_file))
    try:
        tokens = set_up(Management(influx.url, admin_token), wanted, password_file, kept)
    except SetupFailed as error:
        complain(str(error))
        return EX_UNAVAILABLE
    if tokens.service != kept.service:
        write_secret(target, tokens.service)
    if reader_file is not None and tokens.reader and tokens.reader != kept.reader:
        write_secret(reader_file, tokens.reader, GROUP)
    days = f"{keep_days} days" if keep_days else "for good"
    say(f"bucket {influx.bucket}: kept {days}; {influx.bucket}{HOURS_SUFFIX}: hourly figures of readings")
    say(f"token of the service: {target} (reads and writes that bucket, nothing else)")
    if reader_file is not None:
        say(f"token of readers: {reader_file} (reads both)")
    if password_file.exists():
        say(f"password of the admin `shopfloor`: {password_file}")
    return OK


def _kept(file: Path) -> str:
    """The token in a file, if there is one."""
    return file.read_text(encoding="utf-8").strip() if file.exists() else ""


def verify(settings: Settings, *, start: str | None, end: str | None, exact: bool, repair: bool) -> int:
    """Compare InfluxDB with the store and send again what is wrong; status 1 where something was."""
    influx = settings.service.influx
    if not influx.url:
        complain("influx.url is not set: there is nothing to compare with")
        return EX_USAGE
    try:
        until = time.time_ns() // 1000 if end is None else from_text(end)
        since = until - DAY if start is None else from_text(start)
    except ValueError as error:
        complain(str(error))
        return EX_USAGE
    sending = _Sending(influx)
    try:
        left = _waiting(settings)
        verdict = verification(settings, exact=exact, sending=sending if repair else None).run(since, until)
    except (InfluxUnavailable, InfluxRefused, GivenUp) as error:
        complain(f"InfluxDB: {error}")
        return EX_UNAVAILABLE
    finally:
        sending.close()
    _tell(verdict, since, until, sending.refused)
    if left:
        say(f"about {left} points were still waiting when this began: the service sends them when InfluxDB takes them")
    return OK if verdict.well else DIFFERENT


def verification(settings: Settings, *, exact: bool = False, sending: _Sending | None = None) -> Verification:
    """A comparison of everything under the service's data folder."""
    service = settings.service
    host = load(service.plugins.directory, disabled=service.plugins.disabled)
    kpis = KpiPoints(Plants(Plant(settings.plant)), host)
    store = service.service.data_dir / "store.db"

    @contextmanager
    def truths() -> Iterator[list[Truth]]:
        with closing(open_reader(store)) as db:
            db.execute("begin")
            rows = db.execute("select id, path from machines order by path").fetchall()
            yield [Truth(db, int(number), str(path), kpis) for number, path in rows]  # type: ignore[arg-type]

    influx = service.influx
    querying = Querying(influx.url, influx.bucket, influx.current_token)
    send = None if sending is None else sending.send
    kept = kept_s(Management(influx.url, influx.current_token()), querying)
    kept_from = None if kept is None else time.time_ns() // 1000 - kept * SECOND
    return Verification(truths, querying, send, exact, influx.windows_every_s, kept_from=kept_from)


def _waiting(settings: Settings) -> int:
    """About how many points the service has yet to send."""
    folder = settings.service.service.data_dir
    with closing(open_reader(folder / "store.db")) as db, closing(Positions(folder / "outbox.db")) as positions:
        db.execute("begin")
        following = Following(positions, Groups(), lambda: 0)
        return waiting(db, following, Events(positions), Backlog(positions, Groups()))


def _tell(verdict: Verdict, start: int, end: int, refused: list[Refused]) -> None:
    say(f"{to_text(start)} to {to_text(end)}: {verdict.points} points in the store")
    say(f"missing {verdict.missing}, different {verdict.different}, sent again {verdict.sent}")
    if verdict.expired:
        say(f"beyond retention: {verdict.expired} (the bucket lets them go)")
    if verdict.extra:
        say(f"in InfluxDB and not in the store: {verdict.extra}")
    if verdict.lost:
        say(f"different, and no longer in the store: {verdict.lost}")
    for line in verdict.examples:
        say(f"  {line}")
    for status, reason, _ in refused[:5]:
        say(f"  refused: {status} {reason}")


class _Sending:
    """Writes lines, trying again for a while."""

    def __init__(self, influx: InfluxSettings) -> None:
        self.refused: list[Refused] = []
        self._writing = InfluxWriting(influx.url, influx.org, influx.bucket, influx.current_token)
        self._until = time.monotonic() + TRY_S
        self._delivery = Delivery(self._writing, self._pause)

    def _pause(self, seconds: float) -> bool:
        if time.monotonic() + seconds > self._until:
            return True
        time.sleep(seconds)
        return False

    def send(self, lines: list[str]) -> None:
        self._until = time.monotonic() + TRY_S
        refused = self._delivery.deliver(lines)
        if refused is None:
            raise GivenUp(self._delivery.link.detail)
        self.refused += refused

    def close(self) -> None:
        self._writing.close()


def dead(settings: Settings, *, again: bool, forget: bool, limit: int) -> int:
    """List lines that InfluxDB refused; with `again` send them once more, with `forget` let them go."""
    with closing(Positions(settings.service.service.data_dir / "outbox.db")) as positions:
        count = positions.dead_count()
        found = positions.dead(1 << 40 if again or forget else limit)
        for one in found[:limit]:
            say(f"{to_text(one.at)} {one.status} {one.reason}\n  {one.line}")
        say(f"{count} points refused")
        if again:
            return _send_again(settings.service.influx, positions)
        if forget:
            with positions.db:
                positions.forget_dead([one.id for one in found])
            say(f"forgot {len(found)}")
    return OK


def _send_again(influx: InfluxSettings, positions: Positions) -> int:
    sending = _Sending(influx)
    found = positions.dead(1 << 40)
    try:
        sending.send([one.line for one in found])
    except GivenUp as error:
        complain(f"InfluxDB: {error}")
        return EX_UNAVAILABLE
    finally:
        sending.close()
    still = {line for _, _, line in sending.refused}
    with positions.db:
        positions.forget_dead([one.id for one in found if one.line not in still])
    say(f"sent {len(found) - len(still)}, refused again {len(still)}")
    return OK if not still else DIFFERENT
