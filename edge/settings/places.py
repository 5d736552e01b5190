"""On which line of a TOML text each key stands; for texts that tomllib has accepted."""

import json
import re
from bisect import bisect_left

from edge.settings.problems import Path

BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
KEY = re.compile(r"""[ \t]*(?:(?P<bare>[A-Za-z0-9_-]+)|(?P<basic>"(?:[^"\\]|\\.)*")|'(?P<literal>[^']*)')[ \t]*""")
STRING = re.compile(r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\]|\\.)*"|\'[^\']*\'', re.DOTALL)
PLAIN = re.compile(r"[^,\]}\n#]*")


def lines_of(text: str) -> dict[Path, int]:
    """The line (from 1) of every key, table and array element."""
    scanner = _Scanner(text)
    scanner.scan()
    return scanner.lines


def line_of(lines: dict[Path, int], path: Path) -> int | None:
    """The line of a path, or of the innermost table around it that the text names."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path)


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}
        self._line_ends = [match.start() for match in re.finditer("\n", text)]
        self._lengths: dict[Path, int] = {}  # of arrays of tables

    def scan(self) -> None:
        table: Path = ()
        while self._skip_blank() < len(self.text):
            if self._take("[["):
                table = self._element(self._keys())
                self._take("]]")
            elif self._take("["):
                table = self._inside_last(self._keys())
                self._take("]")
            else:
                self._pair(table)

    def _pair(self, table: Path) -> None:
        path = self._keys(table, mark=True)
        self._take("=")
        self._value(path)

    def _value(self, path: Path) -> None:
        self._skip_blank()
        if self._take("["):
            index = 0
            while not self._closes("]"):
                self._mark((*path, index))
                self._value((*path, index))
                index += 1
        elif self._take("{"):
            while not self._closes("}"):
                self._pair(path)
        else:
            match = STRING.match(self.text, self.at) or PLAIN.match(self.text, self.at)
            self.at = match.end() if match else len(self.text)

    def _closes(self, bracket: str) -> bool:
        self._skip_blank()
        self._take(",")
        self._skip_blank()
        return self._take(bracket) or self.at >= len(self.text)

    def _keys(self, path: Path = (), *, mark: bool = False) -> Path:
        while match := KEY.match(self.text, self.at):
            key = json.loads(match["basic"]) if match["basic"] else match["bare"] or match["literal"] or ""
            path = (*path, key)
            if mark:
                self._mark(path)
            self.at = match.end()
            if not self._take("."):
                return path
        self.at = len(self.text)  # no key where one must be: the text is no TOML, so there is nothing more to find
        return path

    def _element(self, path: Path) -> Path:
        path = (*self._inside_last(path[:-1]), *path[-1:])
        index = self._lengths.get(path, 0)
        self._lengths[path] = index + 1
        self._mark(path)
        self._mark((*path, index))
        return (*path, index)

    def _inside_last(self, keys: Path) -> Path:
        path: Path = ()
        for key in keys:
            path = (*path, key)
            if path in self._lengths:
                path = (*path, self._lengths[path] - 1)
            self._mark(path)
        return path

    def _mark(self, path: Path) -> None:
        self.lines.setdefault(path, bisect_left(self._line_ends, self.at) + 1)

    def _take(self, token: str) -> bool:
        found = self.text.startswith(token, self.at)
        self.at += len(token) if found else 0
        return found

    def _skip_blank(self) -> int:
        match = BLANK.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.at
