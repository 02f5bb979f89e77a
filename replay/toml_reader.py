"""Takes settings out of a TOML table and collects every mistake, so that all are named together."""

import re
from typing import Any

_MISSING = object()


class TableReader:
    """One table of a TOML file. `path` names it in mistakes; tables below share its list of mistakes."""

    def __init__(self, table: Any, path: str = "", mistakes: list[str] | None = None):
        self.mistakes: list[str] = [] if mistakes is None else mistakes
        self.path = path
        if not isinstance(table, dict):
            self.wrong("", "must be a table")
            table = {}
        self.table: dict[str, Any] = table
        self._asked: set[str] = set()

    def wrong(self, name: str, what: str) -> None:
        """Note a mistake in `name`, a key of this table (empty: the table itself)."""
        place = ".".join(part for part in (self.path, name) if part) or "the file"
        self.mistakes.append(f"{place}: {what}")

    def text(self, name: str, default: Any = _MISSING) -> Any:
        """A text that is not empty, or `default` when the key is not there."""
        return self._value(name, default, str, "a text", is_right=lambda value: value != "")

    def number(self, name: str, default: Any = _MISSING) -> Any:
        """A number, or `default`."""
        value = self._value(name, default, (int, float), "a number", is_right=lambda value: not isinstance(value, bool))
        return float(value) if isinstance(value, int) else value

    def texts(self, name: str, default: Any = _MISSING) -> list[str]:
        """A list of texts, or `default`."""
        value = self._value(
            name, default, list, "a list of texts", lambda items: all(isinstance(i, str) for i in items)
        )
        return value or []

    def plain(self, name: str) -> dict[str, str]:
        """A table of texts; empty when it is not there."""
        inner = self._value(name, {}, dict, "a table of texts", lambda t: all(isinstance(v, str) for v in t.values()))
        return inner or {}

    def anything(self, name: str, default: Any) -> Any:
        """The value as it stands; whoever asks checks it."""
        self._asked.add(name)
        return self.table.get(name, default)

    def inside(self, name: str, required: bool = False) -> "TableReader":
        """The table `name` within this one; an empty one when it is not there."""
        self._asked.add(name)
        if name not in self.table and required:
            self.wrong(name, "is missing")
        return TableReader(self.table.get(name, {}), f"{self.path}.{name}".lstrip("."), self.mistakes)

    def each(self, name: str) -> list["TableReader"]:
        """The tables of the array `[[name]]`."""
        self._asked.add(name)
        rows = self.table.get(name, [])
        if not isinstance(rows, list):
            self.wrong(name, f"must be written as [[{name}]]")
            rows = []
        return [
            TableReader(row, f"{self.path}.{name}[{place}]".lstrip("."), self.mistakes)
            for place, row in enumerate(rows)
        ]

    def tables(self) -> list[tuple[str, "TableReader"]]:
        """Every table within this one, by name."""
        return [(name, self.inside(name)) for name in self.table]

    def pattern(self, source: str, name: str) -> re.Pattern[str] | None:
        """A regular expression; a mistake when it is none."""
        try:
            return re.compile(source)
        except re.error as fault:
            self.wrong(name, f"{source!r} is not a regular expression ({fault})")
            return None

    def refuse_rest(self) -> None:
        """Note every key that nobody asked for: a misspelt setting must not be ignored."""
        for name in self.table:
            if name not in self._asked:
                self.wrong(name, f"is not known here (known: {', '.join(sorted(self._asked)) or 'nothing'})")

    def _value(self, name: str, default: Any, kind: Any, words: str, is_right: Any = None) -> Any:
        self._asked.add(name)
        value = self.table.get(name, _MISSING)
        if value is _MISSING:
            if default is _MISSING:
                self.wrong(name, "is missing")
                return None
            return default
        if not isinstance(value, kind) or (is_right is not None and not is_right(value)):
            self.wrong(name, f"must be {words}, not {value!r}")
            return None
        return value
