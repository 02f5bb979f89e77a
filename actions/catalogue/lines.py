"""On which line of a town.toml something stands: a second, light look at the text, for messages only."""

import re
from collections.abc import Iterable
from dataclasses import replace

from actions.catalogue.mistakes import Mistake, Steps

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_NAME = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
_STRING = re.compile(r"""\"\"\"(?:\\.|[^\\])*?\"\"\"|'''.*?'''|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|#[^\n]*""", re.DOTALL)


def with_lines(found: Iterable[Mistake], text: str) -> list[Mistake]:
    """The mistakes, each with the line of the nearest thing to it that has one: its key, or the table around it."""
    lines = lines_of(text)
    return [replace(mistake, line=_nearest(mistake.path, lines)) for mistake in found]


def lines_of(text: str) -> dict[Steps, int]:
    """The line, from 1, of every table and every key at the beginning of a line. Tables in a row are counted from 0."""
    found: dict[Steps, int] = {}
    rows: dict[Steps, int] = {}  # how many tables of a [[row]] there were
    table: Steps = ()
    depth = 0
    for number, line in enumerate(_blanked(text).split("\n"), 1):
        if depth == 0 and (header := _HEADER.match(line)):
            table = _counted(_names(header[2]), rows, is_row=header[1] == "[[")
            found.setdefault(table, number)
        elif depth == 0 and (key := _KEY.match(line)):
            found.setdefault((*table, *_names(key[1])), number)
        if not _HEADER.match(line):
            depth = max(0, depth + line.count("[") + line.count("{") - line.count("]") - line.count("}"))
    return found


def _nearest(path: Steps, lines: dict[Steps, int]) -> int | None:
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


def _blanked(text: str) -> str:
    """The text with what stands in strings and comments out of the way; keys that are quoted stay, lines stay lines."""

    def blank(found: re.Match[str]) -> str:
        piece = found[0]
        if piece[0] != "#" and "\n" not in piece and re.fullmatch(r"[\w .:-]*", piece[1:-1]):
            return piece
        return re.sub(r"[^\n]", " ", piece)

    return _STRING.sub(blank, text)


def _names(dotted: str) -> Steps:
    return tuple(name.strip("\"'") for name in _NAME.findall(dotted))


def _counted(names: Steps, rows: dict[Steps, int], is_row: bool) -> Steps:
    """The path of a header, with the number of the latest table wherever it leads through a row of them."""
    path: Steps = ()
    for place, name in enumerate(names):
        path = (*path, name)
        if is_row and place == len(names) - 1:
            rows[path] = rows.get(path, 0) + 1
        if path in rows:
            path = (*path, rows[path] - 1)
    return path
