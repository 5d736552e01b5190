"""Small things of the store: numbers of names, versions, single values."""

from __future__ import annotations

from typing import Literal

import apsw

Table = Literal["kpis", "machines", "lines"]


def number_of(db: apsw.Connection, table: Table, column: Literal["name", "path"], text: str) -> int:
    """The number of a row that exists; LookupError where it does not."""
    found = db.execute(f"select id from {table} where {column}=?", (text,)).fetchone()  # noqa: S608  # both are literals
    if found is None:
        raise LookupError(f"{table} has no {text!r}")
    return int(found[0])


def set_kpi_version(db: apsw.Connection, name: str, version: str) -> bool:
    """Note the version of a KPI; True where it is new or another one than before."""
    found = db.execute("select version from kpis where name=?", (name,)).fetchone()
    if found is not None and found[0] == version:
        return False
    db.execute(
        "insert into kpis(name, version) values(?,?) on conflict(name) do update set version=excluded.version",
        (name, version),
    )
    return True
