"""Which machine and which signals a group of readings is of, read from the store once."""

from __future__ import annotations

from array import array
from typing import Any, NamedTuple

import apsw

from edge.influx.points import ReadingLines


class Known(NamedTuple):
    """A group: the number and path of its machine, its signals in order, and what makes lines of its rows."""

    machine: int
    path: str
    names: tuple[str, ...]
    lines: ReadingLines


class Groups:
    """Groups by their numbers, read once."""

    def __init__(self) -> None:
        self._known: dict[int, Known] = {}

    def clear(self) -> None:
        """The store is another one."""
        self._known.clear()

    def get(self, db: apsw.Connection, number: int) -> Known:
        found = self._known.get(number)
        if found is None:
            machine, path, names = _read(db, number)
            found = self._known[number] = Known(machine, path, names, ReadingLines(path, names))
        return found

    def lines(self, db: apsw.Connection, number: int) -> ReadingLines:
        """What makes lines of a group's rows."""
        return self.get(db, number).lines

    def machine(self, db: apsw.Connection, number: int) -> int:
        """The machine that a group is of."""
        return self.get(db, number).machine


def _read(db: apsw.Connection, group: int) -> tuple[int, str, tuple[str, ...]]:
    sql = "select m.id, m.path, g.signals from reading_groups g join machines m on m.id=g.machine where g.id=?"
    found: list[Any] = db.execute(sql, (group,)).fetchall()
    ((machine, path, ids),) = found
    names = []
    for number in array("q", ids):
        ((name,),) = db.execute("select name from reading_signals where id=?", (number,)).fetchall()
        names.append(str(name))
    return int(machine), str(path), tuple(names)


def path_of(db: apsw.Connection, machine: int) -> str:
    """The path of a machine that is known."""
    found: Any = db.execute("select path from machines where id=?", (machine,)).fetchone()
    return str(found[0])
